import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {fileURLToPath} from 'node:url'
import pg from 'pg'
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {heartbeatsFor} from '../../src/cloud/sql.ts'
import type {Facts} from '../../src/facts.ts'
import {type Observer, startObserver} from '../../src/observer/observer.ts'
import {parseSettings} from '../../src/observer/settings.ts'
import {stillClock} from '../fakes/clock.ts'
import {type Pair, startPair} from '../fakes/pair.ts'
import {freePort} from '../templates/postgres.ts'

let pair: Pair
/** What an observer may do is what a deploy grants it, no more. */
const USER = 'ha-observer@test.iam'
const asObserver = (url: string) => url.replace('//app@', `//${encodeURIComponent(USER)}@`)

beforeAll(async () => {
  pair = await startPair()
  await query(pair.primary.url, `CREATE ROLE "${USER}" LOGIN; ${heartbeatsFor(USER)}; ${heartbeatsFor(USER)}`)
}, 60_000)
afterAll(() => pair.dispose())

function observe(env: Record<string, string> = {}, clock = systemClock): Observer {
  const settings = parseSettings({HA_REGION: 'us-east1', DATABASE_URL: asObserver(pair.primary.url), ...env})
  const observer = startObserver(settings, clock)
  onTestFinished(() => observer.stop())
  return observer
}

/** Rejects after 5 s with what was seen last. */
async function seen(facts: () => Facts | Promise<Facts>, isSo: (facts: Facts) => boolean): Promise<Facts> {
  const deadline = performance.now() + 5_000
  for (;;) {
    const known = await facts()
    if (isSo(known)) return known
    if (performance.now() > deadline) throw new Error(`Not seen: ${JSON.stringify(known)}`)
    await systemClock.sleep(20)
  }
}

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({connectionString: url})
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

test('a heartbeat is written at the primary and found at the replica, with lag in seconds and bytes', async () => {
  const observer = observe({HA_REGION: 'europe-west1', DATABASE_REPLICA_URL: asObserver(pair.standby.url)})
  const {primary, local, lag} = await seen(observer.facts, ({lag}) => lag?.bytes === 0)
  expect(primary.value).toMatchObject({
    isWritable: true,
    timeline: 1,
    standbys: [{name: 'standby', state: 'streaming'}],
  })
  expect(local.value).toMatchObject({isReplica: true, isReplayPaused: false, systemId: primary.value!.systemId})
  expect(local.value!.heartbeats).toMatchObject([{region: 'europe-west1'}])
  expect(lag!.seconds).toBeLessThan(2)
})

test('an observer may write heartbeats and nothing else', async () => {
  const url = asObserver(pair.primary.url)
  await query(pair.primary.url, 'CREATE TABLE IF NOT EXISTS bookings AS SELECT 1 AS id')
  for (const sql of ['SELECT * FROM bookings', 'CREATE TABLE mine (a int)', 'DELETE FROM ha_heartbeat'])
    await expect(query(url, sql), sql).rejects.toThrow('permission denied')
})

test('a replica that replays nothing falls behind in bytes, and says why', async () => {
  const observer = observe({DATABASE_REPLICA_URL: asObserver(pair.standby.url)})
  await seen(observer.facts, ({lag}) => lag !== undefined)
  await query(pair.standby.url, 'SELECT pg_wal_replay_pause()')
  onTestFinished(async () => void (await query(pair.standby.url, 'SELECT pg_wal_replay_resume()')))
  await query(pair.primary.url, 'CREATE TABLE bulk AS SELECT generate_series(1, 1000)')
  const {local} = await seen(observer.facts, ({lag}) => lag!.bytes! > 10_000)
  expect(local.value!.isReplayPaused).toBe(true)
})

test('where DATABASE_URL leads to a replica, nothing is written and that is told', async () => {
  const observer = observe({DATABASE_URL: asObserver(pair.standby.url)})
  const {primary} = await seen(observer.facts, ({primary}) => primary.value !== undefined)
  expect(primary).toMatchObject({value: {isWritable: false, standbys: []}})
  expect(primary.failing).toBeUndefined()
})

test('a primary that was made read-only is told apart from one that does not answer', async () => {
  const url = `${asObserver(pair.primary.url)}?options=-c%20default_transaction_read_only%3Don`
  const observer = observe({DATABASE_URL: url})
  const {primary} = await seen(observer.facts, ({primary}) => primary.value !== undefined)
  expect(primary.value!.isWritable).toBe(false)
})

