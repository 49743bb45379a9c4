/** Pure rules of the data plane, by table. */
import {expect, test} from 'vitest'
import {type Counters, compilePolicy, evaluate} from '../../../src/emulator/compute/plane/armor.ts'
import {GOOD_STANDING, isEjected, judge, type Standing} from '../../../src/emulator/compute/plane/outliers.ts'
import {observe} from '../../../src/emulator/compute/plane/probe.ts'
import {type Failure, nextStep} from '../../../src/emulator/compute/plane/retry.ts'
import {location, route} from '../../../src/emulator/compute/plane/routes.ts'
import {compileUrlMap} from '../../../src/emulator/compute/plane/url-map.ts'
import {parseBatch} from '../../../src/emulator/compute/rest/batch.ts'
import {parseFilter} from '../../../src/emulator/compute/rest/filter.ts'

const GET = {method: 'GET', emptyBody: true, replayable: true, retries: 0, policy: undefined}
const POST = {...GET, method: 'POST', emptyBody: false}
const status = (code: number): Failure => ({kind: 'status', status: code})

test.each([
  ['a refused connection goes elsewhere, whatever the method', {kind: 'connect'}, {...POST, replayable: false}, 'free'],
  ['a GET that got 503 is tried once more', status(503), GET, 'counted'],
  ['a GET that got 500 is not', status(500), GET, 'stop'],
  ['a GET is tried once only', status(503), {...GET, retries: 1}, 'stop'],
  ['a GET whose connection broke is tried once more', {kind: 'reset'}, GET, 'counted'],
  ['a POST that got 503 is not tried again', status(503), POST, 'stop'],
  ['a POST without a body is not either', status(503), {...POST, emptyBody: true}, 'stop'],
  ['a POST whose connection broke may have been done', {kind: 'reset'}, POST, 'stop'],
  ['a small PUT whose connection broke is tried once more', {kind: 'reset'}, {...POST, method: 'PUT'}, 'counted'],
  ['a long PUT cannot be', {kind: 'reset'}, {...POST, method: 'PUT', replayable: false}, 'stop'],
  ['a time-out is not retried by default', {kind: 'timeout'}, GET, 'stop'],
  ['a policy with 5xx retries 500', status(500), {...GET, policy: {conditions: ['5xx'], retries: 2}}, 'counted'],
  [
    'a policy retries as often as it says',
    status(500),
    {...GET, retries: 2, policy: {conditions: ['5xx'], retries: 2}},
    'stop',
  ],
  [
    'a policy applies to POST too',
    status(503),
    {...POST, policy: {conditions: ['gateway-error'], retries: 1}},
    'counted',
  ],
  [
    'connect-failure alone leaves 503 alone',
    status(503),
    {...GET, policy: {conditions: ['connect-failure'], retries: 1}},
    'stop',
  ],
  ['409 is retriable-4xx', status(409), {...GET, policy: {conditions: ['retriable-4xx'], retries: 1}}, 'counted'],
] as const)('%s', (_, failure, tried, expected) => {
  expect(nextStep(failure, tried)).toBe(expected)
})

const OUTLIERS = {
  consecutiveErrors: 3,
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionPercent: 50,
  enforced: true,
}

const after = (results: string, pool = {ejected: 0, total: 4}, from: Standing = GOOD_STANDING) =>
  [...results].reduce((standing, result, at) => judge(standing, result === 'x', 1000 + at, OUTLIERS, pool), from)

test.each([
  ['three errors in a row eject', 'xxx', {ejected: 0, total: 4}, true],
  ['a success in between starts again', 'xx.xx', {ejected: 0, total: 4}, false],
  ['nobody is ejected beyond maxEjectionPercent', 'xxx', {ejected: 2, total: 4}, false],
  ['one may be ejected whatever the share', 'xxx', {ejected: 0, total: 1}, true],
] as const)('%s', (_, results, pool, ejected) => {
  expect(isEjected(after(results, pool), 1010)).toBe(ejected)
})

