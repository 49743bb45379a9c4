import {randomUUID} from 'node:crypto'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {afterAll, beforeAll, expect, onTestFinished, test, vi} from 'vitest'
import {startPair} from '../fakes/pair.ts'
import {type Postgres, startPostgres} from './postgres.ts'
import {fakeQueue} from './queue.ts'

// The template is plain JavaScript without types of its own.
const load = (file: string) => import(new URL(`../../templates/rental/src/${file}`, import.meta.url).href)
const {openDatabase, isLost} = await load('db.js')
const {createApi} = await load('http.js')
const {createRoutes} = await load('routes.js')
const {createWork, JOBS} = await load('jobs.js')
const {startRelay, forgetSent} = await load('outbox.js')
const {migrate} = await load('migrations.js')

const MIGRATIONS = new URL('../../templates/rental/migrations/', import.meta.url)
const silent = {info() {}, warn() {}, error() {}}

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
  const client = new pg.Client({connectionString: postgres.url})
  await client.connect()
  await migrate(client, MIGRATIONS)
  await client.end()
}, 60_000)
afterAll(() => postgres.dispose())

/** The whole app on one database and a queue in this process. */
async function startApp({replicaUrl = postgres.url, patience = 3000, workers = 1} = {}) {
  const database = openDatabase({primaryUrl: postgres.url, replicaUrl, patience})
  const queue = fakeQueue()
  for (const worker of Object.keys(JOBS)) {
    for (let i = 0; i < workers; i++) queue.subscribe(JOBS[worker].queue, createWork({database, worker, region: 'r1'}))
  }
  const relay = startRelay({database, publish: queue.publish, log: silent, pause: {min: 50, max: 200}})
  const api = createApi(createRoutes({database, region: 'r1', poke: relay.poke}), {'x-region': 'r1'})
  api.server.listen(0, '127.0.0.1')
  await once(api.server, 'listening')
  const url = `http://127.0.0.1:${api.server.address().port}`
  onTestFinished(async () => {
    api.server.closeAllConnections()
    api.server.close()
    await relay.stop()
    await database.close()
  })
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    }
  }
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(url + path, {method: 'POST', body: text, headers})
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    }
  }
  return {database, queue, relay, api, get, post, url}
}

const stay = (over: object = {}) => ({
  listing: `loft-${randomUUID()}`,
  guest: 'Ada',
  arrives: '2030-05-01',
  leaves: '2030-05-04',
  ...over,
})

test('a booking is a row, a message and an effect, each once', async () => {
  const {post, get, queue} = await startApp()
  const wanted = stay()
  const {status, headers, body} = await post('/bookings', wanted)
  expect([status, headers.get('x-region'), headers.get('location')]).toEqual([201, 'r1', `/bookings/${body.id}`])
  expect((await get(`/bookings/${body.id}`)).body).toMatchObject(wanted)
  expect((await get(`/bookings?listing=${wanted.listing}`)).body.bookings).toHaveLength(1)
  await vi.waitFor(async () => {
    expect((await get(`/effects/booking:${body.id}`)).body).toMatchObject({worker: 'booking-sync', deliveries: 1})
  })
  expect(queue.published.filter(({key}) => key === `booking:${body.id}`)).toHaveLength(1)
})

test('the same key again is the same booking; with other particulars it is refused', async () => {
  const {post} = await startApp()
  const wanted = stay()
  const key = {'idempotency-key': randomUUID()}
  const first = await post('/bookings', wanted, key)
  const again = await post('/bookings', wanted, key)
  expect([first.status, again.status, again.body.id]).toEqual([201, 200, first.body.id])
  expect((await post('/bookings', {...wanted, guest: 'Bob'}, key)).status).toBe(422)
})

test('twenty at once for one night: one gets it', async () => {
  const {post, get} = await startApp()
  const wanted = stay()
  const answers = await Promise.all(Array.from({length: 20}, () => post('/bookings', wanted)))
  expect(answers.map(({status}) => status).sort()).toEqual([201, ...Array(19).fill(409)])
  expect((await get(`/bookings?listing=${wanted.listing}`)).body.bookings).toHaveLength(1)
})

test('stays that only touch do not clash', async () => {
  const {post} = await startApp()
  const wanted = stay()
  expect((await post('/bookings', wanted)).status).toBe(201)
  expect((await post('/bookings', {...wanted, arrives: '2030-05-04', leaves: '2030-05-05'})).status).toBe(201)
  expect((await post('/bookings', {...wanted, arrives: '2030-05-03', leaves: '2030-05-06'})).status).toBe(409)
})

test.each([
  ['not JSON', '{', 400],
  ['a list', [], 400],
  ['no listing', stay({listing: undefined}), 400],
  ['a date that is none', stay({arrives: '2030-02-30'}), 400],
  ['leaving before arriving', stay({leaves: '2030-04-30'}), 400],
  ['a stay of years', stay({leaves: '2040-01-01'}), 400],
  ['a huge body', 'x'.repeat(70_000), 413],
])('%s is refused in a sentence', async (_, body, status) => {
  const {post} = await startApp()
  const answer = await post('/bookings', body)
  expect(answer).toMatchObject({status, body: {error: expect.stringMatching(/\.$/)}})
})

