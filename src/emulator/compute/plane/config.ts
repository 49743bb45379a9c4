/** What the load balancer serves, compiled from the records: pure, so that it is always exactly what is on record. */
import type {Props} from '../../contract.ts'
import type {Collections} from '../directory.ts'
import {lastSegment, relativeName} from '../google.ts'
import {portRange} from '../kinds/forwarding-rule.ts'
import {blockOf} from '../kinds/health-check.ts'
import {KINDS} from '../kinds/index.ts'
import {listOf, numberOr, propsOf, stringsOf, textOr} from '../kinds/kind.ts'
import {BACKEND_SERVICE, OUTLIER_DETECTION} from '../limits.ts'
import {endpointsOf, type Negs} from '../negs.ts'
import {type CompiledPolicy, compilePolicy} from './armor.ts'
import {type CompiledUrlMap, compileUrlMap, durationMs} from './url-map.ts'

export interface ListenerConfig {
  /** Names the port it claims: project and first rule. */
  readonly name: string
  /** Ids of the forwarding rules it stands for (IPv4 and IPv6 of one target share it). */
  readonly rules: readonly string[]
  readonly port: number
  readonly secure: boolean
  readonly urlMapName: string
  readonly urlMap: CompiledUrlMap
  readonly keepAliveSec: number | undefined
}

export interface CheckConfig {
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP'
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  readonly path: string
  readonly host: string | undefined
  /** undefined: the endpoint's own port. */
  readonly port: number | undefined
  /** The answer's body must start with this. */
  readonly response: string
}

export interface OutlierConfig {
  readonly consecutiveErrors: number
  readonly intervalMs: number
  readonly baseEjectionMs: number
  readonly maxEjectionPercent: number
  readonly enforced: boolean
}

export interface GroupConfig {
  readonly id: string
  readonly zone: string
  readonly region: string
  readonly scaler: number
  /** Requests per second of the whole group, or of each endpoint that can serve. */
  readonly rate: {readonly of: 'group' | 'endpoint'; readonly perSecond: number}
  readonly endpoints: readonly {readonly ipAddress: string; readonly port: number}[]
}

export interface ServiceConfig {
  /** `projects/P/global/backendServices/N` */
  readonly id: string
  readonly secure: boolean
  readonly timeoutMs: number
  readonly drainMs: number
  readonly locality: 'ROUND_ROBIN' | 'LEAST_REQUEST'
  readonly groups: readonly GroupConfig[]
  readonly check: CheckConfig | undefined
  readonly outliers: OutlierConfig | undefined
  readonly requestHeaders: readonly (readonly [string, string])[]
  readonly responseHeaders: readonly (readonly [string, string])[]
  /** 0: nothing is logged. */
  readonly logSample: number
  readonly policy: CompiledPolicy | undefined
}

export interface EdgeConfig {
  readonly listeners: readonly ListenerConfig[]
  readonly services: ReadonlyMap<string, ServiceConfig>
}

const kind = (collection: string) => KINDS.find((candidate) => candidate.collection === collection)!

/** Every forwarding rule with what lies behind it, over all projects. */
export function compileEdge(collections: Collections, negs: Negs): EdgeConfig {
  const view = (id: string): Props | undefined => {
    const of = kind(id.split('/').at(-2) ?? '')
    const record = of === undefined ? undefined : collections.find(of, id)
    return of === undefined || record === undefined ? undefined : collections.view(of, id, record)
  }
  const services = new Map<string, ServiceConfig>()
  for (const {id} of collections.everything('backendServices'))
    services.set(id, compileService(id, view(id)!, view, negs))

  const listeners = new Map<string, ListenerConfig>()
  const rules = collections
    .everything('forwardingRules')
    .toSorted((a, b) => String(a.outputs.creationTimestamp).localeCompare(String(b.outputs.creationTimestamp)))
  for (const {id} of rules) {
    const rule = view(id)!
    const proxyId = relativeName(String(rule.target), '', '')
    const proxy = view(proxyId)
    const mapId = relativeName(textOr(proxy?.urlMap, ''), '', '')
    const map = view(mapId)
    if (proxy === undefined || map === undefined) continue
    const port = Number(portRange(rule.portRange).split('-')[0])
    const key = `${port} ${proxyId}`
    const known = listeners.get(key)
    listeners.set(key, {
      name: known?.name ?? `edge:${port}:${id.split('/')[1]}/${lastSegment(id)}`,
      rules: [...(known?.rules ?? []), id],
      port,
      secure: proxyId.includes('/targetHttpsProxies/'),
      urlMapName: lastSegment(mapId),
      urlMap: compileUrlMap(map),
      keepAliveSec: proxy.httpKeepAliveTimeoutSec as number | undefined,
    })
  }
  return {listeners: [...listeners.values()], services}
}