test('an endpoint that is ejected again stays out longer, and after quiet intervals it is forgiven', () => {
  const once = after('xxx')
  expect(isEjected(once, 1002 + 29_999)).toBe(true)
  expect(isEjected(once, 1002 + 30_000)).toBe(false)
  const back = once.ejectedUntil + 1
  const twice = [back, back + 1, back + 2].reduce(
    (standing, now) => judge(standing, true, now, OUTLIERS, {ejected: 0, total: 4}),
    once,
  )
  expect(twice.ejectedUntil - (back + 2)).toBe(60_000)
  expect(judge(twice, false, twice.ejectedUntil + 20_000, OUTLIERS, {ejected: 0, total: 4}).ejections).toBe(0)
})

test.each([
  ['a new endpoint needs as many passes as the threshold', false, '..', true],
  ['one pass is not enough', false, '.', false],
  ['a failure starts the count again', false, '.x.', false],
  ['it stays healthy short of the threshold', true, 'xx', true],
  ['and turns at it', true, 'xxx', false],
] as const)('%s', (_, healthy, results, expected) => {
  const check = {healthyThreshold: 2, unhealthyThreshold: 3}
  expect([...results].reduce((health, one) => observe(health, one === '.', check), {healthy, streak: 0}).healthy).toBe(
    expected,
  )
})

const MAP = compileUrlMap({
  defaultService: 'projects/p/global/backendServices/web',
  hostRules: [
    {hosts: ['api.example.com', '*.api.example.com'], pathMatcher: 'api'},
    {hosts: ['routes.example.com'], pathMatcher: 'routes'},
    {hosts: ['old.example.com'], pathMatcher: 'old'},
  ],
  pathMatchers: [
    {
      name: 'api',
      defaultService: 'projects/p/global/backendServices/api',
      pathRules: [
        {paths: ['/v1/*', '/v1'], service: 'projects/p/global/backendServices/v1'},
        {paths: ['/v1/files/*'], service: 'projects/p/global/backendServices/files'},
        {paths: ['/exact'], service: 'projects/p/global/backendServices/exact'},
      ],
    },
    {
      name: 'routes',
      defaultService: 'projects/p/global/backendServices/api',
      routeRules: [
        {priority: 2, matchRules: [{prefixMatch: '/'}], service: 'projects/p/global/backendServices/second'},
        {
          priority: 1,
          matchRules: [{prefixMatch: '/a', headerMatches: [{headerName: 'X-Canary', exactMatch: 'yes'}]}],
          service: 'projects/p/global/backendServices/canary',
        },
      ],
    },
    {name: 'old', defaultUrlRedirect: {httpsRedirect: true, hostRedirect: 'new.example.com', stripQuery: false}},
  ],
})

test.each([
  ['any host', 'other.com', '/', 'web'],
  ['a host with a port', 'API.example.com:8080', '/', 'api'],
  ['a host below a wildcard', 'eu.api.example.com', '/x', 'api'],
  ['a path below /v1/*', 'api.example.com', '/v1/bookings?x=1', 'v1'],
  ['/v1 itself', 'api.example.com', '/v1', 'v1'],
  ['the longest path', 'api.example.com', '/v1/files/a.png', 'files'],
  ['an exact path', 'api.example.com', '/exact', 'exact'],
  ['nothing below an exact path', 'api.example.com', '/exact/more', 'api'],
  ['a prefix that ends in mid-word', 'api.example.com', '/v10', 'api'],
  ['route rules in order of priority', 'routes.example.com', '/a', 'second'],
] as const)('a URL map routes %s', (_, host, path, service) => {
  const found = route(MAP, {host, path, headers: {}})
  expect(found).toMatchObject({kind: 'service', service: `projects/p/global/backendServices/${service}`})
})

test('a route rule can ask for a header', () => {
  const found = route(MAP, {host: 'routes.example.com', path: '/ab', headers: {'x-canary': 'yes'}})
  expect(found).toMatchObject({service: 'projects/p/global/backendServices/canary'})
})