test.each([
  ['/nothing', 404],
  ['/bookings/none', 400],
  [`/bookings/${randomUUID()}`, 404],
  ['/prices/none', 404],
  ['/effects/none', 404],
  ['/webhooks/a', 405],
  ['/effects/%zz', 400],
])('GET %s answers %i', async (path, status) => {
  const {get} = await startApp()
  expect((await get(path)).status).toBe(status)
})

test('a webhook is stored before it is answered, and worked on once however often it comes', async () => {
  const {post, get, database, queue} = await startApp()
  queue.state.copies = 3
  const event = {id: randomUUID(), type: 'guest.message'}
  const answers = await Promise.all(Array.from({length: 5}, () => post('/webhooks/airbnb', event)))
  expect(answers.map(({status}) => status)).toEqual([200, 200, 200, 200, 200])
  expect(answers.filter(({body}) => body.isNew)).toHaveLength(1)
  const key = `webhook:airbnb:${event.id}`
  await vi.waitFor(async () => expect((await get(`/effects/${key}`)).body.deliveries).toBe(3))
  const {rows} = await database.read("SELECT events FROM channels WHERE channel = 'airbnb'", [], {strong: true})
  expect(rows).toEqual([{events: '1'}])
})

test('of two prices the later request wins, in whatever order they are worked out', async () => {
  const {post, get, database, queue} = await startApp()
  queue.subscribe('pricing', async () => {})
  const listing = `loft-${randomUUID()}`
  for (const nightlyCents of [100, 200]) expect((await post('/prices', {listing, nightlyCents})).status).toBe(202)
  await vi.waitFor(() =>
    expect(queue.published.filter(({payload}) => 'listing' in payload && payload.listing === listing)).toHaveLength(2),
  )
  const work = createWork({database, worker: 'pricing', region: 'r1'})
  for (const message of queue.published.filter(({queue}) => queue === 'pricing').reverse()) await work(message)
  expect((await get(`/prices/${listing}`)).body).toMatchObject({nightlyCents: 200})
})

test('what was written while the queue was down is sent once it is up, and is not sent again', async () => {
  const {post, queue, get, database} = await startApp()
  queue.state.isDown = true
  const {body} = await post('/bookings', stay())
  await sleep(150)
  expect((await get('/effects')).body.unsent).toBeGreaterThanOrEqual(1)
  queue.state.isDown = false
  await vi.waitFor(() => expect(queue.published.map(({key}) => key)).toContain(`booking:${body.id}`))
  await vi.waitFor(async () => expect((await get('/effects')).body.unsent).toBe(0))
  await forgetSent(database)
  await sleep(100)
  expect(queue.published.filter(({key}) => key === `booking:${body.id}`)).toHaveLength(1)
})

test('several relays side by side send each message once', async () => {
  const apps = await Promise.all([startApp(), startApp(), startApp()])
  const answers = await Promise.all(Array.from({length: 60}, (_, i) => apps[i % 3]!.post('/bookings', stay())))
  const keys = answers.map(({body}) => `booking:${body.id}`)
  await vi.waitFor(async () => expect((await apps[0]!.get('/effects')).body.unsent).toBe(0))
  const sent = apps.flatMap(({queue}) => queue.published.map(({key}) => key)).filter((key) => keys.includes(key))
  expect(sent.sort()).toEqual(keys.sort())
})

test('reads go to the replica, strong ones to the primary, all to the primary when the replica is gone', async () => {
  const near = await startApp({replicaUrl: `${postgres.url}?application_name=replica`})
  expect((await near.get('/effects')).headers.get('x-served-from')).toBe('replica')
  expect((await near.get('/effects?consistency=strong')).headers.get('x-served-from')).toBe('primary')
  const alone = await startApp({replicaUrl: 'postgresql://app@127.0.0.1:1/postgres'})
  expect((await alone.get('/effects')).headers.get('x-served-from')).toBe('primary')
})

test('a write and a strong read wait for a primary that comes back', async () => {
  const {post, get} = await startApp({patience: 15_000})
  expect((await post('/bookings', stay())).status).toBe(201)
  await postgres.kill()
  const waiting = [post('/bookings', stay()), get('/effects?consistency=strong')]
  await sleep(200)
  await postgres.start()
  expect((await Promise.all(waiting)).map(({status}) => status)).toEqual([201, 200])
})

