import pg from 'pg'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Postgres, startPostgres} from '../templates/postgres.ts'
import {check, type Violation} from './check.ts'
import type {Entry, Kind} from './ledger.ts'
import {noteTimelines, readRows} from './rows.ts'

const load = (file: string) => import(new URL(`../../templates/rental/src/${file}`, import.meta.url).href)
const MIGRATIONS = new URL('../../templates/rental/migrations/', import.meta.url)
const RUN = 'load-1'

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
  const {migrate} = await load('migrations.js')
  await using((client) => migrate(client, MIGRATIONS))
  await noteTimelines(postgres.url)
  await noteTimelines(postgres.url)
}, 60_000)
afterAll(() => postgres.dispose())

async function using<T>(work: (client: pg.Client) => Promise<T>, database = 'postgres'): Promise<T> {
  const client = new pg.Client({connectionString: postgres.url.replace(/postgres$/, database)})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Three writes through the example's own code, and what its workers do about them. */
async function writeAndWork(): Promise<Entry[]> {
  const [{openDatabase}, {book}, {receiveWebhook}, {requestPrice}, {createWork}] = await Promise.all(
    ['db.js', 'bookings.js', 'webhooks.js', 'prices.js', 'jobs.js'].map(load),
  )
  const database = openDatabase({primaryUrl: postgres.url, replicaUrl: postgres.url})
  const stay = {listing: `${RUN}-0`, guest: 'Ada', arrives: '2030-01-01', leaves: '2030-01-02'}
  const {booking} = await book(database, stay, {key: `${RUN}-0-0`, region: 'r1'})
  const webhook = await receiveWebhook(database, `${RUN}-0`, {id: `${RUN}-0-1`}, {region: 'r1'})
  const price = await requestPrice(database, {listing: `${RUN}-0`, nightlyCents: 1}, {key: `${RUN}-0-2`})
  const {rows} = await using((client) => client.query('SELECT queue, key, payload FROM outbox ORDER BY id'))
  const workers: Record<string, string> = {bookings: 'booking-sync', webhooks: 'webhooks', pricing: 'pricing'}
  for (const {queue, key, payload} of rows) {
    await createWork({database, worker: workers[queue]!, region: 'r1'})({key, payload})
  }
  await database.close()
  const told: readonly [Kind, string][] = [
    ['booking', booking.id],
    ['webhook', webhook.key],
    ['price', price.key],
  ]
  return told.map(([kind, id], seq) => ({
    ...{worker: 0, seq, kind, key: `${RUN}-0-${seq}`, id, outcome: 'ok', status: 200},
    ...{invoke_ns: seq * 10, complete_ns: seq * 10 + 5},
  }))
}

const FAULTS: readonly [string, string, readonly Violation[]][] = [
  ['DELETE FROM outbox WHERE queue = $$pricing$$', 'a price that is gone', ['lost']],
  ['DELETE FROM webhooks', 'a webhook that is gone', ['lost', 'effect-repeated']],
  ['UPDATE bookings SET idempotency_key = $$load-1-9-9$$', 'a booking under another key', ['lost', 'unaccounted']],
  ['DELETE FROM effects WHERE worker = $$webhooks$$', 'an effect forgotten', ['effect-missing', 'effect-repeated']],
  ['UPDATE calendars SET bookings = 2', 'an effect applied twice', ['effect-repeated']],
  ['DELETE FROM outbox WHERE queue = $$bookings$$', 'a booking without its message', ['message-missing']],
]

test('the rows of the example are found, each with its message, its effect, its timeline and its server', async () => {
  const entries = await writeAndWork()
  const ledger = {header: {ledger: 1, run: RUN, url: '', startedAt: ''}, entries, isComplete: true} as const
  const held = await readRows(postgres.url, RUN)
  const server = Number(new URL(postgres.url).port)
  expect(held.rows).toMatchObject([
    {kind: 'booking', key: 'load-1-0-0', id: entries[0]!.id, timeline: 1, server, effects: 1},
    {kind: 'webhook', key: 'load-1-0-1', id: 'webhook:load-1-0:load-1-0-1', timeline: 1, server, effects: 1},
    {kind: 'price', key: 'load-1-0-2', id: 'price:load-1-0-2', timeline: 1, server, effects: 1},
  ])
  expect(check({ledger, ...held})).toMatchObject({ok: true, findings: []})

  // What is planted in the database itself is found; each time in a copy of it.
  for (const [sql, title, expected] of FAULTS) {
    await using((client) => client.query('CREATE DATABASE planted TEMPLATE postgres'), 'template1')
    const planted = postgres.url.replace(/postgres$/, 'planted')
    await using((client) => client.query(sql), 'planted')
    const {findings} = check({ledger, ...(await readRows(planted, RUN))})
    expect([title, [...new Set(findings.map(({violation}) => violation))]]).toEqual([title, expected])
    await using((client) => client.query('DROP DATABASE planted'), 'template1')
  }
})
