/**
 * A URL map made ready for lookups: host rules, path matchers, redirects, route actions.
 * https://cloud.google.com/load-balancing/docs/url-map-concepts
 */
import type {Props} from '../../contract.ts'
import {relativeName} from '../google.ts'
import {listOf, numberOr, propsOf, stringsOf, textOr} from '../kinds/kind.ts'
import {RETRIES} from '../limits.ts'

export interface RetryPolicy {
  readonly conditions: readonly string[]
  readonly retries: number
  readonly perTryMs?: number
}

export interface HeaderChange {
  readonly add: readonly {readonly name: string; readonly value: string; readonly replace: boolean}[]
  readonly remove: readonly string[]
}

export interface ToService {
  readonly kind: 'service'
  /** `projects/P/global/backendServices/N` */
  readonly service: string
  /** undefined: Google's default policy. */
  readonly retry?: RetryPolicy
  readonly timeoutMs?: number
  readonly rewrite?: {readonly host?: string; readonly prefix?: string; readonly matched: string}
  readonly headers: readonly {readonly request: HeaderChange; readonly response: HeaderChange}[]
}

export interface ToRedirect {
  readonly kind: 'redirect'
  readonly status: number
  readonly https: boolean
  readonly host?: string
  readonly path?: string
  readonly prefix?: string
  readonly matched: string
  readonly stripQuery: boolean
}

/** A URL map that names nothing for this request. */
export interface ToNothing {
  readonly kind: 'nothing'
}

export type Route = ToService | ToRedirect | ToNothing

export interface PathRule {
  readonly exact: ReadonlyMap<string, Route>
  /** Longest first. `/a/*` is kept as `/a/`. */
  readonly prefixes: readonly {readonly prefix: string; readonly to: Route}[]
  /** In order of priority; used instead of paths. */
  readonly rules: readonly {readonly matches: readonly Props[]; readonly to: Route}[]
  readonly otherwise: Route
}

export interface CompiledUrlMap {
  readonly hosts: ReadonlyMap<string, PathRule>
  /** `*.example.com` kept as `.example.com`, longest first; `*` as the empty suffix. */
  readonly suffixes: readonly {readonly suffix: string; readonly matcher: PathRule}[]
  readonly otherwise: Route
}

const CODES: Readonly<Record<string, number>> = {
  FOUND: 302,
  MOVED_PERMANENTLY_DEFAULT: 301,
  PERMANENT_REDIRECT: 308,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
}

const NOTHING: ToNothing = {kind: 'nothing'}

/** From the REST view of a URL map. */
export function compileUrlMap(map: Props): CompiledUrlMap {
  const headers = [headerActionOf(map)]
  const matchers = new Map(
    listOf(map.pathMatchers).map((matcher) => [String(matcher.name), compileMatcher(matcher, headers)] as const),
  )
  const hosts = new Map<string, PathRule>()
  const suffixes: {suffix: string; matcher: PathRule}[] = []
  for (const rule of listOf(map.hostRules)) {
    const matcher = matchers.get(String(rule.pathMatcher))
    if (matcher === undefined) continue
    for (const host of stringsOf(rule.hosts)) {
      if (host.startsWith('*')) suffixes.push({suffix: host.slice(1).toLowerCase(), matcher})
      else hosts.set(host.toLowerCase(), matcher)
    }
  }
  suffixes.sort((a, b) => b.suffix.length - a.suffix.length)
  const otherwise = target(map.defaultService, map.defaultUrlRedirect, map.defaultRouteAction, headers, '/')
  return {hosts, suffixes, otherwise}
}

