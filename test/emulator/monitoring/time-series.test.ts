import {expect, test} from 'vitest'
import type {EmulatorClock} from '../../../src/emulator/clock.ts'
import type {Gauge} from '../../../src/emulator/contract.ts'
import {createGoogleapis} from '../../../src/emulator/googleapis.ts'
import {createTimeSeriesService} from '../../../src/emulator/services/time-series.ts'

const NOW = Date.parse('2026-03-01T12:00:00.500Z')
const clock: EmulatorClock = {now: () => NOW, monotonic: () => 0, after: () => () => {}}
const WAITING = 'pubsub.googleapis.com/subscription/num_undelivered_messages'
const LAG = 'cloudsql.googleapis.com/database/replication/replica_lag'

const GAUGES: readonly Gauge[] = [
  {
    type: WAITING,
    resource: 'pubsub_subscription',
    valueType: 'INT64',
    sample: async () =>
      ['webhooks', 'bookings', 'bookings-dead'].map((id, at) => ({labels: {subscription_id: id}, value: at})),
  },
  {
    type: LAG,
    resource: 'cloudsql_database',
    valueType: 'DOUBLE',
    sample: async (project) => [{labels: {database_id: `${project}:b`, region: 'europe-west1'}, value: 0.25}],
  },
]

const server = createGoogleapis(
  () => {},
  () => true,
)
createTimeSeriesService([{gauges: GAUGES}], clock).routes!(server)

type Query = Readonly<Record<string, string>>
const WHEN = {'interval.startTime': '2026-03-01T11:50:00Z', 'interval.endTime': '2026-03-01T12:00:00Z'}

async function list(query: Query) {
  const answer = await server.inject({method: 'GET', url: '/v3/projects/p/timeSeries', query})
  return {status: answer.statusCode, body: answer.json()}
}
const of = (filter: string, more: Query = {}) => list({filter, ...WHEN, ...more})
// biome-ignore lint/suspicious/noExplicitAny: the API's answer
const idsIn = ({body}: {body: any}) =>
  // biome-ignore lint/suspicious/noExplicitAny: the API's answer
  (body.timeSeries ?? []).map((series: any) => series.resource.labels.subscription_id).toSorted()

test('a figure is of the moment it is asked for, and dated within the interval', async () => {
  const time = '2026-03-01T12:00:00.000Z'
  expect(await of(`metric.type = "${LAG}"`)).toEqual({
    status: 200,
    body: {
      timeSeries: [
        {
          metric: {type: LAG},
          resource: {
            type: 'cloudsql_database',
            labels: {project_id: 'p', database_id: 'p:b', region: 'europe-west1'},
          },
          metricKind: 'GAUGE',
          valueType: 'DOUBLE',
          points: [{interval: {startTime: time, endTime: time}, value: {doubleValue: 0.25}}],
        },
      ],
    },
  })
  const ahead = await of(`metric.type = "${LAG}"`, {'interval.endTime': '2026-03-01T12:05:00Z'})
  expect(ahead.body.timeSeries[0].points[0].interval.endTime).toBe('2026-03-01T12:00:00.500Z')
  const before = {'interval.startTime': '2026-03-01T11:00:00Z', 'interval.endTime': '2026-03-01T11:59:00Z'}
  expect((await of(`metric.type = "${LAG}"`, before)).body).toEqual({})
})

test('a filter chooses series by type and labels', async () => {
  const waiting = `metric.type = "${WAITING}"`
  const label = 'resource.labels.subscription_id'
  expect(idsIn(await of(waiting))).toEqual(['bookings', 'bookings-dead', 'webhooks'])
  expect(idsIn(await of(`${waiting} AND ${label} = "bookings"`))).toEqual(['bookings'])
  expect(idsIn(await of(`resource.type="pubsub_subscription" ${waiting} ${label}=starts_with("book")`))).toEqual([
    'bookings',
    'bookings-dead',
  ])
  expect(idsIn(await of(`${waiting} AND ${label} = one_of("webhooks", "bookings", "gone")`))).toEqual([
    'bookings',
    'webhooks',
  ])
  expect(idsIn(await of(`${waiting} AND resource.labels.project_id = "other"`))).toEqual([])
})

