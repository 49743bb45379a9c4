/**
 * The platform as plain data: every name, address range and number spelled out, nothing left to decide.
 * Made by `deriveTopology(config, roles)`; read by the stacks, the engine and the operations.
 */
import type {Config, DatabaseConfig, Preset, QueueConfig, ServiceConfig, Target} from '../config/config.ts'
import type {Drain} from './drain.ts'
import type {Terms} from './presets.ts'

/** What operations have made of the regions; observed and recorded in the store, never written in ha.yaml. */
export interface Roles {
  /** Grows by one with every change of primary; fences carry it. */
  readonly epoch: number
  readonly primary: string
  /** Database instance generation by region; a rejoined region may get a new instance under a new name. */
  readonly generations: Readonly<Record<string, number>>
  /** Regions given up: their stacks are skipped. */
  readonly lost: readonly string[]
  /** Regions out of the load balancer's rotation. */
  readonly drained: readonly string[]
  /** Place of each region in the address plan; only ever appended to, so that ranges stay put. */
  readonly indexes: Readonly<Record<string, number>>
}

export interface RegionTopology {
  readonly name: string
  readonly index: number
  /** Three zones, e.g. `us-east1-b`. */
  readonly zones: readonly string[]
  readonly role: 'primary' | 'replica'
  readonly lost: boolean
  readonly drained: boolean
  readonly cluster: string
  readonly ranges: {readonly nodes: string; readonly pods: string; readonly services: string}
  readonly nodes: {readonly machineType: string; readonly minPerZone: number; readonly maxPerZone: number}
  /** ISO weekday of the maintenance window, different per region (`MO`…`SU`). */
  readonly maintenanceDay: string
  /** `canary`: gets new versions of Kubernetes before the others. */
  readonly stage: 'canary' | 'rest'
  /** Region that keeps the backups of this cluster's objects; none where it is the only region, or the preset makes none. */
  readonly backupRegion?: string
}

export interface InstanceTopology {
  /** Role-neutral: region and generation, e.g. `pms-rent-production-us-east1-g1`. */
  readonly name: string
  readonly region: string
  readonly role: 'primary' | 'replica'
  /** Name of the primary's instance; undefined for the primary itself. */
  readonly replicaOf?: string
  readonly tier: string
  readonly edition: 'ENTERPRISE' | 'ENTERPRISE_PLUS'
  readonly availability: 'ZONAL' | 'REGIONAL'
  /** `project:region:instance`, what the proxy is told. */
  readonly connectionName: string
}

/** What stands in every pod before the primary's Auth Proxy, and the object that tells it what counts. */
export interface GateTopology {
  readonly image: string
  readonly bucket: string
  /** Multi-region. */
  readonly location: string
  readonly object: string
}

export interface DatabaseTopology {
  readonly config: DatabaseConfig
  readonly version: string
  readonly name: string
  /** DNS TXT record that names the primary's connectionName, e.g. `db.pms-rent.ha.internal.` */
  readonly record: string
  /** Region → TXT record that names the region's own instance. */
  readonly nearest: Readonly<Record<string, string>>
  readonly instances: readonly InstanceTopology[]
  /** Set on every instance alike: a replica whose value is smaller than its primary's would refuse to follow. */
  readonly flags: Readonly<Record<string, string>>
  /** GiB beyond which the disk does not grow by itself. */
  readonly storageLimitGiB: number
  readonly recoveryDays: number
  /** Absent: nothing holds writers but the Auth Proxy. */
  readonly gate?: GateTopology
}

export interface QueueTopology {
  readonly config: QueueConfig
  readonly topic: string
  readonly subscription: string
  readonly deadLetterTopic: string
  readonly deadLetterSubscription: string
}

export interface ServiceTopology {
  readonly config: ServiceConfig
  readonly name: string
  /** Google service account id (≤ 30 characters). */
  readonly account: string
  /** HTTP only: NEG name per region. */
  readonly negs: Readonly<Record<string, string>>
  /** HTTP only. */
  readonly backend?: string
  readonly env: Readonly<Record<string, string>>
  readonly drain: Drain
}

export interface ObserverTopology {
  readonly name: string
  /** Its own, so that neither its stack nor the app's waits for the other. */
  readonly namespace: string
  readonly image: string
  /** Google service account id. */
  readonly account: string
  /** Its role in PostgreSQL. */
  readonly user: string
  /** Where clients come in; absent on a local target with a domain, whose certificate nobody trusts. */
  readonly frontDoor?: {readonly url: string} | {readonly addressOf: 'foundation'}
  readonly canary: {readonly read: string; readonly write?: string}
  readonly env: Readonly<Record<string, string>>
}

/** What tells the autoscalers of one region how many messages wait. */
export interface MetricsTopology {
  readonly name: string
  /** Its own, as the observer has. */
  readonly namespace: string
  readonly image: string
  /** Google service account id. */
  readonly account: string
}

export interface Topology {
  readonly app: string
  readonly environment: string
  readonly target: Target
  readonly preset: Preset
  /** What the preset buys. */
  readonly terms: Terms
  /** Whether what holds data, and what others point at, refuses to be deleted. */
  readonly protect: boolean
  /** Multi-region of the image registry. */
  readonly imagesLocation: string
  readonly project: string
  /** `<app>-<environment>`: the prefix of every name. */
  readonly prefix: string
  readonly namespace: string
  readonly network: string
  readonly serviceRange: {readonly address: string; readonly prefixLength: number}
  readonly dnsZone: {readonly name: string; readonly domain: string}
  readonly regions: readonly RegionTopology[]
  readonly services: readonly ServiceTopology[]
  readonly database?: DatabaseTopology
  readonly queues: readonly QueueTopology[]
  readonly edge: {
    readonly domain?: string
    readonly rateLimitPerMinute?: number
    readonly waf: boolean
    readonly port?: number
  }
  readonly secrets: readonly {readonly name: string; readonly id: string}[]
  readonly objectives: Config['objectives']
  readonly observer?: ObserverTopology
  /** Absent: every service scales by what its own pods use, which the cluster itself knows. */
  readonly metrics?: MetricsTopology
  readonly alerts: readonly string[]
  readonly operations: Config['operations']
  readonly epoch: number
  /** Doubts that stop nothing: capacity short of one region's loss, ranges nearly full. */
  readonly warnings: readonly string[]
}
