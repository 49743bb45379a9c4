/**
 * A primary is lost together with its last seconds. What its workers had done then, and acknowledged, only Pub/Sub still knows of: ha
 * has it delivered again. Real PostgreSQL with a replica, the emulated Pub/Sub on its wires, the template's own relay and worker.
 */
import {randomUUID} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import fastify from 'fastify'
import pg from 'pg'
import {expect, onTestFinished, test, vi} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {createOperable} from '../../src/cloud/operate.ts'
import {emulatorWires} from '../../src/cloud/wires.ts'
import {createPubSubService} from '../../src/emulator/pubsub/service.ts'
import {createTimeSeriesService} from '../../src/emulator/services/time-series.ts'
import type {Means} from '../../src/operations/means.ts'
import {redeliver} from '../../src/operations/steps/redeliver.ts'
import {testWorld} from '../emulator/pubsub/world.ts'
import {startPair} from '../fakes/pair.ts'

// The template is plain JavaScript without types of its own.
const load = (file: string) => import(new URL(`../../templates/rental/src/${file}`, import.meta.url).href)
const {openDatabase} = await load('db.js')
const {book} = await load('bookings.js')
const {sumEffects} = await load('effects.js')
const {createWork} = await load('jobs.js')
const {startRelay} = await load('outbox.js')
const {openPublisher, startSubscriber} = await load('queue/pubsub.js')
const {migrate} = await load('migrations.js')

const MIGRATIONS = new URL('../../templates/rental/migrations/', import.meta.url)
const silent = {info() {}, warn() {}, error() {}}
const [TOPIC, SUBSCRIPTION] = ['projects/p/topics/bookings', 'projects/p/subscriptions/bookings']
const patience = {timeout: 15_000, interval: 20}

/** The emulated Pub/Sub with a queue as ha declares it: its topic keeps what was acknowledged. */
async function openQueue() {
  const world = testWorld()
  const service = createPubSubService(world)
  const rest = fastify()
  for (const each of [service, createTimeSeriesService([service])]) each.routes?.(rest)
  await service.start?.()
  const url = await rest.listen({host: '127.0.0.1', port: 0})
  onTestFinished(async () => {
    await rest.close()
    await service.stop?.()
    world.remove()
  })
  const put = (path: string, body: object) =>
    fetch(`${url}/v1/${path}`, {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: {'content-type': 'application/json'},
    })
  await put(TOPIC, {messageRetentionDuration: '86400s'})
  await put(SUBSCRIPTION, {
    topic: TOPIC,
    ackDeadlineSeconds: 10,
    retryPolicy: {minimumBackoff: '0s', maximumBackoff: '1s'},
  })
  const cloud = createOperable({
    ...{wires: emulatorWires(url), project: 'p', clock: systemClock, zone: 'z', namespace: 'n', endpoints: {}},
  })
  return {emulatorHost: service.address, cloud}
}

