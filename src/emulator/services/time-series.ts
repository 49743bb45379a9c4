/** `projects.timeSeries.list`: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list */
import type {FastifyInstance} from 'fastify'
import {type EmulatorClock, systemClock} from '../clock.ts'
import type {Gauge, Props, Sample, Service} from '../contract.ts'
import {parseFilter, type SeriesFilter} from './monitoring-filter.ts'
import {failWith} from './rest.ts'
import {type Ask, parseAsk} from './time-series-ask.ts'

/** Google samples once a minute; here whoever asks is the sampler, so a question about times longer ago finds nothing. */
const SAMPLED_EVERY_MS = 60_000

interface Asked {
  readonly Params: {readonly project: string}
  readonly Querystring: Readonly<Record<string, string | readonly string[]>>
}

/** Answers with what the services' gauges say at this moment; nothing is kept, and nothing runs while nobody asks. */
export function createTimeSeriesService(
  services: readonly Pick<Service, 'gauges'>[],
  clock: EmulatorClock = systemClock,
): Service {
  const gauges = services.flatMap(({gauges: own = []}) => own)
  return {
    name: 'monitoring',
    resources: [],
    routes(server: FastifyInstance) {
      server.get<Asked>('/v3/projects/:project/timeSeries', async ({params: {project}, query}) => {
        const ask = parseAsk(query)
        const filter = parseFilter(ask.filter)
        const gauge = gaugeOf(gauges, filter)
        const at = Math.min(clock.now(), ask.endMs)
        const isCovered = at >= ask.startMs && at > clock.now() - SAMPLED_EVERY_MS
        const samples = isCovered ? await gauge.sample(project) : []
        const series = samples
          .map(({labels, value}): Sample => ({labels: {project_id: project, ...labels}, value}))
          .filter(({labels}) => filter.labels.every(({label, matches}) => matches(labels[label] ?? '')))
        return page(series, ask, (sample) => viewOf(gauge, sample, ask, at))
      })
    },
  }
}

function gaugeOf(gauges: readonly Gauge[], {metric, resource}: SeriesFilter): Gauge {
  const gauge = gauges.find(({type}) => type === metric)
  if (!gauge || (resource !== undefined && resource !== gauge.resource)) {
    failWith(404, `Cannot find metric(s) that match type = "${metric}"${resource ? ` of a ${resource}` : ''}.`)
  }
  return gauge
}

/** Every series has one point, so a page counts points and series alike. The token is the last series of the page before. */
function page(series: readonly Sample[], {pageSize, pageToken}: Ask, view: (sample: Sample) => Props) {
  const keyOf = ({labels}: Sample) => Buffer.from(JSON.stringify(labels)).toString('base64url')
  const rest = series.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).filter((it) => keyOf(it) > pageToken)
  const taken = rest.slice(0, pageSize)
  return {
    ...(taken.length > 0 && {timeSeries: taken.map(view)}),
    ...(rest.length > pageSize && {nextPageToken: keyOf(taken.at(-1)!)}),
  }
}

function viewOf({type, resource, valueType}: Gauge, {labels, value}: Sample, {view}: Ask, at: number): Props {
  const time = new Date(at).toISOString()
  return {
    metric: {type},
    resource: {type: resource, labels},
    metricKind: 'GAUGE',
    valueType,
    ...(view === 'FULL' && {
      points: [
        {
          interval: {startTime: time, endTime: time},
          value: valueType === 'INT64' ? {int64Value: String(value)} : {doubleValue: value},
        },
      ],
    }),
  }
}
