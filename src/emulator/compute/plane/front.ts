/** The way of a request: URL map, security policy, backend, retries, answer, log. */
import type {IncomingMessage, ServerResponse} from 'node:http'
import type {EmulatorClock} from '../../clock.ts'
import type {AccessLog} from './access-log.ts'
import {type Counters as ArmorCounters, evaluate, type Verdict} from './armor.ts'
import type {Backend} from './backend.ts'
import {type Body, bodyOf} from './body.ts'
import type {ListenerConfig} from './config.ts'
import {type Counters, countStatus} from './counters.ts'
import type {Endpoint} from './endpoint.ts'
import {exchange, type Outcome} from './exchange.ts'
import {type Client, clientOf, requestHeaders, responseHeaders, upstreamPath} from './headers.ts'
import {logEntry, type Result} from './log-entry.ts'
import {reply} from './replies.ts'
import {type Failure, nextStep} from './retry.ts'
import {location, route} from './routes.ts'
import type {Route, ToService} from './url-map.ts'

export interface Front {
  readonly backends: ReadonlyMap<string, Backend>
  readonly counters: Counters
  readonly armor: ArmorCounters
  readonly log: AccessLog
  readonly time: EmulatorClock
}

export async function serve(
  front: Front,
  listener: ListenerConfig,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const started = front.time.monotonic()
  const client = clientOf(request, listener.secure)
  const to = find(listener, request)
  const backend = to.kind === 'service' ? front.backends.get(to.service) : undefined
  const verdict = backend === undefined ? {} : screen(front, backend, request, client)
  const result = await answer(front, to, backend, verdict, client, request, response)
  front.counters.edge.requests += 1
  if (result.status > 0) countStatus(front.counters.edge, result.status)
  if (backend !== undefined && backend.config.logSample > 0 && Math.random() < backend.config.logSample) {
    front.log.write(logEntry(front.time, {listener, backend, verdict, client, request, result, started}))
  }
}

export const find = (listener: ListenerConfig, request: IncomingMessage): Route =>
  route(listener.urlMap, {host: request.headers.host ?? '', path: request.url ?? '/', headers: request.headers})

export function screen(front: Front, backend: Backend, request: IncomingMessage, client: Client): Verdict {
  const {policy} = backend.config
  if (policy === undefined) return {}
  return evaluate(
    policy,
    {ip: client.ip, path: request.url ?? '/', headers: request.headers},
    front.armor,
    front.time.monotonic(),
  )
}

