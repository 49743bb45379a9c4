/** How the load balancer judges pods and regions. */
export const SERVING = {
  /** Requests per second that one pod takes before others are preferred. Spreads load between regions; refuses nothing. */
  ratePerEndpoint: 100,
  /** A pod is out after 2 × 5 s without an answer. */
  check: {intervalSeconds: 5, timeoutSeconds: 3, healthy: 1, unhealthy: 2},
  /** A pod that fails 5 times in a row is left alone for 30 s, never more than 30 % of them at once. */
  outliers: {errors: 5, intervalSeconds: 5, ejectionSeconds: 30, maxEjectionPercent: 30},
  /** Percent of a zone's pods that must be healthy, else its traffic goes elsewhere. */
  failoverThreshold: 70,
} as const
