import type {Props} from '../../contract.ts'
import {invalid, lastSegment} from '../google.ts'
import {route} from '../plane/routes.ts'
import {compileUrlMap} from '../plane/url-map.ts'
import {isProps, type Kind, listOf, propsOf, requireRange, stringsOf} from './kind.ts'

const CONDITIONS = [
  '5xx',
  'gateway-error',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]

const REDIRECT_CODES = ['FOUND', 'MOVED_PERMANENTLY_DEFAULT', 'PERMANENT_REDIRECT', 'SEE_OTHER', 'TEMPORARY_REDIRECT']

/** https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps */
export const urlMap: Kind = {
  token: 'gcp:compute/uRLMap:URLMap',
  collection: 'urlMaps',
  restKind: 'compute#urlMap',
  noun: 'url_map',
  enums: {
    'defaultUrlRedirect.redirectResponseCode': REDIRECT_CODES,
    'pathMatchers[].defaultUrlRedirect.redirectResponseCode': REDIRECT_CODES,
    'pathMatchers[].pathRules[].urlRedirect.redirectResponseCode': REDIRECT_CODES,
    'pathMatchers[].routeRules[].urlRedirect.redirectResponseCode': REDIRECT_CODES,
  },
  defaults: {},
  numberIn: 'mapId',
  fingerprinted: true,
  guarded: true,
  references: {service: 'backendServices', defaultService: 'backendServices', backendService: 'backendServices'},
  check: (inputs) => {
    const weighted = propsOf(inputs.defaultRouteAction).weightedBackendServices
    const given = [inputs.defaultService, inputs.defaultUrlRedirect, weighted].filter((value) => value !== undefined)
    const choices = 'defaultRouteAction.weightedBackendServices, defaultService, defaultUrlRedirect'
    if (given.length === 0) return [{property: 'defaultService', reason: `one of ${choices} must be specified`}]
    if (given.length > 1) return [{property: 'defaultService', reason: `only one of ${choices} can be specified`}]
    return []
  },
  validate: (wire) => {
    const names = listOf(wire.pathMatchers).map((matcher) => String(matcher.name))
    for (const [index, rule] of listOf(wire.hostRules).entries()) {
      if (names.includes(String(rule.pathMatcher))) continue
      throw invalid(`hostRules[${index}].pathMatcher`, rule.pathMatcher, 'The path matcher was not found.')
    }
    requirePaths(wire)
    requireRouteActions(wire, '')
    requireTests(wire)
  },
}

/** https://cloud.google.com/load-balancing/docs/url-map-concepts#pm-constraints */
function requirePaths(wire: Props): void {
  for (const [at, matcher] of listOf(wire.pathMatchers).entries()) {
    const field = `pathMatchers[${at}]`
    if (listOf(matcher.pathRules).length > 0 && listOf(matcher.routeRules).length > 0) {
      throw invalid(`${field}.routeRules`, '', 'A path matcher has either pathRules or routeRules.')
    }
    const seen = new Set<string>()
    for (const [index, rule] of listOf(matcher.pathRules).entries()) {
      for (const path of stringsOf(rule.paths)) {
        if (!/^\/([^*?#]*\/)?\*$|^\/[^*?#]*$/.test(path)) {
          throw invalid(
            `${field}.pathRules[${index}].paths`,
            path,
            `A path starts with '/' and has '*' only at its end, after a '/'.`,
          )
        }
        if (seen.has(path)) throw invalid(`${field}.pathRules[${index}].paths`, path, 'The path occurs more than once.')
        seen.add(path)
      }
    }
  }
}

function requireRouteActions(value: unknown, field: string): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) requireRouteActions(item, `${field}[${index}]`)
    return
  }
  if (!isProps(value)) return
  for (const [key, inner] of Object.entries(value)) {
    const at = field === '' ? key : `${field}.${key}`
    if (key === 'retryPolicy' && isProps(inner)) requireRetryPolicy(inner, at)
    else requireRouteActions(inner, at)
  }
}

function requireRetryPolicy(policy: Props, field: string): void {
  requireRange(`${field}.numRetries`, policy.numRetries, {min: 1, max: 2_147_483_647})
  const unknown = stringsOf(policy.retryConditions).find((condition) => !CONDITIONS.includes(condition))
  if (unknown !== undefined)
    throw invalid(`${field}.retryConditions`, unknown, `Must be one of ${CONDITIONS.join(', ')}.`)
}

/** A URL map is refused when one of its own tests fails: https://cloud.google.com/load-balancing/docs/url-map-concepts#test_cases */
function requireTests(wire: Props): void {
  const map = compileUrlMap(wire)
  for (const [index, test] of listOf(wire.tests).entries()) {
    const found = route(map, {host: String(test.host), path: String(test.path), headers: {}})
    const actual = found.kind === 'service' ? lastSegment(found.service) : found.kind
    if (test.service === undefined || actual === lastSegment(String(test.service))) continue
    throw invalid(
      `tests[${index}]`,
      test.path,
      `Expected service '${lastSegment(String(test.service))}', got '${actual}'.`,
    )
  }
}
