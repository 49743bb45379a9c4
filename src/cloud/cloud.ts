/** The port: what ha needs of any cloud, besides what Pulumi makes. One adapter implements it over Google's wires. */
import type {Facts} from '../facts.ts'
import type {GateTopology, Topology} from '../topology/topology.ts'
import type {Ground, Leftover} from './leftovers.ts'
import type {Figure} from './monitoring.ts'
import type {RecoveryWindow} from './operable.ts'

/** Something observed, or why it could not be. Absence of an answer is never taken for an answer. */
export type Seen<T> = {readonly seen: T} | {readonly unseen: string}

export interface InstanceSeen {
  readonly name: string
  readonly role: 'primary' | 'replica'
  readonly state: string
  readonly zone?: string
  /** Seconds a replica is behind, negative: it does not replicate. Absent: a primary, or Monitoring has no figure yet. */
  readonly lag?: Seen<Figure>
  /** Address people can reach it at with psql; emulated target only. */
  readonly address?: string
}

export interface ServiceSeen {
  readonly name: string
  readonly image: string
  readonly ready: number
  readonly desired: number
  readonly updated: number
  readonly restarts: number
  /** Why pods are not ready, e.g. `CrashLoopBackOff`. */
  readonly reasons: readonly string[]
}

export interface EndpointsSeen {
  readonly service: string
  readonly healthy: number
  readonly total: number
  readonly drained: boolean
}

export interface RegionSeen {
  readonly name: string
  readonly services: Seen<readonly ServiceSeen[]>
  readonly instance?: Seen<InstanceSeen>
  readonly endpoints: Seen<readonly EndpointsSeen[]>
  /** Absent: none runs. */
  readonly observer?: Seen<Facts>
}

/** What waits in a queue, as Monitoring sampled it; it may have no figure yet. */
export interface Waiting {
  readonly backlog?: number
  readonly oldestSeconds?: number
  /** In the dead letters. */
  readonly dead?: number
  /** Of the oldest of these figures. */
  readonly ageSeconds?: number
}

export interface QueueSeen extends Waiting {
  readonly name: string
}

export interface Observation {
  readonly url?: string
  readonly regions: readonly RegionSeen[]
  readonly queues: Seen<readonly QueueSeen[]>
  /** What the primary can be recovered to, after it changed; undefined in it: to nothing yet. */
  readonly recovery?: Seen<RecoveryWindow | undefined>
  /** Database instances that operations replaced. */
  readonly leftBehind?: readonly Leftover[]
}

/** Deeds Pulumi has no resource for, or none that survives a change of roles. Each is idempotent. */
export interface Cloud {
  /** What controllers left behind in the network. @throws HaError CLOUD_UNREACHABLE */
  leftovers(ground: Ground): Promise<readonly Leftover[]>
  /** Whether a region's Kubernetes API answers; a few seconds, and more than one try. */
  answers(endpoint: string): Promise<boolean>
  observe(topology: Topology, endpoints: Readonly<Record<string, string>>): Promise<Observation>
  /** Instances and their observed roles. @throws HaError CLOUD_UNREACHABLE */
  instances(
    project: string,
  ): Promise<readonly {name: string; region: string; role: 'primary' | 'replica'; state: string}[]>
  prepareDatabase(request: {
    project: string
    instance: string
    database: string
    users: readonly string[]
    /** The observers' user: may write heartbeats and see replication, nothing of the app's. */
    observer?: string
  }): Promise<void>
  /** Tells the gates which epoch counts, unless they were told before: that is operations' to change. */
  openGate(gate: GateTopology, epoch: number): Promise<void>
  /** NEG self links: service → region → zone. Waits until every one exists. */
  discoverEndpoints(request: {
    project: string
    negs: Readonly<Record<string, Readonly<Record<string, {name: string; zones: readonly string[]}>>>>
    deadlineMs: number
    signal: AbortSignal
  }): Promise<Record<string, Record<string, Record<string, string>>>>
  /** Whether the secret has a version that can be read. */
  hasSecret(project: string, id: string): Promise<boolean>
  addSecret(project: string, id: string, value: string): Promise<void>
  /** Runs a Job to its end. @throws HaError MIGRATION_FAILED with the pod's last words. */
  runJob(request: {
    endpoint: string
    namespace: string
    namespaceLabels: Readonly<Record<string, string>>
    name: string
    serviceAccount: {name: string; annotations: Readonly<Record<string, string>>}
    spec: unknown
    deadlineMs: number
    signal: AbortSignal
  }): Promise<void>
  /** Lines of every pod of a service, as they come. Resolves when they end, or when aborted. */
  logs(request: {
    endpoint: string
    namespace: string
    service: string
    follow: boolean
    tailLines?: number
    sinceSeconds?: number
    signal: AbortSignal
    onLine: (pod: string, line: string) => void
  }): Promise<void>
}
