import {once} from 'node:events'
import type {RequestListener} from 'node:http'
import type {Socket} from 'node:net'
import net from 'node:net'
import {expect, test} from 'vitest'
import {counters, EAST, fast, many, named, routed, stage, text} from './stage.ts'
import {allHealthy, attach, type EdgeBackend, openUpstream, PROJECT, until} from './world.ts'

test('A new endpoint takes requests once it has passed its checks', async () => {
  let passes = 0
  const checks: string[] = []
  await stage(
    [named('east'), named('west')],
    async ({bench, url, up}) => {
      await until(bench, (all) => all.find((one) => one.zone === EAST)?.endpoints[0]?.healthy === true)
      expect(await many(4, url)).toEqual({'200 east': 4})
      passes = up[1]!.port
      await until(bench, allHealthy)
      expect(checks.filter((result) => result === `${up[1]!.port} true`).length).toBeGreaterThanOrEqual(2)
      expect(await many(4, url)).toEqual({'200 east': 2, '200 west': 2})
    },
    {
      check: {healthyThreshold: 2},
      options: {
        time: fast(),
        probe: async (_check, {port}) => {
          if (passes === 0) passes = port
          const passed = port === passes || checks.filter((result) => result === `${port} true`).length > 1
          checks.push(`${port} ${passed}`)
          return passed
        },
      },
    },
  )
})

test('When nobody is healthy the answer is 503', () =>
  stage(
    [named('a')],
    async ({bench, url, up}) => {
      expect(await text(url)).toBe('503 no healthy upstream')
      expect(up[0]!.seen).toHaveLength(0)
      expect((await counters(bench)).edge).toMatchObject({unserved: 1, '5xx': 1})
    },
    {options: {probe: async () => false}},
  ))

test.each([
  ['GET', undefined],
  ['POST', 'small'],
  ['POST', 'x'.repeat(200_000)],
] as const)('A refused connection goes to the next endpoint at once (%s, %#)', (method, body) =>
  stage(
    [named('east'), (request, response) => void request.pipe(response)],
    async ({bench, url, up}) => {
      await up[0]!.stop()
      const near = {method, headers: {'x-emulated-client-region': 'us-east1'}, ...(body === undefined ? {} : {body})}
      expect(await text(url, near)).toBe(`200 ${body ?? ''}`)
      expect((await counters(bench)).regions['us-east1']).toMatchObject({connectFailures: 1})
      expect(await many(3, url, near)).toEqual({[`200 ${body ?? ''}`]: 3})
      expect((await counters(bench)).regions['us-east1']).toMatchObject({connectFailures: 1})
    },
    {check: {checkIntervalSec: 60, unhealthyThreshold: 3}},
  ),
)

test('A dead endpoint is out of rotation until it answers again', () =>
  stage(
    [named('east'), named('west')],
    async ({bench, url, up}) => {
      const {port} = up[0]!
      await up[0]!.stop()
      expect(await many(4, url)).toEqual({'200 west': 4})
      const again = await openUpstream(named('back'), port)
      try {
        await until(bench, allHealthy)
        expect(await many(4, url)).toEqual({'200 back': 2, '200 west': 2})
      } finally {
        await again.stop()
      }
    },
    {options: {time: fast()}, check: {unhealthyThreshold: 10}},
  ))

test('A request without a body is retried once elsewhere, one with a body is not', async () => {
  const broken: RequestListener = (_request, response) => void response.writeHead(503).end('busy')
  const cutting: RequestListener = (request) => void request.socket.destroy()
  for (const bad of [broken, cutting]) {
    await stage([bad, named('west')], async ({bench, url}) => {
      const near = {headers: {'x-emulated-client-region': 'us-east1'}}
      expect(await text(url, near)).toBe('200 west')
      const posted = await text(url, {...near, method: 'POST', body: 'x'})
      expect(posted).toMatch(bad === broken ? /^503 busy$/ : /^502 [\s\S]*<title>502 Server Error<\/title>/)
      expect((await counters(bench)).edge).toMatchObject({retries: 1})
    })
  }
})