function compileMatcher(matcher: Props, outer: ToService['headers']): PathRule {
  const headers = [...outer, headerActionOf(matcher)]
  const exact = new Map<string, Route>()
  const prefixes: {prefix: string; to: Route}[] = []
  for (const rule of listOf(matcher.pathRules)) {
    for (const path of stringsOf(rule.paths)) {
      const prefix = path.endsWith('*') ? path.slice(0, -1) : undefined
      const to = target(rule.service, rule.urlRedirect, rule.routeAction, headers, prefix ?? path)
      if (prefix === undefined) exact.set(path, to)
      else prefixes.push({prefix, to})
    }
  }
  prefixes.sort((a, b) => b.prefix.length - a.prefix.length)
  const rules = listOf(matcher.routeRules)
    .toSorted((a, b) => Number(a.priority) - Number(b.priority))
    .flatMap((rule) => {
      const given = listOf(rule.matchRules)
      const actions = [...headers, headerActionOf(rule)]
      return (given.length === 0 ? [{prefixMatch: '/'}] : given).map((match) => {
        const matched = textOr(propsOf(match).prefixMatch, textOr(propsOf(match).fullPathMatch, '/'))
        return {
          matches: [match],
          to: target(rule.service, rule.urlRedirect, rule.routeAction, actions, matched),
        }
      })
    })
  const otherwise = target(matcher.defaultService, matcher.defaultUrlRedirect, matcher.defaultRouteAction, headers, '/')
  return {exact, prefixes, rules, otherwise}
}

function target(
  service: unknown,
  redirect: unknown,
  action: unknown,
  headers: ToService['headers'],
  matched: string,
): Route {
  if (redirect !== undefined) return redirectOf(propsOf(redirect), matched)
  const settings = propsOf(action)
  const heaviest = listOf(settings.weightedBackendServices).toSorted((a, b) => Number(b.weight) - Number(a.weight))[0]
  const name = textOr(service, textOr(heaviest?.backendService, ''))
  if (name === '') return NOTHING
  const timeoutMs = durationMs(settings.timeout)
  const rewrite = propsOf(settings.urlRewrite)
  return {
    kind: 'service',
    service: relativeName(name, '', 'backendServices'),
    headers: headers.filter(({request, response}) =>
      [request, response].some((change) => change.add.length + change.remove.length > 0),
    ),
    ...(settings.retryPolicy === undefined ? {} : {retry: retryPolicy(propsOf(settings.retryPolicy))}),
    ...(timeoutMs === undefined ? {} : {timeoutMs}),
    ...(settings.urlRewrite === undefined
      ? {}
      : {
          rewrite: {
            matched,
            ...(rewrite.hostRewrite === undefined ? {} : {host: String(rewrite.hostRewrite)}),
            ...(rewrite.pathPrefixRewrite === undefined ? {} : {prefix: String(rewrite.pathPrefixRewrite)}),
          },
        }),
  }
}

const retryPolicy = (policy: Props): RetryPolicy => {
  const perTryMs = durationMs(policy.perTryTimeout)
  return {
    conditions: stringsOf(policy.retryConditions),
    retries: Math.min(numberOr(policy.numRetries, RETRIES.default), RETRIES.max),
    ...(perTryMs === undefined ? {} : {perTryMs}),
  }
}

const redirectOf = (redirect: Props, matched: string): ToRedirect => ({
  kind: 'redirect',
  status: CODES[textOr(redirect.redirectResponseCode, 'MOVED_PERMANENTLY_DEFAULT')] ?? 301,
  https: redirect.httpsRedirect === true,
  matched,
  stripQuery: redirect.stripQuery === true,
  ...(textOr(redirect.hostRedirect, '') === '' ? {} : {host: String(redirect.hostRedirect)}),
  ...(textOr(redirect.pathRedirect, '') === '' ? {} : {path: String(redirect.pathRedirect)}),
  ...(textOr(redirect.prefixRedirect, '') === '' ? {} : {prefix: String(redirect.prefixRedirect)}),
})

function headerActionOf(holder: Props): {request: HeaderChange; response: HeaderChange} {
  const action = propsOf(holder.headerAction)
  const change = (kind: 'request' | 'response'): HeaderChange => ({
    add: listOf(action[`${kind}HeadersToAdd`]).map((header) => ({
      name: String(header.headerName),
      value: String(header.headerValue),
      replace: header.replace === true,
    })),
    remove: stringsOf(action[`${kind}HeadersToRemove`]),
  })
  return {request: change('request'), response: change('response')}
}

/** A protobuf duration of the API, in milliseconds. */
export function durationMs(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const {seconds, nanos} = propsOf(value)
  return Number(seconds ?? 0) * 1000 + Number(nanos ?? 0) / 1e6
}
