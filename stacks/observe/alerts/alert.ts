/** An alert rule as plain data: PromQL over Google's metrics. Names: https://cloud.google.com/monitoring/api/metrics_gcp */
export interface Alert {
  readonly name: string
  readonly title: string
  readonly query: string
  readonly durationSeconds: number
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING'
  /** What the person who is woken up does first. */
  readonly advice: string
}
