import type {ObserveInput} from './index.ts'

interface Chart {
  readonly title: string
  readonly query: string
}

const COLUMNS = 48
const WIDTH = 24
const HEIGHT = 16

/** Golden signals by region, lag, queues. Format: https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards */
export function dashboardJson(input: ObserveInput): string {
  const tiles = chartsOf(input).map(({title, query}, index) => ({
    xPos: (index * WIDTH) % COLUMNS,
    yPos: Math.floor((index * WIDTH) / COLUMNS) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    widget: {
      title,
      xyChart: {dataSets: [{plotType: 'LINE', timeSeriesQuery: {prometheusQuery: query}}]},
    },
  }))
  return JSON.stringify({displayName: input.prefix, mosaicLayout: {columns: COLUMNS, tiles}})
}

function chartsOf({prefix, front, database, subscriptions}: ObserveInput): Chart[] {
  const requests = (more: string) =>
    `sum by (backend_scope) (rate(loadbalancing_googleapis_com:https_backend_request_count{url_map_name="${prefix}"${more}}[5m]))`
  const ids = subscriptions.map(({subscription}) => subscription).join('|')
  const dead = subscriptions.map(({deadLetterSubscription}) => deadLetterSubscription).join('|')
  const sql = (name: string) => `cloudsql_googleapis_com:database_${name}{database_id=~".*:${prefix}-.*"}`
  const queue = (name: string, of: string) => `pubsub_googleapis_com:subscription_${name}{subscription_id=~"${of}"}`
  return [
    ...(front
      ? [
          {title: 'Requests by zone', query: requests('')},
          {title: 'Failed requests by zone', query: requests(',response_code_class="500"')},
          {
            title: 'Latency, 95th percentile',
            query: `histogram_quantile(0.95, sum by (le) (rate(loadbalancing_googleapis_com:https_total_latencies_bucket{url_map_name="${prefix}"}[5m])))`,
          },
        ]
      : []),
    ...(database
      ? [
          {title: 'Replication lag', query: sql('replication_replica_lag')},
          {title: 'Database CPU', query: sql('cpu_utilization')},
          {title: 'Database connections', query: `sum by (database_id) (${sql('postgresql_num_backends')})`},
        ]
      : []),
    ...(subscriptions.length > 0
      ? [
          {title: 'Oldest job', query: queue('oldest_unacked_message_age', ids)},
          {title: 'Jobs waiting', query: queue('num_undelivered_messages', ids)},
          {title: 'Dead letters', query: queue('num_undelivered_messages', dead)},
        ]
      : []),
  ]
}
