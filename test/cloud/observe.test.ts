/** `ha status` on Google, against its answers as documented: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/TimeSeries and the like. */
import {once} from 'node:events'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, onTestFinished, test, vi} from 'vitest'
import type {Clock} from '../../src/clock.ts'
import type {Observation} from '../../src/cloud/cloud.ts'
import {observe} from '../../src/cloud/observe.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const [US, EU] = ['us-east1', 'europe-west1']
const config = exampleConfig({regions: [US, EU]})
const topology = deriveTopology(config, initialRoles(config))
const [primary, replica] = topology.database!.instances.map(({name}) => name) as [string, string]
const {subscription, deadLetterSubscription} = topology.queues[0]!
const backend = topology.services.find(({name}) => name === 'api')!.backend!

const NOW = Date.parse('2026-03-01T12:00:00Z')
const clock: Clock = {now: () => NOW, monotonic: () => 0, sleep: async () => {}}
const LAG = 'cloudsql.googleapis.com/database/replication/replica_lag'
const WAITING = 'pubsub.googleapis.com/subscription/num_undelivered_messages'
const OLDEST = 'pubsub.googleapis.com/subscription/oldest_unacked_message_age'

interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  // biome-ignore lint/suspicious/noExplicitAny: what was sent
  readonly body: any
}
/** undefined: never answered; a number: refused with that status. */
type Answer = object | number | undefined
type Answers = Record<string, (asked: Asked) => Answer>

const series = (label: string, id: string, value: object, ...agesSeconds: number[]) => ({
  resource: {labels: {project_id: 'stay-test', [label]: id}},
  points: agesSeconds.map((age, at) => ({
    interval: {endTime: new Date(NOW - age * 1000).toISOString()},
    // Older points say something else: only the newest counts.
    value: at === 0 ? value : {int64Value: '99', doubleValue: 99},
  })),
})
const group = (region: string, zone: string) =>
  `https://www.googleapis.com/compute/v1/projects/stay-test/zones/${region}-${zone}/networkEndpointGroups/g`
const healthy = (...states: string[]) => ({healthStatus: states.map((healthState) => ({healthState}))})

const MONITORING: Readonly<Record<string, object>> = {
  [LAG]: {timeSeries: [series('database_id', `stay-test:${replica}`, {doubleValue: 0.42}, 130, 190)]},
  [WAITING]: {
    timeSeries: [
      series('subscription_id', subscription, {int64Value: '7'}, 70, 130),
      series('subscription_id', deadLetterSubscription, {int64Value: '2'}, 100),
    ],
  },
  [OLDEST]: {timeSeries: [series('subscription_id', subscription, {int64Value: '40'}, 90)]},
}
const metricIn = ({query}: Asked) => /metric\.type = "([^"]+)"/.exec(query.get('filter')!)![1]!

const WELL: Answers = {
  instances: () => ({
    items: [
      {name: primary, region: US, state: 'RUNNABLE', gceZone: `${US}-b`, databaseVersion: 'POSTGRES_16'},
      {name: replica, region: EU, state: 'RUNNABLE', instanceType: 'READ_REPLICA_INSTANCE'},
    ],
  }),
  [backend]: () => ({
    fingerprint: 'f',
    backends: [
      {group: group(US, 'b'), capacityScaler: 1},
      {group: group(US, 'c'), capacityScaler: 1},
      {group: group(EU, 'b'), capacityScaler: 0},
    ],
  }),
  getHealth: ({body}) => (body.group.includes(EU) ? healthy('HEALTHY') : healthy('HEALTHY', 'UNHEALTHY')),
  timeSeries: (asked) => MONITORING[metricIn(asked)]!,
  deployments: () => ({items: []}),
  pods: () => ({items: []}),
}

