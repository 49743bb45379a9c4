/** Bookings: a row, its nights and a message, all or nothing. */
import {randomUUID} from 'node:crypto'
import {Conflict, NotFound, Refused} from './http.js'
import {aDate, aText} from './input.js'
import {enqueueFrom} from './outbox.js'

const COLUMNS = 'id, listing, guest, arrives, leaves, region, created_at AS "createdAt"'
const LONGEST_STAY = 365

/** One statement, so that all of it happens or nothing, and in one journey. No row: the key was used before. */
const BOOK = `
  WITH booked AS (
    INSERT INTO bookings (id, listing, guest, arrives, leaves, idempotency_key, region)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING RETURNING *
  ), nights AS (
    INSERT INTO booked_nights (listing, night, booking)
    SELECT listing, night::date, id FROM booked, generate_series(arrives, leaves - 1, interval '1 day') AS night
  ), message AS (${enqueueFrom('booked', {
    queue: "'bookings'",
    key: "'booking:' || id",
    payload: "jsonb_build_object('booking', id, 'listing', listing)",
  })})
  SELECT ${COLUMNS} FROM booked`

/**
 * Books the nights from `arrives` up to `leaves`. The same key again answers with the same booking.
 * @returns {Promise<{booking: object, isNew: boolean}>}
 * @throws Conflict when a night is taken, or the key belongs to a different booking
 */
export async function book(database, input, {key, region}) {
  const wanted = readBooking(input)
  const {listing, guest, arrives, leaves} = wanted
  const values = [randomUUID(), listing, guest, arrives, leaves, key, region]
  const [booking] = await database.writeOnce(BOOK, values).catch((error) => {
    if (error.code === '23505') throw new Conflict(`${listing} is taken for some of these nights.`)
    throw error
  })
  if (booking) return {booking, isNew: true}
  return {booking: await bookedBefore(database, key, wanted), isNew: false}
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

async function bookedBefore(database, key, wanted) {
  const sql = `SELECT ${COLUMNS} FROM bookings WHERE idempotency_key = $1`
  const {rows} = await database.read(sql, [key], {strong: true})
  const isSame = Object.entries(wanted).every(([field, value]) => rows[0][field] === value)
  if (!isSame) throw new Conflict('This Idempotency-Key belongs to a different booking.', 422)
  return rows[0]
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

/**
 * What the booking-sync worker does, once per booking: tell the channels' calendars. A message is sent after its booking was
 * committed; one without a booking tells of what a lost primary took with it.
 */
export async function tellCalendars(tx, {booking}) {
  await tx.query(
    `INSERT INTO calendars (listing, bookings) SELECT listing, 1 FROM bookings WHERE id = $1
     ON CONFLICT (listing) DO UPDATE SET bookings = calendars.bookings + 1`,
    [booking],
  )
}