function compileService(id: string, view: Props, find: (id: string) => Props | undefined, negs: Negs): ServiceConfig {
  const checkId = stringsOf(view.healthChecks)[0]
  const check = checkId === undefined ? undefined : find(relativeName(checkId, '', ''))
  const policyId = textOr(view.securityPolicy, '')
  const policy = policyId === '' ? undefined : find(relativeName(policyId, '', ''))
  const log = propsOf(view.logConfig)
  return {
    id,
    secure: view.protocol === 'HTTPS',
    timeoutMs: numberOr(view.timeoutSec, BACKEND_SERVICE.timeoutSec.default) * 1000,
    drainMs: numberOr(propsOf(view.connectionDraining).drainingTimeoutSec, 0) * 1000,
    locality: view.localityLbPolicy === 'LEAST_REQUEST' ? 'LEAST_REQUEST' : 'ROUND_ROBIN',
    groups: listOf(view.backends).map((backend) => compileGroup(backend, negs)),
    check: check === undefined ? undefined : compileCheck(check),
    outliers: view.outlierDetection === undefined ? undefined : compileOutliers(propsOf(view.outlierDetection)),
    requestHeaders: headerPairs(view.customRequestHeaders),
    responseHeaders: headerPairs(view.customResponseHeaders),
    logSample: log.enable === true ? numberOr(log.sampleRate, BACKEND_SERVICE.logSampleRate) : 0,
    policy: policy === undefined ? undefined : compilePolicy(policy),
  }
}

function compileGroup(backend: Props, negs: Negs): GroupConfig {
  const id = relativeName(String(backend.group), '', '')
  const zone = /\/zones\/([^/]+)\//.exec(id)?.[1] ?? 'global'
  const whole = numberOr(backend.maxRate, 0)
  const each = numberOr(backend.maxRatePerEndpoint, 1)
  return {
    id,
    zone,
    region: zone.replace(/-[a-z]$/, ''),
    scaler: numberOr(backend.capacityScaler, 1),
    rate: whole > 0 ? {of: 'group', perSecond: whole} : {of: 'endpoint', perSecond: each},
    endpoints: endpointsOf(negs.get(id)),
  }
}

function compileCheck(view: Props): CheckConfig {
  const block = blockOf(view) ?? 'tcpHealthCheck'
  const settings = propsOf(view[block])
  return {
    protocol: block === 'httpHealthCheck' ? 'HTTP' : block === 'httpsHealthCheck' ? 'HTTPS' : 'TCP',
    intervalMs: Number(view.checkIntervalSec) * 1000,
    timeoutMs: Number(view.timeoutSec) * 1000,
    healthyThreshold: Number(view.healthyThreshold),
    unhealthyThreshold: Number(view.unhealthyThreshold),
    path: textOr(settings.requestPath, '/'),
    host: textOr(settings.host, '') || undefined,
    port: settings.portSpecification === 'USE_SERVING_PORT' ? undefined : Number(settings.port),
    response: textOr(settings.response, ''),
  }
}

function compileOutliers(settings: Props): OutlierConfig {
  return {
    consecutiveErrors: numberOr(settings.consecutiveErrors, OUTLIER_DETECTION.consecutiveErrors),
    intervalMs: durationMs(settings.interval) ?? OUTLIER_DETECTION.intervalSec * 1000,
    baseEjectionMs: durationMs(settings.baseEjectionTime) ?? OUTLIER_DETECTION.baseEjectionSec * 1000,
    maxEjectionPercent: numberOr(settings.maxEjectionPercent, OUTLIER_DETECTION.maxEjectionPercent),
    enforced: numberOr(settings.enforcingConsecutiveErrors, OUTLIER_DETECTION.enforcingConsecutiveErrors) > 0,
  }
}

const headerPairs = (lines: unknown): readonly (readonly [string, string])[] =>
  stringsOf(lines).map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const
  })
