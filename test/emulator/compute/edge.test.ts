/** The load balancer over real sockets; titles are the headings of BEHAVIOUR.md. */
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import type http from 'node:http'
import type {RequestListener, ServerResponse} from 'node:http'
import https from 'node:https'
import net, {type Socket} from 'node:net'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {isFree} from '../../../src/emulator/ports.ts'
import {EAST, fast, many, named, routed, scale, stage, text} from './stage.ts'
import {
  allHealthy,
  anyPorts,
  attach,
  type Bench,
  freePort,
  GCP,
  memoryRecords,
  openBench,
  openEdge,
  openUpstream,
  PROJECT,
  until,
} from './world.ts'

test('A request is passed on with Google’s headers', () =>
  stage(
    [named('a')],
    async ({url, up}) => {
      const answer = await fetch(`${url}/x?y=1`, {
        headers: {'x-forwarded-for': '192.0.2.9', 'x-emulated-client-region': 'x', 'x-own': '1'},
      })
      expect([answer.status, answer.headers.get('via')]).toEqual([200, '1.1 google'])
      const [{url: path, headers}] = up[0]!.seen as [http.IncomingMessage]
      expect(path).toBe('/x?y=1')
      expect(headers).toMatchObject({
        host: url.slice('http://'.length),
        'x-forwarded-for': '192.0.2.9,127.0.0.1,127.0.0.1',
        'x-forwarded-proto': 'http',
        via: '1.1 google',
        'x-own': '1',
      })
      expect(headers).not.toHaveProperty('x-emulated-client-region')
    },
    {service: {customRequestHeaders: ['X-Client: {client_ip_address}', 'X-Place: {client_city}!']}},
  ))

test('Custom request headers are added', () =>
  stage(
    [named('a')],
    async ({url, up}) => {
      await text(url)
      expect(up[0]!.seen[0]!.headers).toMatchObject({'x-client': '127.0.0.1', 'x-place': '!'})
    },
    {service: {customRequestHeaders: ['X-Client: {client_ip_address}', 'X-Place: {client_city}!']}},
  ))

test('Regions share requests by capacity, and capacityScaler weighs exactly', () =>
  stage([named('east'), named('west')], async ({bench, url}) => {
    expect(await many(20, url)).toEqual({'200 east': 10, '200 west': 10})
    await scale(bench, {[EAST]: 0.1})
    expect(await many(22, url)).toEqual({'200 east': 2, '200 west': 20})
  }))

test('A client is served by its own region and spills over when nobody there is healthy', () => {
  const sick = new Set<number>()
  return stage(
    [named('east'), named('west')],
    async ({bench, url, up}) => {
      await until(bench, allHealthy)
      const near = {headers: {'x-emulated-client-region': 'us-east1'}}
      expect(await many(6, url, near)).toEqual({'200 east': 6})
      sick.add(up[0]!.port)
      await until(bench, (backends) => backends.some((one) => one.zone === EAST && !one.endpoints[0]!.healthy))
      expect(await many(6, url, near)).toEqual({'200 west': 6})
      expect(up[0]!.seen).toHaveLength(6)
    },
    {options: {probe: async (_check, {port}) => !sick.has(port), time: fast()}},
  )
})

test('capacityScaler 0 drains: no new request, and what is in flight finishes', async () => {
  let hold: ServerResponse | undefined
  const slow: RequestListener = (request, response) => {
    if (request.url === '/slow') hold = response
    else response.end('east')
  }
  await stage([slow, named('west')], async ({bench, url}) => {
    const near = {headers: {'x-emulated-client-region': 'us-east1'}}
    const pending = text(`${url}/slow`, near)
    await expect.poll(() => hold !== undefined, {interval: 5}).toBe(true)
    await scale(bench, {[EAST]: 0})
    expect(await many(6, url, near)).toEqual({'200 west': 6})
    hold!.end('late')
    expect(await pending).toBe('200 late')
  })
})

test('Draining ends after connectionDrainingTimeoutSec', async () => {
  const never: RequestListener = (_request, response) => void response.write('begun')
  await stage(
    [never, named('west')],
    async ({bench, url}) => {
      const answer = await fetch(`${url}/`, {headers: {'x-emulated-client-region': 'us-east1'}})
      expect(answer.status).toBe(200)
      await scale(bench, {[EAST]: 0})
      await expect(answer.text()).rejects.toThrow()
    },
    {options: {time: fast()}},
  )
})

