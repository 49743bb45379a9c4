/** The port that operations need of a cloud: what changes roles, where records point, who is in rotation. Every call has a deadline. */
import type {Facts} from '../facts.ts'
import type {Seen, ServiceSeen, Waiting} from './cloud.ts'

/** A database instance as the API describes it; its server may say otherwise. */
export interface InstanceFacts {
  readonly name: string
  readonly region: string
  readonly role: 'primary' | 'replica'
  /** Replica: its primary's name. */
  readonly primary?: string
  /** Primary: the replica it can exchange roles with (ENTERPRISE_PLUS). */
  readonly drReplica?: string
  /** RUNNABLE, MAINTENANCE, …; UNKNOWN when the region does not answer. */
  readonly state: string
  /** Where it runs now, e.g. `us-east1-b`. */
  readonly zone?: string
  /** Wanted up (activationPolicy is not NEVER). */
  readonly active: boolean
  readonly edition: string
  readonly availability: string
  readonly version: string
  readonly tier: string
  readonly diskGiB: number
  readonly backups: boolean
  readonly recovery: boolean
  /** Where the log for that lies, as far as it is told: DISK, CLOUD_STORAGE, … */
  readonly logsIn?: string
  /** When Google is going to maintain it, milliseconds since the epoch; absent: not announced. */
  readonly maintenanceAt?: number
  readonly sslMode: string
  readonly flags: Readonly<Record<string, string>>
}

/** What the server itself says. Log positions in bytes from 0/0. */
export interface Position {
  readonly inRecovery: boolean
  readonly timeline: number
  readonly systemId: string
  /** Written by a primary, received by a replica. */
  readonly lsn: number
  readonly replayed: number
  /** Replica: connected to its primary and receiving. */
  readonly streaming: boolean
  /** Replica: what it receives is not replayed until somebody lets it go on. */
  readonly paused: boolean
  /** Replica: age of the newest transaction replayed, seconds; null when there was none. */
  readonly lagSeconds: number | null
  /** Replica: seconds since its primary was last heard of; null when it is not connected. */
  readonly contactSeconds: number | null
  /** Age of the oldest open transaction of a client, seconds. */
  readonly oldestTransactionSeconds: number
}

export type SqlDeed =
  | {readonly deed: 'stop' | 'start' | 'backup' | 'unprotect'; readonly instance: string}
  | {readonly deed: 'promote'; readonly instance: string; readonly failover: boolean}
  /** Names the replica that `instance`, a primary, can exchange roles with; before a switchover, and while both are up. */
  | {readonly deed: 'designate'; readonly instance: string; readonly replica: string}
  | {readonly deed: 'switchover'; readonly instance: string; readonly timeoutSeconds: number}
  /** A new replica of `primary`, its settings those of `like`. */
  | {
      readonly deed: 'replicate'
      readonly instance: string
      readonly region: string
      readonly primary: string
      readonly like: string
    }
  | {readonly deed: 'protect'; readonly instance: string; readonly availability: string; readonly recoveryDays: number}

/** A long-running operation. */
export interface SqlOperation {
  readonly id: string
  readonly type: string
  readonly done: boolean
  readonly error?: string
}

/** Milliseconds since the epoch. */
export interface RecoveryWindow {
  readonly earliest: number
  readonly latest: number
}

export interface Rotation {
  readonly fingerprint: string
  readonly groups: readonly {readonly group: string; readonly region: string; readonly share: number}[]
}

export interface Health {
  readonly healthy: number
  readonly total: number
}

export interface QueueNames {
  readonly topic: string
  readonly subscription: string
  readonly deadLetterSubscription: string
}

/** A queue as it is kept, and what waits in it. */
export interface QueueFacts {
  /** The subscription is the topic's. */
  readonly attached: boolean
  /** Where messages may be stored; none named: anywhere. */
  readonly regions: readonly string[]
  /** How long the topic keeps every message, acknowledged ones too; seconds. */
  readonly keptSeconds: number
  /** Absent when Monitoring does not answer. */
  readonly waiting?: Waiting
}

/** Times in milliseconds since the epoch. */
export interface Redelivery {
  readonly subscription: string
  readonly since: number
  /** When `since` was reckoned from. */
  readonly now: number
  /** Names this once; what waited before is kept under it for a week. */
  readonly mark: string
}

/** What the gates beside the app's pods go by (src/gate/word.ts reads it). */
export interface GateWord {
  /** Sessions of another epoch end. */
  readonly epoch: number
  /** `held`: no transaction begins. */
  readonly state: 'open' | 'held'
  /** Least timeline of a primary that counts; 0: any. */
  readonly timeline: number
}

export interface GateSeen {
  readonly word: GateWord
  readonly generation: string
}

/** @throws HaError CLOUD_UNREACHABLE, CLOUD_REFUSED (`data.status`) from every method. */
export interface Operable {
  instances(): Promise<readonly InstanceFacts[]>
  position(instance: string): Promise<Position>
  /** When the newest backup that succeeded ended, milliseconds since the epoch; undefined: there is none. */
  lastBackup(instance: string): Promise<number | undefined>
  /** Every moment in it can be recovered to; undefined: no window is open. */
  recoveryWindow(instance: string): Promise<RecoveryWindow | undefined>
  queue(names: QueueNames): Promise<QueueFacts>
  /** Everything published since then is to be delivered again, acknowledged or not, and nothing that waits is lost. Returns since when. */
  redeliver(redelivery: Redelivery): Promise<number>
  /** Since when that was done under this mark, milliseconds since the epoch; undefined: not yet. */
  redelivered(mark: string): Promise<number | undefined>
  /** Rows of one statement, everything as text. Throws CLOUD_REFUSED when the database refuses. */
  query(instance: string, sql: string, database?: string): Promise<readonly (readonly (string | null)[])[]>
  begin(deed: SqlDeed): Promise<SqlOperation>
  operation(id: string): Promise<SqlOperation>
  /** The instance's operations that have not ended, newest first. */
  running(instance: string): Promise<readonly SqlOperation[]>
  /** A TXT record's value; undefined when there is none. */
  record(name: string): Promise<string | undefined>
  /** All or nothing, and only while it still says `from`. */
  moveRecord(name: string, from: string | undefined, to: string): Promise<void>
  /** Undefined: nothing was said yet, or there are no gates. */
  gate(): Promise<GateSeen | undefined>
  /** Only while it is at `generation` (undefined: absent); else throws CLOUD_REFUSED 412. */
  setGate(word: GateWord, generation: string | undefined): Promise<void>
  rotation(backend: string): Promise<Rotation>
  /** One change for all groups. Throws CLOUD_REFUSED 412 when the backend service changed since `rotation` was read. */
  setRotation(backend: string, rotation: Rotation): Promise<void>
  /** Health of the endpoints by region, as the load balancer sees it. */
  health(backend: string, rotation: Rotation): Promise<Readonly<Record<string, Health>>>
  /** Whether the region's Kubernetes API answers, and what runs there. */
  workloads(region: string): Promise<Seen<readonly ServiceSeen[]>>
  /** What the region's observer knows, if one runs there and can be reached. */
  observed(region: string): Promise<Seen<Facts>>
}
