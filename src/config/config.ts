/** An ha.yaml after parsing, one environment chosen and its overrides applied: plain, complete, defaults filled in. */

export type Target = 'local' | 'gcp'
export type Preset = 'dev' | 'standard' | 'critical'

export interface Replicas {
  readonly min: number
  readonly max: number
  /** Average CPU to aim at, percent of the request (HTTP services). */
  readonly cpuPercent?: number
  /** Undelivered messages per worker to aim at (workers). */
  readonly backlog?: number
}

export interface Health {
  /** HTTP paths. `ready` must not depend on the database; `live` on nothing. */
  readonly ready: string
  readonly live: string
  /** Seconds an instance keeps serving after it left rotation. */
  readonly drainSeconds: number
}

export interface ServiceConfig {
  readonly name: string
  readonly type: 'http' | 'worker'
  /** With tag or digest. */
  readonly image: string
  /** What the container runs, when not the image's own entry point. */
  readonly command?: readonly string[]
  /** What stands for the image on the local target: command line and folder (absolute). */
  readonly local?: {readonly command: string; readonly cwd: string}
  /** Container port; HTTP services serve on it, workers answer their probes on it when they have `health`. */
  readonly port?: number
  /** URL prefixes routed to this service; the one with `/` is the default. HTTP only. */
  readonly paths: readonly string[]
  readonly replicas: Replicas
  readonly health?: Health
  /** Queues this service takes messages from. */
  readonly consumes: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly resources: {readonly cpuMillis: number; readonly memoryMiB: number}
  /** Seconds between SIGTERM and SIGKILL; at least drainSeconds + 10. */
  readonly graceSeconds: number
}

export interface DatabaseConfig {
  /** Major version of PostgreSQL. */
  readonly version: number
  readonly size: 'small' | 'medium' | 'large'
  readonly storageGiB: number
  readonly recoverySeconds: number
  readonly migrate?: {readonly service: string; readonly command: string}
}

/** The agent that runs in every region beside the app. */
export interface ObserverConfig {
  /** By digest on Google Cloud. */
  readonly image: string
  /** `METHOD /path BODY`, asked of the front door; `{id}` becomes a text no other canary has. */
  readonly canary: {readonly read?: string; readonly write?: string}
}

export interface QueueConfig {
  readonly name: string
  readonly ackSeconds: number
  /** Deliveries before a message goes to the dead letters (5 to 100). */
  readonly attempts: number
  readonly retentionSeconds: number
  readonly ordered: boolean
  readonly retry: {readonly minSeconds: number; readonly maxSeconds: number}
}

/** When planned operations are not begun: while all that it names is so, by the clocks of its zone. */
export interface BlockedWindow {
  /** Empty: every day. */
  readonly days: readonly ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[]
  /** Minutes since midnight; past midnight where `to` is not after `from`. */
  readonly hours?: {readonly from: number; readonly to: number}
  /** First and last day, `YYYY-MM-DD`. */
  readonly dates?: {readonly from: string; readonly to: string}
  readonly zone: string
  readonly reason: string
}

export interface Config {
  readonly app: string
  readonly environment: string
  readonly target: Target
  readonly preset: Preset
  /** Google Cloud project; `<app>-local` on the local target when not given. */
  readonly project: string
  /** Where state lives: `file:` URL or `gs://bucket`. undefined: `.ha/<environment>` beside ha.yaml. */
  readonly state?: string
  readonly domain?: string
  readonly alerts: readonly string[]
  readonly regions: readonly string[]
  readonly objectives: {
    /** Fraction, 0.9995. */
    readonly availability: number
    readonly rtoSeconds: number
    readonly rpoSeconds: number
  }
  readonly services: readonly ServiceConfig[]
  readonly database?: DatabaseConfig
  readonly queues: readonly QueueConfig[]
  readonly edge: {
    readonly rateLimitPerMinute?: number
    readonly waf: boolean /** Local target: port to listen on. */
    readonly port?: number
  }
  readonly secrets: readonly string[]
  /** Absent: none runs. */
  readonly observer?: ObserverConfig
  readonly operations: {
    readonly blocked: readonly BlockedWindow[]
    /** A query that tells for how many seconds the oldest unsent message of the app's outbox has waited. */
    readonly outbox?: string
  }
  /** What tells autoscalers of a backlog, where a service goes by one. */
  readonly metrics: {readonly image: string}
}
