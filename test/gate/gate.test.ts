/** The gate before a real PostgreSQL and its standby, with a real driver behind it. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createServer} from 'node:http'
import {type AddressInfo, connect, createServer as createTcp, type Socket} from 'node:net'
import pg from 'pg'
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {openGate} from '../../src/gate/gate.ts'
import type {Said} from '../../src/gate/lease.ts'
import type {Word} from '../../src/gate/word.ts'
import {type Pair, startPair} from '../fakes/pair.ts'
import {freePort} from '../templates/postgres.ts'

let pair: Pair

beforeAll(async () => {
  pair = await startPair()
  const client = new pg.Client({connectionString: pair.primary.url})
  await client.connect()
  await client.query('CREATE TABLE notes (id serial PRIMARY KEY, text text)')
  await client.end()
})
afterAll(() => pair?.dispose())

/** A proxy that can be turned to another port; what is open stays as it is. */
async function turntable(to: number): Promise<{port: number; to: number; stall: boolean; sockets: Set<Socket>}> {
  const sockets = new Set<Socket>()
  const state = {port: 0, to, stall: false, sockets}
  const server = createTcp((socket) => {
    const upstream = connect(state.to, '127.0.0.1')
    sockets.add(socket)
    for (const one of [socket, upstream]) one.on('error', () => {})
    socket.pipe(upstream)
    upstream.on('data', (chunk) => !state.stall && socket.write(chunk))
    // Ended, not destroyed: it is closed once the other side has noticed.
    upstream.on('close', () => socket.end())
    socket.on('close', () => {
      upstream.destroy()
      sockets.delete(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  state.port = (server.address() as AddressInfo).port
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return state
}

async function behindGate(word: Partial<Word> = {}) {
  const table = await turntable(pair.primary.port)

  let generation = 1
  let said: Word = {epoch: 1, state: 'open', timeline: 0, ...word}
  const state = {unreachable: false}
  const ask = async (): Promise<Said> => {
    if (state.unreachable) throw new Error('unreachable')
    return {word: said, generation: String(generation)}
  }
  const port = await freePort()
  const logged: string[] = []
  const gate = await openGate({
    listen: {host: '127.0.0.1', port},
    to: {host: '127.0.0.1', port: table.port},
    ...{ask, clock: systemClock, log: (line: string) => void logged.push(line), patienceMs: 500, idlePollMs: 200},
  })
  onTestFinished(() => gate.close(0))
  const say = async (change: Partial<Word>) => {
    said = {...said, ...change}
    generation += 1
    // Once seen, changes are looked for every tenth of a second.
    await expect.poll(() => logged.at(-1), {timeout: 3_000}).toBe(`Epoch ${said.epoch}, ${said.state}`)
  }
  return {port, table, say, state, logged}
}

async function session(port: number): Promise<pg.Client> {
  const client = new pg.Client({connectionString: `postgresql://app@127.0.0.1:${port}/postgres`})
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}

const pidOf = async (client: pg.Client) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number

test('what passes is what was sent: parameters, large values, errors, copies of a thousand rows', async () => {
  const {port} = await behindGate()
  const client = await session(port)
  const large = 'x'.repeat(3_000_000)
  expect((await client.query('SELECT $1::text AS text', [large])).rows[0].text).toBe(large)
  await expect(client.query('SELECT 1/0')).rejects.toMatchObject({code: '22012'})
  expect((await client.query('SELECT generate_series(1, 1000)')).rows).toHaveLength(1_000)
  const several = await Promise.all(Array.from({length: 50}, (_, n) => client.query('SELECT $1::int AS n', [n])))
  expect(several.map(({rows}) => rows[0].n)).toEqual(Array.from({length: 50}, (_, n) => n))
})

test('while writers are held a transaction goes on, and the next one waits until they pass', async () => {
  const {port, say} = await behindGate()
  const [one, other] = [await session(port), await session(port)]
  await one.query('BEGIN')
  await say({state: 'held'})
  await one.query("INSERT INTO notes (text) VALUES ('within')")
  await one.query('COMMIT')
  let answered = 0
  const waiting = [one.query('SELECT 1'), other.query('SELECT 1'), session(port)].map((it) => it.then(() => answered++))
  await expect(Promise.race([...waiting, new Promise((done) => setTimeout(done, 400, 'still'))])).resolves.toBe('still')
  expect(answered).toBe(0)
  await say({state: 'open'})
  await Promise.all(waiting)
  expect(answered).toBe(3)
})

test('between transactions a session is given another server, and its client does not notice', async () => {
  const {port, say} = await behindGate()
  const client = await session(port)
  const before = await pidOf(client)
  await say({state: 'held'})
  const asked = pidOf(client)
  await say({epoch: 2, state: 'open'})
  expect(await asked).not.toBe(before)
})

test('a server that leaves while nothing is under way is replaced at the next question', async () => {
  const {port, table} = await behindGate()
  const client = await session(port)
  const before = await pidOf(client)
  const operator = await session(pair.primary.port)
  await operator.query('SELECT pg_terminate_backend($1)', [before])
  await expect.poll(() => table.sockets.size).toBe(0)
  expect(await pidOf(client)).not.toBe(before)
})

test.each([
  ['a lock of its own', 'SELECT pg_advisory_lock(7)'],
  ['a setting of its own', "SET application_name = 'mine'"],
  ['a transaction under way', 'BEGIN'],
])('a session with %s ends when the primary moves', async (_, sql) => {
  const {port, say} = await behindGate()
  const client = await session(port)
  await client.query(sql)
  const ended = once(client, 'error')
  await say({epoch: 2})
  expect((await ended)[0]).toMatchObject({code: '57P01'})
})

test('what a former primary answers is not passed on', async () => {
  const {port, table, say} = await behindGate()
  const client = await session(port)
  table.stall = true
  const write = client.query("INSERT INTO notes (text) VALUES ('late') RETURNING id")
  const operator = await session(pair.primary.port)
  await expect.poll(async () => (await operator.query("SELECT 1 FROM notes WHERE text = 'late'")).rowCount).toBe(1)
  const refused = expect(write).rejects.toMatchObject({code: '57P01'})
  await say({epoch: 2, state: 'held'})
  await refused
})

test('a primary of a former timeline, and a replica, take no sessions', async () => {
  const {port, say, table} = await behindGate({timeline: 2})
  await expect(session(port)).rejects.toMatchObject({code: '57P03'})
  table.to = pair.standby.port
  await say({timeline: 1})
  await expect(session(port)).rejects.toMatchObject({code: '57P03'})
  table.to = pair.primary.port
  await session(port)
})

test('a cancel request reaches the server that the session has by then', async () => {
  const {port, say} = await behindGate()
  const client = await session(port)
  await say({epoch: 2})
  const slow = client.query('SELECT pg_sleep(20)')
  const operator = await session(pair.primary.port)
  const sleeping = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)' AND state = 'active'"
  await expect.poll(async () => (await operator.query(sleeping)).rowCount).toBe(1)
  const cancelled = expect(slow).rejects.toMatchObject({code: '57014'})
  const {processID, secretKey} = client as unknown as {processID: number; secretKey: number}
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(80_877_102, 4)
  request.writeInt32BE(processID, 8)
  request.writeInt32BE(secretKey, 12)
  connect(port, '127.0.0.1').end(request)
  await cancelled
})

test('a client that asks for encryption is told there is none, and a stranger is shown out', async () => {
  const {port} = await behindGate()
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  expect(String((await once(socket, 'data'))[0])).toBe('N')
  socket.destroy()
  const stranger = connect(port, '127.0.0.1')
  stranger.write('GET / HTTP/1.1\r\n\r\n')
  await once(stranger, 'close')
})

test('a gate that was stopped and goes on acknowledges nothing that was done meanwhile', async () => {
  const table = await turntable(pair.primary.port)
  const said = {word: {epoch: 1, state: 'open', timeline: 0}, generation: 1}
  const authority = createServer((_request, response) => {
    response.writeHead(200, {'x-goog-generation': String(said.generation)}).end(JSON.stringify(said.word))
  }).listen(0, '127.0.0.1')
  await once(authority, 'listening')
  onTestFinished(() => void authority.close().closeAllConnections())
  const port = await freePort()
  const gate = spawn(process.execPath, ['src/gate/main.ts'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HA_GATE_OBJECT: 'bucket/gate.json',
      HA_GATE_LISTEN: `127.0.0.1:${port}`,
      HA_GATE_UPSTREAM: `127.0.0.1:${table.port}`,
      STORAGE_EMULATOR_HOST: `http://127.0.0.1:${(authority.address() as AddressInfo).port}`,
    },
  })
  onTestFinished(async () => {
    gate.kill('SIGKILL')
    await once(gate, 'close')
  })
  await once(gate.stderr, 'data')
  await expect
    .poll(() =>
      session(port).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  const client = await session(port)
  const operator = await session(pair.primary.port)
  await operator.query('BEGIN; LOCK TABLE notes')
  const write = client.query("INSERT INTO notes (text) VALUES ('zombie')")
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
  await expect.poll(async () => (await operator.query(waiting)).rowCount).toBe(1)
  gate.kill('SIGSTOP')
  // The former primary commits while the gate is stopped, and its answer lies ready when it goes on.
  await operator.query('COMMIT')
  await expect.poll(async () => (await operator.query("SELECT 1 FROM notes WHERE text = 'zombie'")).rowCount).toBe(1)
  said.word = {epoch: 2, state: 'open', timeline: 0}
  said.generation = 2
  await new Promise((done) => setTimeout(done, 1_300))
  const refused = expect(write).rejects.toMatchObject({code: '57P01'})
  gate.kill('SIGCONT')
  await refused
})
