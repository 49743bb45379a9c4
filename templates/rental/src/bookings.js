/** Bookings: a row, its nights and a message, all or nothing. */
import {randomUUID} from 'node:crypto'
import {Conflict, NotFound, Refused} from './http.js'
import {aDate, aText} from './input.js'
import {enqueue} from './outbox.js'

const COLUMNS = 'id, listing, guest, arrives, leaves, region, created_at AS "createdAt"'
const LONGEST_STAY = 365

/**
 * Books the nights from `arrives` up to `leaves`. The same key again answers with the same booking.
 * @returns {Promise<{booking: object, isNew: boolean}>}
 * @throws Conflict when a night is taken, or the key belongs to a different booking
 */
export async function book(database, input, {key, region}) {
  const wanted = readBooking(input)
  return database.write(async (tx) => {
    const id = randomUUID()
    const {rows} = await tx.query(
      `INSERT INTO bookings (id, listing, guest, arrives, leaves, idempotency_key, region)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING RETURNING ${COLUMNS}`,
      [id, wanted.listing, wanted.guest, wanted.arrives, wanted.leaves, key, region],
    )
    if (rows.length === 0) return {booking: await bookedBefore(tx, key, wanted), isNew: false}
    await takeNights(tx, id, wanted)
    await enqueue(tx, {queue: 'bookings', key: `booking:${id}`, payload: {booking: id, listing: wanted.listing}})
    return {booking: rows[0], isNew: true}
  })
}

function readBooking(input) {
  const wanted = {
    listing: aText(input.listing, 'listing'),
    guest: aText(input.guest, 'guest'),
    arrives: aDate(input.arrives, 'arrives'),
    leaves: aDate(input.leaves, 'leaves'),
  }
  const nights = (Date.parse(wanted.leaves) - Date.parse(wanted.arrives)) / 86_400_000
  if (nights < 1) throw new Refused('leaves must be after arrives.')
  if (nights > LONGEST_STAY) throw new Refused(`A stay has at most ${LONGEST_STAY} nights.`)
  return wanted
}

async function bookedBefore(tx, key, wanted) {
  const {rows} = await tx.query(`SELECT ${COLUMNS} FROM bookings WHERE idempotency_key = $1`, [key])
  const isSame = Object.entries(wanted).every(([field, value]) => rows[0][field] === value)
  if (!isSame) throw new Conflict('This Idempotency-Key belongs to a different booking.', 422)
  return rows[0]
}

async function takeNights(tx, booking, {listing, arrives, leaves}) {
  try {
    await tx.query(
      `INSERT INTO booked_nights (listing, night, booking)
       SELECT $1, night::date, $2 FROM generate_series($3::date, $4::date - 1, interval '1 day') AS night`,
      [listing, booking, arrives, leaves],
    )
  } catch (error) {
    if (error.code === '23505') throw new Conflict(`${listing} is taken for some of these nights.`)
    throw error
  }
}

export async function findBooking(database, id, options) {
  const {rows, source} = await database.read(`SELECT ${COLUMNS} FROM bookings WHERE id = $1`, [id], options)
  if (rows.length === 0) throw new NotFound('There is no such booking.')
  return {booking: rows[0], source}
}

export async function listBookings(database, listing, options) {
  const sql = `SELECT ${COLUMNS} FROM bookings WHERE listing = $1 ORDER BY arrives LIMIT 500`
  const {rows, source} = await database.read(sql, [listing], options)
  return {bookings: rows, source}
}

/** What the booking-sync worker does, once per booking: tell the channels' calendars. */
export async function tellCalendars(tx, {listing}) {
  await tx.query(
    `INSERT INTO calendars (listing, bookings) VALUES ($1, 1)
     ON CONFLICT (listing) DO UPDATE SET bookings = calendars.bookings + 1`,
    [listing],
  )
}
