/** A world for the compute service: records and ports in memory, a folder of its own, backends that answer with their name. */
import {mkdtempSync, rmSync} from 'node:fs'
import http, {type IncomingMessage, type RequestListener, type Server} from 'node:http'
import {type AddressInfo, createServer as createTcpServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import Fastify, {type FastifyInstance} from 'fastify'
import {type ComputeOptions, createComputeService} from '../../../src/emulator/compute/service.ts'
import type {Props, Records, ResourceType, Service, World} from '../../../src/emulator/contract.ts'

export const PROJECT = 'test-project'

export function memoryRecords(): Records {
  const kept = new Map<string, Map<string, string>>()
  const of = (token: string) => {
    const found = kept.get(token) ?? new Map<string, string>()
    kept.set(token, found)
    return found
  }
  return {
    put: (token, id, outputs) => void of(token).set(id, JSON.stringify(outputs)),
    get: (token, id) => {
      const text = of(token).get(id)
      return text === undefined ? undefined : (JSON.parse(text) as Props)
    },
    list: (token) => [...of(token)].map(([id, text]) => ({id, outputs: JSON.parse(text) as Props})),
    delete: (token, id) => void of(token).delete(id),
  }
}

export const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createTcpServer()
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Every claim gets a free port, so that tests never meet. */
export function anyPorts(): World['ports'] {
  const claimed = new Map<string, number>()
  return {
    claim: async (name) => {
      const port = claimed.get(name) ?? (await freePort())
      claimed.set(name, port)
      return port
    },
    release: (name) => void claimed.delete(name),
  }
}

export interface Bench {
  readonly world: World
  readonly service: Service
  readonly rest: FastifyInstance
  readonly records: Records
  type(token: string): ResourceType
  create(token: string, inputs: Props): Promise<{id: string; outputs: Props}>
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<{status: number; body: Props}>
  stop(): Promise<void>
}

export async function openBench(
  options: ComputeOptions & {records?: Records; ports?: World['ports']} = {},
): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'ha-compute-'))
  const records = options.records ?? memoryRecords()
  const world: World = {
    dir,
    records,
    ports: options.ports ?? anyPorts(),
    log: () => undefined,
    googleapis: 'http://127.0.0.1:1',
    region: async () => Promise.reject(new Error('no regions here')),
    regions: async () => [],
  }
  const service = createComputeService(world, options)
  const rest = Fastify()
  service.routes?.(rest)
  await rest.ready()
  await service.start?.()
  const type = (token: string) => service.resources.find((one) => one.token === token)!
  return {
    world,
    service,
    rest,
    records,
    type,
    create: (token, inputs) => type(token).create({project: PROJECT, ...inputs}),
    call: async (method, path, body) => {
      const url = path.startsWith('/emulator') ? path : `/compute/v1/projects/${PROJECT}${path}`
      const answer = await rest.inject(body === undefined ? {method, url} : {method, url, payload: body as object})
      return {status: answer.statusCode, body: answer.json()}
    },
    stop: async () => {
      await service.stop?.()
      await rest.close()
      rmSync(dir, {recursive: true, force: true})
    },
  }
}

export interface Upstream {
  readonly port: number
  readonly server: Server
  seen: IncomingMessage[]
  stop(): Promise<void>
}

