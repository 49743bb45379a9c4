/** One line of the access log: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring */
import type {IncomingMessage} from 'node:http'
import type {EmulatorClock} from '../../clock.ts'
import type {Verdict} from './armor.ts'
import type {Backend} from './backend.ts'
import type {ListenerConfig} from './config.ts'
import type {Endpoint} from './endpoint.ts'
import type {Client} from './headers.ts'

export interface Result {
  readonly status: number
  readonly bytes: number
  /** As Google's logs word it: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring#statusdetails */
  readonly details: string
  readonly endpoint?: Endpoint
}

export interface Served {
  readonly listener: ListenerConfig
  readonly backend: Backend
  readonly verdict: Verdict
  readonly client: Client
  readonly request: IncomingMessage
  readonly result: Result
  /** Monotonic milliseconds. */
  readonly started: number
}

export function logEntry(time: EmulatorClock, served: Served): object {
  const {listener, backend, verdict, client, request, result, started} = served
  const {endpoint} = result
  return {
    timestamp: new Date(time.now()).toISOString(),
    severity: result.status >= 500 ? 'WARNING' : 'INFO',
    httpRequest: {
      requestMethod: request.method,
      requestUrl: `${client.secure ? 'https' : 'http'}://${request.headers.host ?? ''}${request.url ?? ''}`,
      status: result.status,
      responseSize: String(result.bytes),
      userAgent: request.headers['user-agent'],
      remoteIp: client.ip,
      latency: `${((time.monotonic() - started) / 1000).toFixed(6)}s`,
      ...(endpoint === undefined ? {} : {serverIp: `${endpoint.ipAddress}:${endpoint.port}`}),
    },
    jsonPayload: {
      statusDetails: result.details,
      ...(endpoint === undefined ? {} : {backendGroup: endpoint.place.group}),
      ...(verdict.rule === undefined ? {} : {enforcedSecurityPolicy: verdict.rule}),
      ...(verdict.preview === undefined ? {} : {previewSecurityPolicy: verdict.preview}),
    },
    resource: {
      type: 'http_load_balancer',
      labels: {backend_service_name: backend.config.id.split('/').at(-1), url_map_name: listener.urlMapName},
    },
  }
}