test('it asks again a second after the last answer, by its clock', async () => {
  const clock = stillClock()
  const observer = observe({HA_REGION: 'clocked'}, clock)
  const beats = async () => {
    const {rows} = await query(pair.primary.url, "SELECT at FROM ha_heartbeat WHERE region = 'clocked'")
    return rows[0]?.at?.getTime() as number | undefined
  }
  await seen(observer.facts, ({primary}) => primary.value !== undefined)
  const first = await beats()
  await clock.pass(999)
  expect(await beats()).toBe(first)
  await clock.pass(1)
  await seen(observer.facts, ({primary}) => primary.ageMs === 0)
  expect(await beats()).toBeGreaterThan(first!)
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('other regions are asked, and one that does not answer is told apart from one that refuses', async () => {
  const well = await serve((_, response) => response.writeHead(404).end())
  const ill = await serve((_, response) => response.writeHead(503).end())
  const observer = observe({PEERS: `well=${well},ill=${ill},gone=http://127.0.0.1:1`})
  const {peers} = await seen(observer.facts, ({peers}) => peers.length === 3)
  expect(peers.map(({region, isReachable, answer}) => [region, isReachable, answer])).toEqual([
    ['well', true, '404'],
    ['ill', false, '503'],
    ['gone', false, expect.stringContaining('ECONNREFUSED')],
  ])
})

test('canaries go through the front door, each write under a key of its own', async () => {
  const asked: string[] = []
  const door = await serve(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push(`${request.method} ${request.url} ${body}`)
    response.writeHead(request.url === '/readyz' ? 200 : 429).end('{}')
  })
  const observer = observe({FRONT_DOOR: door, CANARY_WRITE: 'POST /webhooks/ha {"id":"{id}"}'})
  const {canaries} = await seen(
    observer.facts,
    ({canaries}) => canaries.write !== undefined && canaries.read !== undefined,
  )
  expect(canaries).toMatchObject({read: {isWell: true, answer: '200'}, write: {isWell: false, answer: '429'}})
  expect(asked.toSorted()).toEqual([
    'GET /readyz ',
    expect.stringMatching(/^POST \/webhooks\/ha \{"id":"ha-canary-us-east1-\d+-\d+"\}$/),
  ])
})

test('a canary that meets no answer or a fault is asked again soon, one that is refused is not', async () => {
  const asked = {fault: 0, refused: 0}
  const door = await serve((request, response) => {
    const isFault = request.url === '/readyz'
    asked[isFault ? 'fault' : 'refused']++
    response.writeHead(isFault ? 503 : 401).end()
  })
  const clock = stillClock()
  const observer = observe({FRONT_DOOR: door, CANARY_WRITE: 'POST /webhooks/ha {}'}, clock)
  await seen(observer.facts, ({canaries}) => canaries.write !== undefined && canaries.read !== undefined)
  await clock.pass(1_000)
  await seen(observer.facts, () => asked.fault === 2)
  expect(asked.refused).toBe(1)
})

/** The program itself, on a free port. */
async function run(env: Record<string, string>): Promise<{child: ChildProcess; url: string}> {
  const main = fileURLToPath(new URL('../../src/observer/main.ts', import.meta.url))
  const port = String(await freePort())
  const child = spawn(process.execPath, ['--max-semi-space-size=1', '--optimize-for-size', main], {
    env: {PATH: process.env.PATH, HOST: '127.0.0.1', PORT: port, HA_REGION: 'us-east1', ...env},
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stderr!, 'data')
  expect(String(line)).toContain('listens')
  return {child, url: `http://127.0.0.1:${port}`}
}

test('the program serves what it knows while its database dies and comes back, and ends when told', async () => {
  const {child, url} = await run({DATABASE_URL: asObserver(pair.primary.url)})
  const facts = async () => (await (await fetch(`${url}/facts`)).json()) as Facts
  await seen(facts, ({primary}) => primary.value?.isWritable === true)
  await pair.primary.end('SIGKILL')
  const {primary} = await seen(facts, ({primary}) => primary.failing !== undefined)
  expect(primary.value?.isWritable).toBe(true)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  await pair.primary.start()
  await seen(facts, ({primary}) => primary.failing === undefined)
  const status = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).status
  expect([await status('/'), await status('/facts', {method: 'POST'})]).toEqual([404, 405])
  child.kill('SIGTERM')
  expect((await once(child, 'exit'))[0]).toBe(0)
})