test('time series come in pages, and as headers without points', async () => {
  const filter = `metric.type = "${WAITING}"`
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await of(filter, {pageSize: '2', view: 'HEADERS', ...(pageToken && {pageToken})})
    expect(page.body.timeSeries.every((series: object) => !('points' in series))).toBe(true)
    seen.push(...idsIn(page))
    pageToken = page.body.nextPageToken ?? ''
  } while (pageToken)
  expect(seen.toSorted()).toEqual(['bookings', 'bookings-dead', 'webhooks'])
  expect((await of(filter, {pageSize: '3'})).body).not.toHaveProperty('nextPageToken')
})

const FILTER = `metric.type = "${WAITING}"`
test.each<[string, Query, string]>([
  ['without a filter', WHEN, 'Field filter'],
  ['with a filter of no metric type', {...WHEN, filter: 'resource.type = "cloudsql_database"'}, 'single metric type'],
  ['with a filter of two metric types', {...WHEN, filter: `${FILTER} metric.type = "${LAG}"`}, 'single metric type'],
  ['with a filter of metric types by prefix', {...WHEN, filter: 'metric.type = starts_with("a")'}, 'single metric'],
  ['with an unreadable filter', {...WHEN, filter: `${FILTER} AND`}, 'position'],
  ['with an unknown selector', {...WHEN, filter: `${FILTER} AND group.id = "g"`}, 'group.id'],
  ['without an end time', {filter: FILTER, 'interval.startTime': WHEN['interval.startTime']}, 'Field interval.endTime'],
  ['with an end before its start', {filter: FILTER, ...WHEN, 'interval.endTime': '2026-03-01T11:00:00Z'}, 'later'],
  ['with an order', {filter: FILTER, ...WHEN, orderBy: 'metric'}, 'Field orderBy'],
  ['with an unknown view', {filter: FILTER, ...WHEN, view: 'SOME'}, 'Field view'],
  ['with a negative page size', {filter: FILTER, ...WHEN, pageSize: '-1'}, 'Field pageSize'],
  ['with an unknown parameter', {filter: FILTER, ...WHEN, since: '5m'}, 'Unknown name "since"'],
  [
    'with a period of less than a minute',
    {filter: FILTER, ...WHEN, 'aggregation.perSeriesAligner': 'ALIGN_MAX', 'aggregation.alignmentPeriod': '30s'},
    'Field aggregation.alignmentPeriod',
  ],
  [
    'with an aligner and no period',
    {filter: FILTER, ...WHEN, 'aggregation.perSeriesAligner': 'ALIGN_MAX'},
    'Field aggregation.alignmentPeriod',
  ],
  [
    'with a reducer and no aligner',
    {filter: FILTER, ...WHEN, 'aggregation.crossSeriesReducer': 'REDUCE_SUM'},
    'Field aggregation.perSeriesAligner',
  ],
  [
    'with a second aggregation alone',
    {filter: FILTER, ...WHEN, 'secondaryAggregation.perSeriesAligner': 'ALIGN_MAX'},
    'Field secondaryAggregation.perSeriesAligner',
  ],
])('a question about time series %s is refused', async (_, query, why) => {
  expect(await list(query)).toMatchObject({
    status: 400,
    body: {error: {code: 400, status: 'INVALID_ARGUMENT', message: expect.stringContaining(why)}},
  })
})

test('a metric that the emulator does not know is not found', async () => {
  expect(await of('metric.type = "custom.googleapis.com/mine"')).toMatchObject({
    status: 404,
    body: {error: {status: 'NOT_FOUND', message: expect.stringContaining('custom.googleapis.com/mine')}},
  })
})

test('an aggregation is not emulated, and says so', async () => {
  const aggregation = {'aggregation.perSeriesAligner': 'ALIGN_MAX', 'aggregation.alignmentPeriod': '60s'}
  expect(await of(FILTER, aggregation)).toMatchObject({status: 501, body: {error: {status: 'UNIMPLEMENTED'}}})
})
