/**
 * The parameters of `projects.timeSeries.list`, checked as Google's API does. Sources:
 * https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list,
 * https://cloud.google.com/monitoring/api/ref_v3/rest/v3/Aggregation
 */
import {failWith} from './rest.ts'

export interface Ask {
  readonly filter: string
  /** Milliseconds since the epoch, both included. */
  readonly startMs: number
  readonly endMs: number
  readonly view: string
  readonly pageSize: number
  /** Empty: the first page. */
  readonly pageToken: string
}

type Query = Readonly<Record<string, string | readonly string[]>>

const AGGREGATION = ['alignmentPeriod', 'perSeriesAligner', 'crossSeriesReducer', 'groupByFields']
const KNOWN = new Set([
  ...['filter', 'interval.startTime', 'interval.endTime', 'orderBy', 'view', 'pageSize', 'pageToken'],
  ...['aggregation', 'secondaryAggregation'].flatMap((of) => AGGREGATION.map((field) => `${of}.${field}`)),
  // Every Google API takes these: https://cloud.google.com/apis/docs/system-parameters
  ...['alt', 'fields', 'key', 'prettyPrint', 'quotaUser'],
])
const LARGEST_PAGE = 100_000
const LEAST_ALIGNMENT_SECONDS = 60

/** Throws 400 with the field, 501 for an aggregation that Google would carry out. */
export function parseAsk(query: Query): Ask {
  for (const name of Object.keys(query)) {
    if (!KNOWN.has(name)) {
      failWith(
        400,
        `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
      )
    }
  }
  const filter = one(query, 'filter')
  if (filter === '') refuse('filter', '', 'It is required.')
  if (one(query, 'orderBy') !== '') refuse('orderBy', one(query, 'orderBy'), 'It must be left blank.')
  const view = one(query, 'view') || 'FULL'
  if (view !== 'FULL' && view !== 'HEADERS') refuse('view', view, 'Must be FULL or HEADERS.')
  checkAggregation(query)
  return {filter, ...intervalOf(query), view, pageSize: pageSizeOf(query), pageToken: one(query, 'pageToken')}
}

/** Of a gauge: without a start the end alone counts. */
function intervalOf(query: Query): Pick<Ask, 'startMs' | 'endMs'> {
  const timeOf = (field: string) => {
    const text = one(query, field)
    const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
    return Number.isNaN(time) ? refuse(field, text, 'A time in RFC 3339 is required.') : time
  }
  const endMs = timeOf('interval.endTime')
  const startMs = one(query, 'interval.startTime') === '' ? endMs : timeOf('interval.startTime')
  if (startMs > endMs) {
    refuse('interval.startTime', one(query, 'interval.startTime'), 'The start time cannot be later than the end time.')
  }
  return {startMs, endMs}
}

function pageSizeOf(query: Query): number {
  const text = one(query, 'pageSize') || '0'
  const size = Number(text)
  if (!Number.isInteger(size) || size < 0) refuse('pageSize', text, 'Must be a positive number.')
  return Math.min(size || LARGEST_PAGE, LARGEST_PAGE)
}

function checkAggregation(query: Query): void {
  const field = (name: string) => `aggregation.${name}`
  const [aligner, reducer] = [one(query, field('perSeriesAligner')), one(query, field('crossSeriesReducer'))]
  const aligns = aligner !== '' && aligner !== 'ALIGN_NONE'
  const reduces = reducer !== '' && reducer !== 'REDUCE_NONE'
  if (reduces && !aligns) refuse(field('perSeriesAligner'), aligner, 'Required, and not ALIGN_NONE, with a reducer.')
  const second = Object.keys(query).find((name) => name.startsWith('secondaryAggregation.'))
  if (second !== undefined && !aligns) refuse(second, one(query, second), 'Only after a first aggregation.')
  if (!aligns) return
  const period = one(query, field('alignmentPeriod'))
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(period)?.[1] ?? Number.NaN)
  if (!(seconds >= LEAST_ALIGNMENT_SECONDS)) {
    refuse(field('alignmentPeriod'), period, `Required with an aligner: at least ${LEAST_ALIGNMENT_SECONDS}s.`)
  }
  failWith(501, 'The emulator does not aggregate time series: leave the aggregation out.')
}

/** A parameter that can be given once. */
function one(query: Query, name: string): string {
  const value = query[name] ?? ''
  return typeof value === 'string' ? value : refuse(name, value.join(', '), 'It can be given only once.')
}

function refuse(field: string, value: string, why: string): never {
  failWith(400, `Field ${field} had an invalid value of "${value}": ${why}`)
}