/** A backend; `/healthz` is 200 unless the listener says otherwise. */
export async function openUpstream(listener: RequestListener, port = 0): Promise<Upstream> {
  const seen: IncomingMessage[] = []
  const server = http.createServer((request, response) => {
    if (request.url === '/healthz') return void response.end('ok')
    seen.push(request)
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    server,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const GCP = {
  address: 'gcp:compute/globalAddress:GlobalAddress',
  check: 'gcp:compute/healthCheck:HealthCheck',
  service: 'gcp:compute/backendService:BackendService',
  urlMap: 'gcp:compute/uRLMap:URLMap',
  httpProxy: 'gcp:compute/targetHttpProxy:TargetHttpProxy',
  httpsProxy: 'gcp:compute/targetHttpsProxy:TargetHttpsProxy',
  rule: 'gcp:compute/globalForwardingRule:GlobalForwardingRule',
  policy: 'gcp:compute/securityPolicy:SecurityPolicy',
  sslPolicy: 'gcp:compute/sSLPolicy:SSLPolicy',
} as const

export interface EdgeShape {
  /** Ports of the endpoints by zone. */
  readonly zones: Readonly<Record<string, readonly number[]>>
  readonly service?: Props
  readonly backend?: (zone: string) => Props
  readonly urlMap?: Props
  readonly check?: Props
}

export const link = (id: string) => `https://www.googleapis.com/compute/v1/${id}`

export const negPath = (zone: string) => `projects/${PROJECT}/zones/${zone}/networkEndpointGroups/web`

/** NEGs, health check, backend service, URL map, proxy, forwarding rule: what the edge stack makes. Returns where it listens. */
export async function openEdge(bench: Bench, shape: EdgeShape): Promise<string> {
  for (const [zone, ports] of Object.entries(shape.zones)) {
    await bench.call('POST', `/zones/${zone}/networkEndpointGroups`, {
      name: 'web',
      networkEndpointType: 'GCE_VM_IP_PORT',
    })
    await attach(bench, zone, ports)
  }
  const check = await bench.create(GCP.check, {
    name: 'web',
    checkIntervalSec: 1,
    timeoutSec: 1,
    healthyThreshold: 1,
    httpHealthCheck: {portSpecification: 'USE_SERVING_PORT', requestPath: '/healthz'},
    ...shape.check,
  })
  const service = await bench.create(GCP.service, {
    name: 'web',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    healthChecks: check.outputs.selfLink,
    connectionDrainingTimeoutSec: 1,
    backends: Object.keys(shape.zones).map((zone) => ({
      group: link(negPath(zone)),
      balancingMode: 'RATE',
      maxRatePerEndpoint: 100,
      ...shape.backend?.(zone),
    })),
    ...shape.service,
  })
  const map = await bench.create(GCP.urlMap, {name: 'web', defaultService: service.outputs.selfLink, ...shape.urlMap})
  const proxy = await bench.create(GCP.httpProxy, {name: 'web', urlMap: map.outputs.selfLink})
  await bench.create(GCP.rule, {
    name: 'web',
    target: proxy.outputs.selfLink,
    portRange: '80',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
  })
  const {listeners} = (await bench.call('GET', '/emulator/v1/edge')).body as {listeners: {url: string}[]}
  return listeners[0]!.url
}

export async function attach(
  bench: Bench,
  zone: string,
  ports: readonly number[],
  how: 'attach' | 'detach' = 'attach',
): Promise<void> {
  if (ports.length === 0) return
  await bench.call('POST', `/zones/${zone}/networkEndpointGroups/web/${how}NetworkEndpoints`, {
    networkEndpoints: ports.map((port) => ({ipAddress: '127.0.0.1', port, instance: 'node-1'})),
  })
}

export interface EdgeBackend {
  readonly zone: string
  readonly endpoints: readonly {port: number; healthy: boolean; ejected: boolean; inFlight: number}[]
}

/** Resolves once the load balancer's status satisfies `holds`; rejects after five seconds. */
export async function until(bench: Bench, holds: (backends: readonly EdgeBackend[]) => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  for (;;) {
    const {backends} = (await bench.call('GET', '/emulator/v1/edge')).body as {backends: EdgeBackend[]}
    if (holds(backends)) return
    if (performance.now() > deadline) throw new Error(`Still not so after 5 s: ${JSON.stringify(backends)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const allHealthy = (backends: readonly EdgeBackend[]) =>
  backends.length > 0 &&
  backends.every((backend) => backend.endpoints.every((endpoint) => endpoint.healthy && !endpoint.ejected))