test('reads that may be a second old go on while the nearest server is killed and comes back', async () => {
  const pair = await startPair()
  onTestFinished(() => pair.dispose())
  // As in a region without the primary, and as in the one with it, where the nearest server is the primary itself.
  const places = [
    {primaryUrl: pair.primary.url, replicaUrl: pair.standby.url},
    {primaryUrl: pair.standby.url, replicaUrl: `${pair.standby.url}?application_name=nearest`},
  ]
  const databases = places.map((place) => openDatabase(place))
  onTestFinished(async () => void (await Promise.all(databases.map((database) => database.close()))))
  let reading = true
  const readers = databases.flatMap((database) =>
    Array.from({length: 12}, async () => {
      let rows = 0
      while (reading) rows += (await database.read('SELECT 1 AS one', [])).rows.length
      return rows
    }),
  )
  await pair.standby.end('SIGKILL')
  await sleep(500)
  await pair.standby.start()
  await sleep(200)
  reading = false
  // None was refused; a refusal rejects.
  for (const rows of await Promise.all(readers)) expect(rows).toBeGreaterThan(0)
}, 60_000)

test('when every connection is at work others wait for one, and none is dropped', async () => {
  const database = openDatabase({primaryUrl: postgres.url, replicaUrl: postgres.url, connections: 1, patience: 5000})
  onTestFinished(() => database.close())
  type Tx = {query(sql: string): Promise<{rows: {pid: number}[]}>}
  const backend = (tx: Tx) => tx.query('SELECT pg_backend_pid() AS pid')
  const slow = database.write(async (tx: Tx) => {
    const {rows} = await backend(tx)
    // Longer than anybody waits for a connection at a time.
    await tx.query('SELECT pg_sleep(1.8)')
    return rows[0]!.pid
  })
  const waiting = database.write(async (tx: Tx) => (await backend(tx)).rows[0]!.pid)
  expect(await waiting).toBe(await slow)
})

test('without a primary a write is refused in seconds, with a time to come again, and reads go on', async () => {
  const app = await startApp({patience: 500})
  const lost = openDatabase({
    primaryUrl: 'postgresql://app@127.0.0.1:1/postgres',
    replicaUrl: postgres.url,
    patience: 500,
  })
  const api = createApi(createRoutes({database: lost, region: 'r1', poke() {}}))
  api.server.listen(0, '127.0.0.1')
  await once(api.server, 'listening')
  onTestFinished(async () => {
    api.server.close()
    await lost.close()
  })
  const url = `http://127.0.0.1:${api.server.address().port}`
  const started = performance.now()
  const refused = await fetch(`${url}/bookings`, {method: 'POST', body: JSON.stringify(stay())})
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  expect(performance.now() - started).toBeLessThan(5000)
  expect((await fetch(`${url}/effects`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect((await app.get('/readyz')).status).toBe(200)
})

test('a primary that has become read-only is left, and found again', async () => {
  const {post} = await startApp({patience: 10_000})
  expect((await post('/bookings', stay())).status).toBe(201)
  const operator = new pg.Client({connectionString: postgres.url, options: '-c default_transaction_read_only=off'})
  await operator.connect()
  await operator.query('ALTER DATABASE postgres SET default_transaction_read_only = on')
  await operator.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rental'")
  const waiting = post('/bookings', stay())
  await sleep(300)
  await operator.query('ALTER DATABASE postgres RESET default_transaction_read_only')
  await operator.end()
  expect((await waiting).status).toBe(201)
})

test.each([
  [{code: '25006'}, true],
  [{code: '57P01'}, true],
  [{code: '08006'}, true],
  [{code: 'ECONNREFUSED'}, true],
  [new Error('Connection terminated unexpectedly'), true],
  [new Error('Connection terminated due to connection timeout'), true],
  [new Error('timeout exceeded when trying to connect'), false],
  [{code: '23505'}, false],
  [{code: 14, message: 'connection terminated'}, false],
  [new Error('a bug'), false],
  [undefined, false],
])('whether %o means that the server is lost: %s', (error, lost) => {
  expect(isLost(error)).toBe(lost)
})

test('an effect that fails leaves no trace and is tried again', async () => {
  const {database} = await startApp()
  const {once: effect} = await load('effects.js')
  const key = randomUUID()
  const mark = {key, worker: 'pricing', region: 'r1'}
  await expect(effect(database, mark, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  let count = 0
  const apply = async () => void count++
  expect(await Promise.all([effect(database, mark, apply), effect(database, mark, apply)])).toEqual(
    expect.arrayContaining([true, false]),
  )
  expect(count).toBe(1)
})

test('while it drains the API is not ready and still serves; then it ends', async () => {
  const {api, get, url} = await startApp()
  await get('/effects')
  const drained = api.drain(300)
  expect((await get('/readyz')).status).toBe(503)
  expect((await get('/healthz')).status).toBe(200)
  expect((await get('/effects')).headers.get('connection')).toBe('close')
  await drained
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
})

test('migrations are applied once, by one process at a time, and never after they were changed', async () => {
  const clients = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new pg.Client({connectionString: postgres.url})
      await client.connect()
      onTestFinished(() => client.end())
      return client
    }),
  )
  expect(await Promise.all(clients.map((client) => migrate(client, MIGRATIONS)))).toEqual([[], [], []])
  await clients[0]!.query("UPDATE migrations SET checksum = 'other' WHERE name = '001-bookings.sql'")
  await expect(migrate(clients[0], MIGRATIONS)).rejects.toThrow('001-bookings.sql was changed')
})