async function answer(
  front: Front,
  to: Route,
  backend: Backend | undefined,
  verdict: Verdict,
  client: Client,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Result> {
  const own = (status: number, details: string, headers?: Record<string, string>): Result => {
    request.resume()
    return {status, bytes: reply(response, status, headers), details}
  }
  if (to.kind === 'redirect') {
    const line = {host: request.headers.host ?? '', path: request.url ?? '/', headers: request.headers}
    return own(to.status, 'redirected', {location: location(to, line, client.secure)})
  }
  if (to.kind === 'nothing' || backend === undefined) return own(404, 'failed_to_negotiate_route')
  if (verdict.deny !== undefined || verdict.redirect === true) {
    front.counters.edge.denied += 1
    return own(verdict.deny ?? 302, 'denied_by_security_policy')
  }
  try {
    const body = bodyOf(request)
    return await forward(front, to, backend, client, request, response, body instanceof Promise ? await body : body)
  } catch {
    // The client broke off while its body was being read.
    front.counters.edge.clientsGone += 1
    response.destroy()
    return {status: 0, bytes: 0, details: 'client_disconnected_before_any_response'}
  }
}

async function forward(
  front: Front,
  to: ToService,
  backend: Backend,
  client: Client,
  request: IncomingMessage,
  response: ServerResponse,
  body: Body,
): Promise<Result> {
  const {config} = backend
  const method = request.method ?? 'GET'
  const headers = requestHeaders(request, client, to, config.requestHeaders, !body.empty)
  const path = upstreamPath(request.url ?? '/', to)
  const deadline = front.time.monotonic() + (to.timeoutMs ?? config.timeoutMs)
  const tried = new Set<Endpoint>()
  let retries = 0
  let last: Result = {status: 503, bytes: 0, details: 'failed_to_pick_backend'}

  for (;;) {
    const endpoint = backend.choose(client.region, tried)
    const left = deadline - front.time.monotonic()
    if (endpoint === undefined || left <= 0) {
      if (tried.size === 0) front.counters.edge.unserved += 1
      request.resume()
      return {...last, bytes: reply(response, last.status)}
    }
    tried.add(endpoint)
    const now = (failure: Failure) =>
      nextStep(failure, {method, emptyBody: body.empty, replayable: body.replayable, retries, policy: to.retry})
    const outcome = await exchange(
      endpoint,
      {
        method,
        path,
        headers,
        body,
        timeoutMs: Math.min(left, to.retry?.perTryMs ?? left),
        discard: (status) =>
          status >= 400 && now({kind: 'status', status}) === 'counted' && another(backend, client, tried),
        respond: (status, given) =>
          response.writeHead(status, responseHeaders(given, to, config.responseHeaders, client)),
      },
      response,
    )
    account(front, backend, endpoint, outcome)
    if (outcome.kind === 'answered')
      return {status: outcome.status, bytes: outcome.bytes, details: 'response_sent_by_backend', endpoint}
    if (outcome.kind === 'malformed') {
      request.resume()
      return {status: 400, bytes: reply(response, 400), details: 'client_request_malformed', endpoint}
    }
    if (outcome.kind === 'gone')
      return {status: 0, bytes: 0, details: 'client_disconnected_before_any_response', endpoint}
    if (outcome.kind === 'broken')
      return {
        status: outcome.status,
        bytes: 0,
        details: 'backend_connection_closed_after_partial_response_sent',
        endpoint,
      }

    const step = now(outcome)
    last = {...LAST[outcome.kind], bytes: 0, endpoint}
    if (step === 'stop' || (outcome.kind === 'timeout' && left <= (to.retry?.perTryMs ?? left))) {
      request.resume()
      return {...last, bytes: reply(response, last.status)}
    }
    if (step === 'counted') {
      retries += 1
      front.counters.edge.retries += 1
      // With one endpoint left, the retry goes to the same one.
      if (!another(backend, client, tried) && outcome.kind === 'reset') tried.delete(endpoint)
    }
  }
}

const LAST = {
  connect: {status: 502, details: 'failed_to_connect_to_backend'},
  reset: {status: 502, details: 'backend_connection_closed_before_data_sent_to_client'},
  timeout: {status: 504, details: 'backend_timeout'},
  status: {status: 502, details: 'response_sent_by_backend'},
} as const

const another = (backend: Backend, _client: Client, tried: ReadonlySet<Endpoint>) =>
  backend.groups.some((group) => group.scaler > 0 && group.candidates.some((one) => one.usable && !tried.has(one)))

/** Counts a try, and lets what went wrong weigh on the endpoint. */
export function account(front: Front, backend: Backend, endpoint: Endpoint, outcome: Outcome): void {
  const region = front.counters.region(endpoint.place.region)
  region.requests += 1
  switch (outcome.kind) {
    case 'gone':
      front.counters.edge.clientsGone += 1
      return
    case 'malformed':
      return
    case 'connect':
      region.connectFailures += 1
      endpoint.refuse()
      backend.judge(endpoint, true)
      return
    case 'reset':
    case 'broken':
      region.resets += 1
      backend.judge(endpoint, true)
      return
    case 'timeout':
      region.timeouts += 1
      backend.judge(endpoint, true)
      return
    default:
      countStatus(region, outcome.status)
      backend.judge(endpoint, outcome.status >= 500)
  }
}
