/** When somebody is told: thresholds that the objectives of ha.yaml do not give. */
export const LIMITS = {
  /** Multi-window burn rates over 28 days. Source: https://sre.google/workbook/alerting-on-slos/ */
  burns: [
    {name: 'fast', rate: 14.4, long: '1h', short: '5m', severity: 'CRITICAL'},
    {name: 'slow', rate: 6, long: '6h', short: '30m', severity: 'ERROR'},
  ],
  /** Share of requests a region may fail for five minutes. */
  regionErrors: 0.05,
  /** Share of all requests that should be answered within `milliseconds`. */
  latency: {goal: 0.99, milliseconds: 500},
  queueAgeSeconds: 300,
  diskShare: 0.85,
  cpuShare: 0.9,
  connectionShare: 0.8,
  certificateDays: 21,
  quotaShare: 0.8,
  /**
   * The API takes no objective beyond this; a higher one is watched by the burn rates alone.
   * Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives (goal)
   */
  highestSloGoal: 0.9999,
} as const
