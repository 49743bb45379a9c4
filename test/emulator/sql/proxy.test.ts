/** The proxy between real sockets: a directory that can be changed or lost, and servers that speak PostgreSQL's first words. */
import {once} from 'node:events'
import {type AddressInfo, connect, createServer, type Server, type Socket} from 'node:net'
import fastify from 'fastify'
import {expect, onTestFinished, test} from 'vitest'
import {isFree} from '../../../src/emulator/ports.ts'
import {type AuthProxyOptions, startAuthProxy} from '../../../src/emulator/sql/proxy.ts'

const NAME = 'db.app.ha.internal'
const STARTUP = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0])
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const STARTING = Buffer.from('E\0\0\0\x15SFATAL\0C57P03\0\0')

/** Says its name to whoever starts a session, then repeats what it hears. */
async function database(name: string, answer = () => Buffer.from(`R${name}`)) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      const first = answer()
      socket.write(first)
      if (first === STARTING) socket.end()
      else socket.on('data', (data) => socket.write(data))
    })
  })
  return {server, port: await listen(server)}
}

async function listen(server: Server, port = 0): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** DNS and SQL resolution, as the global process answers them. */
async function directory(instances: Record<string, number>, named: string | undefined) {
  const state = {named, asked: 0}
  const server = fastify()
  server.get('/emulator/v1/dns/resolve', async (_request, reply) => {
    state.asked += 1
    return state.named ? {rrdatas: [state.named]} : reply.code(404).send({})
  })
  server.get<{Querystring: {connectionName: string}}>('/emulator/v1/sql/resolve', async ({query}, reply) => {
    const port = instances[query.connectionName]
    return port ? {host: '127.0.0.1', port, state: 'RUNNABLE'} : reply.code(404).send({})
  })
  const url = await server.listen({host: '127.0.0.1', port: 0})
  onTestFinished(() => server.close())
  return {state, url, close: () => server.close()}
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

async function proxyOver(googleapis: string, options: Partial<AuthProxyOptions> = {}) {
  const hostPort = await freePort()
  const logged: string[] = []
  const proxy = await startAuthProxy({
    args: [`${NAME}?port=5432`],
    portOf: () => hostPort,
    googleapis,
    log: (line) => logged.push(line),
    waitMs: 1_000,
    ...options,
  })
  onTestFinished(() => proxy.close())
  return {proxy, hostPort, logged}
}

async function open(port: number, first = STARTUP) {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.write(first)
  const hear = async () => String((await once(socket, 'data'))[0])
  return {socket, closed, hear}
}

test('a session reaches the instance that the record names', async () => {
  const a = await database('a')
  const {url} = await directory({'p:r:a': a.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url)
  const session = await open(hostPort)
  expect(await session.hear()).toBe('Ra')
  session.socket.write('hello')
  expect(await session.hear()).toBe('hello')
})

test('a client that asks for encryption is told there is none and goes on', async () => {
  const a = await database('a')
  const {url} = await directory({'p:r:a': a.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url)
  const session = await open(hostPort, SSL_REQUEST)
  expect(await session.hear()).toBe('N')
  session.socket.write(STARTUP)
  expect(await session.hear()).toBe('Ra')
})

test('when the record moves old sessions are closed and new ones reach the new primary', async () => {
  const [a, b] = [await database('a'), await database('b')]
  const {url, state} = await directory({'p:r:a': a.port, 'p:r2:b': b.port}, 'p:r:a')
  const {hostPort, proxy} = await proxyOver(url, {failoverPeriodMs: 60_000})
  const old = await open(hostPort)
  expect(await old.hear()).toBe('Ra')
  state.named = 'p:r2:b'
  await proxy.refresh()
  await old.closed
  expect(await (await open(hostPort)).hear()).toBe('Rb')
})

test('the record is asked for anew every period', async () => {
  const [a, b] = [await database('a'), await database('b')]
  const {url, state} = await directory({'p:r:a': a.port, 'p:r2:b': b.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url, {failoverPeriodMs: 150})
  const old = await open(hostPort)
  await old.hear()
  state.named = 'p:r2:b'
  await old.closed
})

test('a new session asks where the primary is before it dials', async () => {
  const [a, b] = [await database('a'), await database('b')]
  const {url, state} = await directory({'p:r:a': a.port, 'p:r2:b': b.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url)
  const old = await open(hostPort)
  expect(await old.hear()).toBe('Ra')
  state.named = 'p:r2:b'
  expect(await (await open(hostPort)).hear()).toBe('Rb')
  await old.closed
})

test('a record that names nothing closes the sessions: a fence', async () => {
  const a = await database('a')
  const {url, state} = await directory({'p:r:a': a.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url, {failoverPeriodMs: 150, waitMs: 200})
  const old = await open(hostPort)
  await old.hear()
  state.named = 'p:r:nobody'
  await old.closed
  await (await open(hostPort)).closed
})

test('a new session waits for a primary that is just restarting', async () => {
  const port = await freePort()
  const {url} = await directory({'p:r:a': port}, 'p:r:a')
  const {hostPort} = await proxyOver(url)
  const session = await open(hostPort)
  const heard = session.hear()
  const server = createServer((socket) => socket.once('data', () => socket.write('Rback')))
  await listen(server, port)
  expect(await heard).toBe('Rback')
})

test('a server that is still starting up counts as not there yet', async () => {
  let recovering = true
  const a = await database('a', () => (recovering ? STARTING : Buffer.from('Ra')))
  const {url} = await directory({'p:r:a': a.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url)
  const heard = (await open(hostPort)).hear()
  a.server.once('connection', () => {
    recovering = false
  })
  expect(await heard).toBe('Ra')
})

test('after the wait the client is told what the server said last, and the connection is closed', async () => {
  const a = await database('a', () => STARTING)
  const {url} = await directory({'p:r:a': a.port}, 'p:r:a')
  const {hostPort} = await proxyOver(url, {waitMs: 200})
  const session = await open(hostPort)
  expect(await session.hear()).toContain('57P03')
  await session.closed
})

test('while nobody answers for names the last answer counts', async () => {
  const a = await database('a')
  const {url, close} = await directory({'p:r:a': a.port}, 'p:r:a')
  const {hostPort, proxy} = await proxyOver(url, {failoverPeriodMs: 100})
  const before = await open(hostPort)
  expect(await before.hear()).toBe('Ra')
  await close()
  await proxy.refresh()
  before.socket.write('still here')
  expect(await before.hear()).toBe('still here')
  expect(await (await open(hostPort)).hear()).toBe('Ra')
})

test('the health endpoints answer, and readiness ends when the proxy is closing', async () => {
  const a = await database('a')
  const {url} = await directory({'p:r:a': a.port}, 'p:r:a')
  const [port, health] = [await freePort(), await freePort()]
  const {proxy} = await proxyOver(url, {
    args: ['--health-check', '--http-port=9801', '--max-sigterm-delay=10s', `${NAME}?port=5432`],
    portOf: (wanted) => (wanted === 9801 ? health : port),
  })
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${health}${path}`)).status
  expect(await Promise.all(['/startup', '/liveness', '/readiness', '/other'].map(status))).toEqual([200, 200, 200, 404])
  const session = await open(port)
  await session.hear()
  const closing = proxy.close()
  expect(await status('/readiness')).toBe(503)
  expect(await status('/liveness')).toBe(200)
  session.socket.write('in flight')
  expect(await session.hear()).toBe('in flight')
  session.socket.destroy()
  await closing
  expect(await isFree(port)).toBe(true)
})

test('a port in use is an error, and nothing is left listening', async () => {
  const {url} = await directory({}, undefined)
  const taken = await listen(createServer())
  const free = await freePort()
  const start = startAuthProxy({
    args: ['p:r:a?port=1', 'p:r:b?port=2'],
    portOf: (port) => (port === 1 ? free : taken),
    googleapis: url,
    log: () => {},
  })
  await expect(start).rejects.toThrow('EADDRINUSE')
  expect(await isFree(free)).toBe(true)
})