/** Relay and worker on one database, as pods of one region have them. */
function startRegion(url: string, emulatorHost: string) {
  const database = openDatabase({primaryUrl: url, replicaUrl: url, patience: 1000})
  const publisher = openPublisher({emulatorHost, topic: () => TOPIC})
  const relay = startRelay({database, publish: publisher.publish, log: silent, pause: {min: 30, max: 100}})
  const work = createWork({database, worker: 'booking-sync', region: 'r'})
  const received: string[] = []
  let gate = Promise.resolve()
  const subscriber = startSubscriber({
    ...{emulatorHost, subscription: SUBSCRIPTION, log: silent},
    work: async (message: {key: string; payload: object}) => {
      await gate
      await work(message)
      received.push(message.key)
    },
  })
  /** Messages are taken and not worked on until what it returns is called. */
  const holdWork = () => {
    let open = () => {}
    gate = new Promise((resolve) => {
      open = resolve
    })
    return () => open()
  }
  let isOver = false
  const end = async () => {
    if (isOver) return
    isOver = true
    await Promise.all([relay.stop(), subscriber.stop()])
    publisher.close()
    await database.close()
  }
  onTestFinished(end)
  const bookMany = (count: number): Promise<string[]> =>
    Promise.all(
      Array.from({length: count}, async () => {
        const stay = {listing: randomUUID(), guest: 'g', arrives: '2027-01-01', leaves: '2027-01-02'}
        const {booking} = await book(database, stay, {key: randomUUID(), region: 'r'})
        relay.poke()
        return booking.id
      }),
    )
  const done = (count: number) =>
    vi.waitFor(
      async () => expect((await sumEffects(database, {strong: true})).sums).toMatchObject({effects: count, unsent: 0}),
      patience,
    )
  return {database, received, holdWork, bookMany, done, end}
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({connectionString: url})
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('what was acknowledged in the lost seconds is done after all, what was not lost stays done once, and what is gone is not told', async () => {
  const [{emulatorHost, cloud}, {primary, standby, dispose}] = await Promise.all([openQueue(), startPair()])
  onTestFinished(dispose)
  const client = new pg.Client({connectionString: primary.url})
  await client.connect()
  await migrate(client, MIGRATIONS)
  await client.end()

  const before = startRegion(primary.url, emulatorHost)
  const kept = await before.bookMany(20)
  await before.done(20)
  const overThere = (sql: string, n: number) =>
    vi.waitFor(async () => expect(await ask(standby.url, sql)).toEqual([{n}]), patience)
  // Sent before the replica hears nothing any more, worked on after.
  const letWork = before.holdWork()
  const late = await before.bookMany(5)
  await overThere('SELECT count(*)::int AS n FROM outbox WHERE sent_at IS NOT NULL', 25)
  // Sent, and not noted before.
  await ask(primary.url, 'CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$')
  await ask(primary.url, 'CREATE TRIGGER hold BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION hold()')
  const unsent = await before.bookMany(5)
  await overThere('SELECT count(*)::int AS n FROM bookings', 30)
  const lostFrom = Date.now()
  await ask(standby.url, "ALTER SYSTEM SET primary_conninfo = ''")
  await ask(standby.url, 'SELECT pg_reload_conf()')
  await overThere('SELECT count(*)::int AS n FROM pg_stat_wal_receiver', 0)
  await ask(primary.url, 'DROP TRIGGER hold ON outbox')
  letWork()
  // Neither these nor anything of them comes over.
  const gone = await before.bookMany(10)
  await before.done(40)
  await before.end()
  await primary.end('SIGKILL')

  await ask(standby.url, 'SELECT pg_promote()')
  await ask(standby.url, 'DROP TRIGGER hold ON outbox')
  const after = startRegion(standby.url, emulatorHost)
  // The relay by itself sends what came over as not sent. Nobody else knows of the late ones.
  await after.done(kept.length + unsent.length)
  const now = Date.now()
  const input = {subscriptions: ['bookings'], since: lostFrom - 60_000, now}
  const means = {cloud, journal: {run: 'run-1'}} as unknown as Means
  expect(await redeliver.observe!(input, means)).toMatchObject({done: false})
  await redeliver.act!(input, means)
  expect(await redeliver.observe!(input, means)).toEqual({
    done: true,
    facts: {redeliveredSince: {bookings: expect.any(Number)}},
  })
  await vi.waitFor(
    () => expect(after.received).toEqual(expect.arrayContaining(gone.map((id) => `booking:${id}`))),
    patience,
  )
  await vi.waitFor(
    async () =>
      expect(
        (await cloud.queue({topic: 'bookings', subscription: 'bookings', deadLetterSubscription: 'none'})).waiting
          ?.backlog,
      ).toBe(0),
    patience,
  )

  const {sums} = await sumEffects(after.database, {strong: true})
  const present = [...kept, ...late, ...unsent]
  expect(sums).toMatchObject({bookingsTold: present.length, unsent: 0})
  const told = await ask(standby.url, 'SELECT b.id, c.bookings FROM bookings b LEFT JOIN calendars c USING (listing)')
  expect(new Map(told.map((row) => [row.id, row.bookings]))).toEqual(new Map(present.map((id) => [id, 1])))
}, 60_000)

test('what waited since before the loss is not acknowledged by going back in time', async () => {
  const {emulatorHost, cloud} = await openQueue()
  const publisher = openPublisher({emulatorHost, topic: () => TOPIC})
  onTestFinished(() => publisher.close())
  const publish = (n: number) => publisher.publish('bookings', {key: `k${n}`, payload: {n}})
  await publish(1)
  await sleep(50)
  const lostFrom = Date.now()
  await publish(2)
  const input = {subscription: 'bookings', since: lostFrom, now: Date.now(), mark: 'once'}
  expect(await cloud.redelivered('once')).toBeUndefined()
  const since = await cloud.redeliver(input)
  expect(since).toBeLessThan(lostFrom - 40)
  expect(await cloud.redelivered('once')).toBe(since)
  // Again, as after a kill between the seek and its note: to the same time.
  expect(await cloud.redeliver(input)).toBe(since)
  const received = new Set<string>()
  const subscriber = startSubscriber({
    ...{emulatorHost, subscription: SUBSCRIPTION, log: silent},
    work: async ({key}: {key: string}) => void received.add(key),
  })
  onTestFinished(() => subscriber.stop())
  await vi.waitFor(() => expect([...received].toSorted()).toEqual(['k1', 'k2']), patience)
})