test('A detached endpoint gets nothing new and finishes what it has', async () => {
  let hold: ServerResponse | undefined
  const slow: RequestListener = (request, response) => {
    if (request.url === '/slow') hold = response
    else response.end('east')
  }
  await stage([slow, named('west')], async ({bench, url, up}) => {
    const near = {headers: {'x-emulated-client-region': 'us-east1'}}
    const pending = text(`${url}/slow`, near)
    await expect.poll(() => hold !== undefined, {interval: 5}).toBe(true)
    await attach(bench, EAST, [up[0]!.port], 'detach')
    expect(await many(4, url, near)).toEqual({'200 west': 4})
    hold!.end('late')
    expect(await pending).toBe('200 late')
  })
})

test('Bodies stream both ways', async () => {
  const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex')
  const data = Buffer.alloc(5_000_000, 'stream')
  let more: (() => void) | undefined
  const server: RequestListener = (request, response) => {
    if (request.method === 'POST') return void request.pipe(response)
    response.write('first')
    more = () => void response.end('last')
  }
  await stage([server], async ({url}) => {
    const echoed = await fetch(url, {method: 'POST', body: data})
    expect(hash(Buffer.from(await echoed.arrayBuffer()))).toBe(hash(data))
    const reader = (await fetch(url)).body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first')
    more!()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('last')
  })
})

test('WebSockets pass through', () =>
  stage([named('a')], async ({url, up}) => {
    up[0]!.server.on('upgrade', (request, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-For: ${request.headers['x-forwarded-for']}\r\n\r\n`,
      )
      socket.pipe(socket)
    })
    const {hostname, port} = new URL(url)
    const socket = net.connect(Number(port), hostname)
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    const [head] = (await once(socket, 'data')) as [Buffer]
    expect(head.toString()).toMatch(/^HTTP\/1\.1 101 [\s\S]*X-For: 127\.0\.0\.1,127\.0\.0\.1\r\n/)
    socket.write('ping')
    expect(String((await once(socket, 'data'))[0])).toBe('ping')
    socket.destroy()
  }))

test('A URL map redirects to HTTPS', () =>
  stage(
    [named('a')],
    async ({url}) => {
      const answer = await fetch(`${url.replace('127.0.0.1', 'localhost')}/a?b=c`, {redirect: 'manual'})
      expect([answer.status, answer.headers.get('location')]).toEqual([
        301,
        `https://localhost:${new URL(url).port}/a?b=c`,
      ])
    },
    {urlMap: routed({})},
  ))

test('Cloud Armor denies by address and throttles, and a preview only reports', () =>
  stage(
    [named('a')],
    async ({bench, url}) => {
      const everyone = {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}}
      const policy = await bench.create(GCP.policy, {
        name: 'armor',
        rules: [
          {
            priority: 1,
            action: 'deny(403)',
            match: {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['192.0.2.0/24']}},
          },
          {priority: 2, action: 'deny(403)', preview: true, match: everyone},
          {
            priority: 3,
            action: 'throttle',
            match: everyone,
            rateLimitOptions: {
              conformAction: 'allow',
              exceedAction: 'deny(429)',
              enforceOnKey: 'IP',
              rateLimitThreshold: {count: 2, intervalSec: 60},
            },
          },
          {priority: 2147483647, action: 'allow', match: everyone},
        ],
      })
      await bench.call('POST', '/global/backendServices/web/setSecurityPolicy', {
        securityPolicy: policy.outputs.selfLink,
      })
      expect(await text(url, {headers: {'x-emulated-client-ip': '192.0.2.7'}})).toMatch(/^403 /)
      const answers = [await text(url), await text(url), await text(url)].map((answer) => answer.slice(0, 3))
      expect(answers).toEqual(['200', '200', '429'])
      expect(await text(url, {headers: {'x-emulated-client-ip': '198.51.100.1'}})).toBe('200 a')
      await bench.service.stop?.()
      const lines = readFileSync(join(bench.world.dir, 'compute', 'edge.log'), 'utf8')
        .trim()
        .split('\n')
      expect(lines).toHaveLength(5)
      expect(lines.map((line) => JSON.parse(line).jsonPayload)).toMatchObject([
        {
          statusDetails: 'denied_by_security_policy',
          enforcedSecurityPolicy: {policy: 'armor', priority: 1, outcome: 'DENY'},
        },
        {statusDetails: 'response_sent_by_backend', previewSecurityPolicy: {priority: 2, outcome: 'DENY'}},
        {statusDetails: 'response_sent_by_backend'},
        {statusDetails: 'denied_by_security_policy', enforcedSecurityPolicy: {priority: 3}},
        {statusDetails: 'response_sent_by_backend'},
      ])
    },
    {service: {logConfig: {enable: true, sampleRate: 1}}},
  ))

