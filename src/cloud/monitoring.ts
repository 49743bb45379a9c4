/** The newest figures of Cloud Monitoring. Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list */
import type {Reach} from './reach.ts'
import {callJson} from './rest.ts'

/** A figure as it was sampled. */
export interface Figure {
  readonly value: number
  readonly ageSeconds: number
}

/** By the id that was asked for; one that Monitoring has no sample of in the last minutes is missing. */
export type Figures = ReadonlyMap<string, Figure>

/**
 * Metrics, and the label of the resource that names whose they are. All are gauges, sampled each minute and shown up to 120 s
 * (Pub/Sub) or 165 s (Cloud SQL) later.
 * Sources: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub, https://cloud.google.com/sql/docs/postgres/admin-api/metrics
 */
const GAUGES = {
  /** Messages not acknowledged, by subscription. */
  backlog: {type: 'pubsub.googleapis.com/subscription/num_undelivered_messages', label: 'subscription_id'},
  /** Seconds since the oldest of them was published. */
  oldest: {type: 'pubsub.googleapis.com/subscription/oldest_unacked_message_age', label: 'subscription_id'},
  /** Seconds a replica is behind, by `project:instance`; negative: it does not replicate. */
  lag: {type: 'cloudsql.googleapis.com/database/replication/replica_lag', label: 'database_id'},
} as const

interface Answer {
  readonly timeSeries?: readonly Series[]
  readonly nextPageToken?: string
}
interface Series {
  readonly resource: {readonly labels: Readonly<Record<string, string>>}
  /** Newest first. */
  readonly points?: readonly {
    readonly interval: {readonly endTime: string}
    readonly value: {readonly int64Value?: string; readonly doubleValue?: number}
  }[]
}

/** Long enough for the latest sample to be in it, short enough for none that tells nothing any more. */
const WINDOW_MS = 600_000

/** @throws HaError CLOUD_UNREACHABLE, CLOUD_REFUSED */
export async function readFigures(
  reach: Reach,
  gauge: keyof typeof GAUGES,
  ids: readonly string[],
  deadlineMs: number,
): Promise<Figures> {
  const figures = new Map<string, Figure>()
  if (ids.length === 0) return figures
  const {type, label} = GAUGES[gauge]
  const now = reach.clock.now()
  const query = new URLSearchParams({
    filter: `metric.type = "${type}" AND resource.labels.${label} = one_of(${ids.map((id) => `"${id}"`).join(', ')})`,
    'interval.startTime': new Date(now - WINDOW_MS).toISOString(),
    'interval.endTime': new Date(now).toISOString(),
  })
  const url = `${reach.wires.base('monitoring')}/v3/projects/${reach.project}/timeSeries`
  for (;;) {
    const call = await reach.signed({deadlineMs})
    const {timeSeries = [], nextPageToken} = await callJson<Answer>(`${url}?${query}`, call)
    for (const {resource, points: [newest] = []} of timeSeries) {
      const id = resource.labels[label]
      // A series can go on over the page's end: its first point is the newest.
      if (id === undefined || newest === undefined || figures.has(id)) continue
      const ageSeconds = Math.max(0, Math.round((now - Date.parse(newest.interval.endTime)) / 1000))
      figures.set(id, {value: newest.value.doubleValue ?? Number(newest.value.int64Value), ageSeconds})
    }
    if (!nextPageToken) return figures
    query.set('pageToken', nextPageToken)
  }
}
