/** Google's limits and defaults for load balancing, each with its source. Seconds unless said otherwise. */

/** https://cloud.google.com/load-balancing/docs/health-check-concepts#configurable_probe_intervals_and_timeout */
export const HEALTH_CHECK = {
  intervalSec: {default: 5, min: 1, max: 300},
  timeoutSec: {default: 5, min: 1, max: 300},
  threshold: {default: 2, min: 1, max: 10},
  httpPort: 80,
  httpsPort: 443,
} as const

/** https://cloud.google.com/load-balancing/docs/backend-service#timeout-setting, …/enabling-connection-draining */
export const BACKEND_SERVICE = {
  timeoutSec: {default: 30, min: 1, max: 2_147_483_647},
  /** The API's own default is 0; the Terraform and Pulumi provider sends 300. */
  drainingSec: {providerDefault: 300, min: 0, max: 3600},
  backends: 50,
  logSampleRate: 1,
} as const

/** capacityScaler: https://cloud.google.com/compute/docs/reference/rest/v1/backendServices (backends[].capacityScaler) */
export const CAPACITY_SCALER = {smallest: 0.1, largest: 1} as const

/**
 * Used where an outlierDetection block leaves a field out; without a block there is no outlier detection.
 * https://cloud.google.com/compute/docs/reference/rest/v1/backendServices (outlierDetection)
 */
export const OUTLIER_DETECTION = {
  consecutiveErrors: 5,
  intervalSec: 10,
  baseEjectionSec: 30,
  maxEjectionPercent: 10,
  enforcingConsecutiveErrors: 100,
} as const

/** failoverHealthThreshold: https://cloud.google.com/load-balancing/docs/service-lb-policy */
export const FAILOVER_HEALTH_THRESHOLD = 0.7

/**
 * Fixed between Google's front ends and backends, and the default towards clients:
 * https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries
 */
export const KEEP_ALIVE = {backendSec: 600, clientSec: 610} as const

/** Default retries, same page: once, on 502, 503 and 504, for requests without a body. */
export const RETRIES = {default: 1, max: 25, replayableBytes: 64 * 1024} as const

/** https://cloud.google.com/load-balancing/docs/quotas#https-lb-header-limits */
export const HEADERS = {bytes: 64 * 1024} as const

/** https://cloud.google.com/armor/docs/rate-limiting-overview, …/quotas */
export const SECURITY_POLICY = {
  defaultPriority: 2_147_483_647,
  rangesPerRule: 10,
  intervals: [10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600],
} as const

/** https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups/attachNetworkEndpoints */
export const NETWORK_ENDPOINTS_PER_CALL = 500

/** Ours: what the emulator keeps of its own chatter. */
export const KEPT = {operations: 500, accessLogBytes: 8 * 1024 * 1024} as const