test('HTTPS is served with a certificate made here', () =>
  stage([(request, response) => void response.end(String(request.headers['x-forwarded-proto']))], async ({bench}) => {
    const proxy = await bench.create(GCP.httpsProxy, {
      name: 'secure',
      urlMap: `projects/${PROJECT}/global/urlMaps/web`,
      certificateMap: `//certificatemanager.googleapis.com/projects/${PROJECT}/locations/global/certificateMaps/web`,
    })
    await bench.create(GCP.rule, {name: 'secure', target: proxy.outputs.selfLink, portRange: '443-443'})
    const {listeners} = (await bench.call('GET', '/emulator/v1/edge')).body as {
      listeners: {url: string; protocol: string}[]
    }
    const {url} = listeners.find((one) => one.protocol === 'HTTPS')!
    const {cert} = JSON.parse(readFileSync(join(bench.world.dir, 'compute', 'edge-certificate.json'), 'utf8'))
    const answer = await new Promise<string>((resolve, reject) => {
      https.get(url, {ca: cert}, (response) => response.setEncoding('utf8').on('data', resolve)).on('error', reject)
    })
    expect(answer).toBe('https')
  }))

test('After a restart the load balancer serves again from the records', async () => {
  const [records, ports] = [memoryRecords(), anyPorts()]
  const up = await openUpstream(named('a'))
  const shape = {zones: {[EAST]: [up.port]}, check: {healthyThreshold: 3, checkIntervalSec: 5}}
  const first = await openBench({records, ports, time: fast()})
  const url = await openEdge(first, shape)
  await until(first, allHealthy)
  await first.stop()
  await expect(fetch(url)).rejects.toThrow()
  const second = await openBench({records, ports})
  try {
    await until(second, allHealthy)
    expect(await text(url)).toBe('200 a')
  } finally {
    await second.stop()
    await up.stop()
  }
})

test('A wanted edge port that is taken is an error, and the rule is not made', async () => {
  const port = await freePort()
  const asked: unknown[] = []
  const taken: Bench['world']['ports'] = {
    claim: async (name, options) => {
      asked.push([name, options])
      throw new Error('PortTaken')
    },
    release: () => undefined,
  }
  const bench = await openBench({ports: taken, edgePort: port, probe: async () => true})
  try {
    await expect(openEdge(bench, {zones: {[EAST]: [1]}})).rejects.toThrow('PortTaken')
    expect(asked).toEqual([['edge:80', {preferred: port, required: true}]])
    expect(bench.records.list(GCP.rule)).toEqual([])
  } finally {
    await bench.stop()
  }
})

test('The port that was told before there is a rule is where the load balancer will listen', async () => {
  const bench = await openBench({probe: async () => true})
  const told = async () => (await bench.call('GET', '/emulator/v1/edge/ports/80')).body.port as number
  try {
    const [before, again] = await Promise.all([told(), told()])
    expect(again).toBe(before)
    // Nobody else gets it meanwhile.
    expect(await isFree(before)).toBe(false)
    const url = await openEdge(bench, {zones: {[EAST]: [1]}})
    expect([`http://127.0.0.1:${before}`, await told()]).toEqual([url, before])
  } finally {
    await bench.stop()
  }
})

test('Upstream connections are kept and used again', () => {
  const sockets = new Set<Socket>()
  const counting: RequestListener = (request, response) => {
    sockets.add(request.socket)
    response.end('a')
  }
  return stage([counting], async ({url}) => {
    await many(20, url)
    expect(sockets.size).toBe(1)
  })
})