/** Answers by the last segment of the path; what nobody answers for is 404. */
async function open(changed: Answers = {}, of = topology) {
  const answers: Answers = {...WELL, ...changed}
  const seen: (Asked & {readonly token: string | undefined})[] = []
  const server = createServer(async (request, response) => {
    const {pathname: path, searchParams: query} = new URL(request.url!, 'http://x')
    let text = ''
    for await (const chunk of request) text += chunk
    const question: Asked = {path, query, body: text === '' ? undefined : JSON.parse(text)}
    seen.push({...question, token: request.headers.authorization})
    const last = path.split('/').at(-1)!
    const answer = answers[last] ? answers[last](question) : 404
    server.emit('asked', last)
    if (answer === undefined) return
    const [status, body] = typeof answer === 'number' ? [answer, {error: {message: `refused ${last}`}}] : [200, answer]
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise<void>((closed) => void server.close(() => closed()))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const look = () => observe({base: () => url, token: async () => 'key'}, clock, of, {[US]: url, [EU]: url})
  return {look, seen, server}
}

const region = ({regions}: Observation, name: string) => regions.find((it) => it.name === name)!

test('everything is seen, figures with their age', async () => {
  const {look} = await open()
  const observation = await look()
  expect(observation.url).toBe('https://api.stay.example')
  expect(region(observation, US)).toMatchObject({
    instance: {seen: {name: primary, role: 'primary', state: 'RUNNABLE', zone: `${US}-b`}},
    endpoints: {seen: [{service: 'api', healthy: 2, total: 4, drained: false}]},
  })
  expect(region(observation, EU)).toMatchObject({
    instance: {seen: {role: 'replica', lag: {seen: {value: 0.42, ageSeconds: 130}}}},
    endpoints: {seen: [{service: 'api', healthy: 1, total: 1, drained: true}]},
  })
  expect(observation.queues).toEqual({
    seen: [{name: 'bookings', backlog: 7, oldestSeconds: 40, dead: 2, ageSeconds: 100}],
  })
})

test('Monitoring is asked for the last ten minutes of exactly these series, as whoever runs ha, page by page', async () => {
  const {look, seen} = await open({
    timeSeries: (question) => {
      if (metricIn(question) !== WAITING) return {}
      const [first, second] = (MONITORING[WAITING] as {timeSeries: object[]}).timeSeries
      return question.query.get('pageToken') === 'more'
        ? {timeSeries: [second]}
        : {timeSeries: [first], nextPageToken: 'more'}
    },
  })
  expect((await look()).queues).toEqual({seen: [{name: 'bookings', backlog: 7, dead: 2, ageSeconds: 100}]})
  const questions = seen.filter(({path}) => path === '/v3/projects/stay-test/timeSeries')
  expect(new Set(questions.map(({token}) => token))).toEqual(new Set(['Bearer key']))
  expect(questions.map(({query}) => query.get('filter')).toSorted()).toEqual([
    `metric.type = "${LAG}" AND resource.labels.database_id = one_of("stay-test:${primary}", "stay-test:${replica}")`,
    ...Array(2).fill(
      `metric.type = "${WAITING}" AND resource.labels.subscription_id = one_of("${subscription}", "${deadLetterSubscription}")`,
    ),
    `metric.type = "${OLDEST}" AND resource.labels.subscription_id = one_of("${subscription}")`,
  ])
  expect(Object.fromEntries(questions[0]!.query)).toMatchObject({
    'interval.startTime': '2026-03-01T11:50:00.000Z',
    'interval.endTime': '2026-03-01T12:00:00.000Z',
  })
})

test('a figure that Monitoring does not have yet is absent, not zero', async () => {
  const {look} = await open({timeSeries: () => ({})})
  const observation = await look()
  expect(observation.queues).toEqual({seen: [{name: 'bookings'}]})
  expect(region(observation, EU).instance).toMatchObject({seen: {role: 'replica'}})
  expect(region(observation, EU).instance).not.toHaveProperty('seen.lag')
})

test.each<[string, Answers, (observation: Observation) => unknown, unknown]>([
  ['Monitoring, for lag', {timeSeries: () => 403}, (it) => region(it, EU).instance, {seen: {lag: {unseen: /refused/}}}],
  ['Monitoring, for queues', {timeSeries: () => 403}, ({queues}) => queues, {unseen: /refused timeSeries/}],
  ['Cloud SQL', {instances: () => 503}, (it) => region(it, US).instance, {unseen: /refused instances/}],
  ['the load balancer', {[backend]: () => 503}, (it) => region(it, US).endpoints, {unseen: /refused/}],
  [
    'the load balancer, for one region',
    {getHealth: ({body}) => (body.group.includes(US) ? 503 : healthy('HEALTHY'))},
    (it) => region(it, US).endpoints,
    {unseen: /refused getHealth/},
  ],
  ['a cluster', {deployments: () => 503}, (it) => region(it, US).services, {unseen: /refused deployments/}],
])('%s that refuses is named and hides nothing else', async (_, changed, part, expected) => {
  const [whole, partly] = [await (await open()).look(), await (await open(changed)).look()]
  expect(part(partly)).toEqual(matching(expected))
  const unseen = JSON.stringify(partly).match(/"unseen"/g)!.length
  const usual = JSON.stringify(whole).match(/"unseen"/g)?.length ?? 0
  expect(usual).toBe(0)
  expect(unseen).toBeLessThanOrEqual(2)
})

/** Regular expressions as matchers, objects as parts. */
function matching(value: unknown): unknown {
  if (value instanceof RegExp) return expect.stringMatching(value)
  if (typeof value !== 'object' || value === null) return value
  return expect.objectContaining(Object.fromEntries(Object.entries(value).map(([key, it]) => [key, matching(it)])))
}

test('a backend service that is not made yet has no endpoints anywhere', async () => {
  const {look} = await open({[backend]: () => 404})
  expect(region(await look(), US).endpoints).toEqual({seen: []})
})

test('Monitoring that never answers costs three seconds, and the rest is seen', async () => {
  const {look, server} = await open({timeSeries: () => undefined})
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  onTestFinished(() => void vi.useRealTimers())
  let waiting = 0
  const asked = new Promise<void>((all) => {
    server.on('asked', (last) => {
      waiting += last === 'timeSeries' ? 1 : 0
      if (waiting === 3) all()
    })
  })
  const looking = look()
  await asked
  await vi.advanceTimersByTimeAsync(3_000)
  const observation = await looking
  expect(observation.queues).toEqual({unseen: expect.stringContaining('no answer within 3 s')})
  expect(region(observation, US).endpoints).toMatchObject({seen: [{healthy: 2}]})
})

const moved = deriveTopology(config, {...initialRoles(config), epoch: 2, primary: EU, generations: {[US]: 2, [EU]: 1}})
const WINDOW = {earliestRecoveryTime: '2026-03-01T11:00:00Z', latestRecoveryTime: '2026-03-01T11:59:00.5Z'}

test.each<[string, Answers, Observation['recovery']]>([
  ['a window', {getLatestRecoveryTime: () => WINDOW}, {seen: {earliest: NOW - 3_600_000, latest: NOW - 59_500}}],
  ['none', {getLatestRecoveryTime: () => 400}, {seen: undefined}],
  ['times left out', {getLatestRecoveryTime: () => ({kind: 'sql#getLatestRecoveryTime'})}, {seen: undefined}],
  ['no answer', {getLatestRecoveryTime: () => 503}, {unseen: expect.stringContaining('refused') as unknown as string}],
])('after a change of primary what it can be recovered to is asked: %s', async (_, answers, expected) => {
  const {look} = await open(answers, moved)
  const {recovery, leftBehind} = await look()
  expect(recovery).toEqual(expected)
  expect(leftBehind?.map(({name}) => name)).toEqual([primary])
})