test('a redirect keeps path and query unless told otherwise', () => {
  const line = {host: 'old.example.com', path: '/a/b?c=d', headers: {}}
  const found = route(MAP, line)
  expect(found.kind === 'redirect' && location(found, line, false)).toBe('https://new.example.com/a/b?c=d')
})

const policy = (...rules: object[]) =>
  compilePolicy({
    selfLink: 'x/p',
    rules: [
      ...rules,
      {priority: 2147483647, action: 'allow', match: {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}}},
    ],
  })

const from = (ranges: string[], action: string, more: object = {}) => ({
  priority: 10,
  action,
  match: {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ranges}},
  ...more,
})

const visit = (given: ReturnType<typeof policy>, ip: string, counters: Counters = new Map(), now = 0) =>
  evaluate(given, {ip, path: '/', headers: {}}, counters, now)

test('an address in a denied range is denied, others are not', () => {
  const given = policy(from(['10.0.0.0/8', '2001:db8::/32'], 'deny(403)'))
  expect(visit(given, '10.1.2.3').deny).toBe(403)
  expect(visit(given, '2001:db8::1').deny).toBe(403)
  expect(visit(given, '192.0.2.1').deny).toBeUndefined()
})

test('a rule in preview is reported and decides nothing', () => {
  const verdict = visit(policy(from(['*'], 'deny(403)', {preview: true})), '192.0.2.1')
  expect(verdict.deny).toBeUndefined()
  expect(verdict.preview).toEqual({policy: 'p', priority: 10, action: 'deny(403)', outcome: 'DENY'})
})

test('an expression never matches', () => {
  const given = policy({
    priority: 1,
    action: 'deny(403)',
    match: {expr: {expression: "evaluatePreconfiguredWaf('sqli-v33-stable')"}},
  })
  expect(visit(given, '192.0.2.1').deny).toBeUndefined()
})

const limit = (action: string, more: object = {}) =>
  policy(
    from(['*'], action, {
      rateLimitOptions: {
        rateLimitThreshold: {count: 2, intervalSec: 60},
        conformAction: 'allow',
        exceedAction: 'deny(429)',
        enforceOnKey: 'IP',
        ...more,
      },
    }),
  )

test('throttle denies what exceeds the count of an interval, per address', () => {
  const [given, counters] = [limit('throttle'), new Map() as Counters]
  const answers = [0, 1, 2, 59_999, 60_000].map((now) => visit(given, '192.0.2.1', counters, now).deny)
  expect(answers).toEqual([undefined, undefined, 429, 429, undefined])
  expect(visit(given, '192.0.2.2', counters, 2).deny).toBeUndefined()
})

test('rate_based_ban keeps an address out for the length of the ban', () => {
  const [given, counters] = [limit('rate_based_ban', {banDurationSec: 300}), new Map() as Counters]
  const answers = [0, 1, 2, 100_000, 300_001, 300_003].map((now) => visit(given, '192.0.2.1', counters, now).deny)
  expect(answers).toEqual([undefined, undefined, 429, 429, 429, undefined])
})

test.each([
  ['name=web', true],
  ['name="web"', true],
  ['name eq "w.*"', true],
  ['name ne web', false],
  ['(name = web) AND (size > 2)', true],
  ['(name = web) (size < 2)', false],
  ['name:we*', true],
  ['', true],
] as const)('the filter `%s` is understood', (filter, kept) => {
  expect(parseFilter(filter)({name: 'web', size: 3})).toBe(kept)
})

test('a filter that is not understood is refused', () => {
  expect(() => parseFilter('name ~ web')).toThrow(/Invalid list filter expression/)
})

test('a batch is taken apart', () => {
  const text = [
    '--b',
    'Content-Type: application/http',
    'Content-ID: <1>',
    '',
    'POST /compute/v1/x?y=1 HTTP/1.1',
    'Content-Type: application/json',
    '',
    '{"a":1}',
    '--b--',
    '',
  ].join('\r\n')
  expect(parseBatch(text, 'b')).toEqual([{contentId: '<1>', method: 'POST', url: '/compute/v1/x?y=1', body: '{"a":1}'}])
})