test('A retry policy of the URL map replaces the default', () => {
  let calls = 0
  const flaky: RequestListener = (_request, response) => void response.writeHead(++calls % 3 === 0 ? 200 : 500).end()
  return stage(
    [flaky, flaky, flaky],
    async ({bench, url}) => {
      expect(await text(url, {method: 'POST', body: 'x'})).toBe('200 ')
      expect((await counters(bench)).edge).toMatchObject({retries: 2, '2xx': 1})
    },
    {
      urlMap: {
        defaultService: undefined,
        hostRules: [{hosts: ['*'], pathMatcher: 'all'}],
        pathMatchers: [
          {
            name: 'all',
            defaultService: `projects/${PROJECT}/global/backendServices/web`,
            defaultRouteAction: {retryPolicy: {numRetries: 2, retryConditions: ['5xx']}},
          },
        ],
        defaultUrlRedirect: {httpsRedirect: true, stripQuery: false},
      },
    },
  )
})

test('A connection that was kept alive and closed under a request is replaced', () => {
  const perSocket = new WeakMap<Socket, number>()
  const fickle: RequestListener = (request, response) => {
    const count = (perSocket.get(request.socket) ?? 0) + 1
    perSocket.set(request.socket, count)
    if (count > 1) request.socket.destroy()
    else response.end('fresh')
  }
  return stage([fickle], async ({url}) => {
    expect(await many(6, url)).toEqual({'200 fresh': 6})
  })
})

test('A backend that takes longer than the time-out is a 504', () =>
  stage(
    [() => undefined],
    async ({url, up}) => {
      expect(await text(url)).toBe('504 upstream request timeout')
      expect(up[0]!.seen).toHaveLength(1)
    },
    {urlMap: {...routed({timeout: {seconds: '0', nanos: 50_000_000}})}},
  ))

test('Outlier detection ejects an endpoint after consecutive errors', () => {
  const bad: RequestListener = (_request, response) => void response.writeHead(500).end('bad')
  return stage(
    [bad, named('west')],
    async ({bench, url}) => {
      expect(await many(10, url)).toEqual({'500 bad': 3, '200 west': 7})
      await until(bench, (all) => all.find((one) => one.zone === EAST)!.endpoints[0]!.ejected)
    },
    {
      service: {
        outlierDetection: {
          consecutiveErrors: 3,
          baseEjectionTime: {seconds: 30},
          interval: {seconds: 5},
          maxEjectionPercent: 50,
        },
      },
    },
  )
})

test('A client that goes away ends its request at the backend', async () => {
  let closed = false
  const waiting: RequestListener = (request) => void request.socket.once('close', () => (closed = true))
  await stage([waiting], async ({bench, url, up}) => {
    const abort = new AbortController()
    const pending = fetch(url, {signal: abort.signal})
    await expect.poll(() => up[0]!.seen.length, {interval: 5}).toBe(1)
    abort.abort()
    await expect(pending).rejects.toThrow()
    await expect.poll(() => closed, {interval: 5}).toBe(true)
    expect((await counters(bench)).edge).toMatchObject({clientsGone: 1})
  })
})

test('A request that cannot be passed on is a 400 and harms no endpoint', () =>
  stage([named('a')], async ({bench, url}) => {
    const {hostname, port} = new URL(url)
    const socket = net.connect(Number(port), hostname)
    socket.write('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 400 /)
    socket.destroy()
    expect(
      allHealthy(((await bench.call('GET', '/emulator/v1/edge')).body as {backends: EdgeBackend[]}).backends),
    ).toBe(true)
    expect(await text(url)).toBe('200 a')
  }))

test('A detached endpoint keeps its WebSockets until draining ends', () =>
  stage(
    [named('a'), named('b')],
    async ({bench, url, up}) => {
      for (const one of up) {
        one.server.on('upgrade', (_request, socket) => {
          socket.on('error', () => undefined)
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
          socket.pipe(socket)
        })
      }
      const {hostname, port} = new URL(url)
      const socket = net.connect(Number(port), hostname)
      socket.write(
        'GET /ws HTTP/1.1\r\nHost: x\r\nX-Emulated-Client-Region: us-east1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
      )
      expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101/)
      const closed = once(socket, 'close')
      await attach(bench, EAST, [up[0]!.port], 'detach')
      socket.write('still here')
      expect(String((await once(socket, 'data'))[0])).toBe('still here')
      await closed
    },
    {options: {time: fast()}, service: {connectionDrainingTimeoutSec: 10}},
  ))
