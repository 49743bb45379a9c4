/**
 * The seams inside the emulator. Two kinds of process: the global one (`main.ts`: provider plugins, Google's REST APIs, Pub/Sub,
 * DNS, load balancer) and one per region (`region/main.ts`, a process group of its own: Kubernetes API, pods, PostgreSQL, proxies).
 * Between processes pass only HTTP requests. Nothing here knows ha.
 */
import type {FastifyInstance} from 'fastify'

export type Props = Record<string, unknown>

/** A failed input check, as the real provider words it. `property` is a dotted path. */
export interface CheckFailure {
  readonly property: string
  readonly reason: string
}

/** How one Pulumi resource type behaves; inputs were already checked against the SDK's schema (unknown, missing, wrong type). */
export interface ResourceType {
  /** e.g. `gcp:sql/databaseInstance:DatabaseInstance` */
  readonly token: string
  /**
   * Inputs whose change forces a replacement, besides those of which the provider's table says so (constraints.json): dotted paths,
   * `[]` in a path matches every list element.
   */
  readonly immutable?: readonly string[]
  /** Rules of the real API beyond the schema: enums, ranges, conflicts. */
  check?(inputs: Props): readonly CheckFailure[]
  /**
   * Outputs (and `id`) that follow from the inputs alone, for previews; all others are shown as unknown. An input may itself be
   * unknown. `id` is given when the resource exists already.
   */
  known?(inputs: Props, id?: string): Props
  /** Outputs include every input; computed fields (selfLink, connectionName, …) as Google gives them. Durable before it resolves. */
  create(inputs: Props): Promise<{id: string; outputs: Props}>
  /** undefined: it does not exist. */
  read(id: string): Promise<Props | undefined>
  update?(id: string, outputs: Props, inputs: Props): Promise<Props>
  delete(id: string, outputs: Props): Promise<void>
}

/** A metric that a service tells Cloud Monitoring, of kind GAUGE: https://cloud.google.com/monitoring/api/metrics_gcp */
export interface Gauge {
  /** e.g. `pubsub.googleapis.com/subscription/num_undelivered_messages` */
  readonly type: string
  /** Of the monitored resource, e.g. `pubsub_subscription`. */
  readonly resource: string
  readonly valueType: 'INT64' | 'DOUBLE'
  /** What each resource of the project says now. Bounded in time: one that does not answer is left out. */
  sample(project: string): Promise<readonly Sample[]>
}

export interface Sample {
  /** The resource's labels besides `project_id`. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One Google service in the global process: its resource types, its REST routes, its behaviour. */
export interface Service {
  readonly name: string
  readonly resources: readonly ResourceType[]
  readonly gauges?: readonly Gauge[]
  /** Mounts Google's REST paths (`/sql/v1beta4/…`, `/compute/v1/…`) on the one googleapis server. */
  routes?(server: FastifyInstance): void
  /** Brings back what was persisted. Called once, before any resource call. */
  start?(): Promise<void>
  /** Safe to call twice. */
  stop?(): Promise<void>
}

/** Durable records of resources, in the global process; put and delete are on disk when they return. */
export interface Records {
  put(token: string, id: string, outputs: Props): void
  get(token: string, id: string): Props | undefined
  list(token: string): readonly {readonly id: string; readonly outputs: Props}[]
  delete(token: string, id: string): void
}

/** Port numbers that stay the same over restarts, by name (`edge:80`, `sql:pms-rent-…-g1`). */
export interface Ports {
  /** The remembered port, else `preferred` when free, else any free one. Throws PortTaken when `required` and not free. */
  claim(name: string, options?: {preferred?: number; required?: boolean}): Promise<number>
  release(name: string): void
}

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Props) => void

/** What a global service is given. */
export interface World {
  /** The emulator's data folder; a service writes below `join(dir, service.name)` only. */
  readonly dir: string
  readonly records: Records
  readonly ports: Ports
  readonly log: Log
  /** `http://127.0.0.1:PORT` of the googleapis server (known before services start). */
  readonly googleapis: string
  /** The region's process, started when it does not run yet; rejects within seconds when the region is down. */
  region(name: string): Promise<RegionLink>
  /** Regions ever started, with whether their process answers now. */
  regions(): Promise<readonly {readonly name: string; readonly up: boolean}[]>
}

/** A region's control server, seen from the global process. JSON both ways; every call has a deadline (default 10 s). */
export interface RegionLink {
  readonly name: string
  readonly url: string
  call<T = unknown>(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    deadlineMs?: number,
  ): Promise<T>
}

/** What a part of the region's process is given. */
export interface RegionWorld {
  readonly region: string
  /** Three zones, e.g. `us-east1-b`. */
  readonly zones: readonly string[]
  readonly project: string
  /** The region's data folder; a part writes below `join(dir, part.name)` only. */
  readonly dir: string
  readonly ports: Ports
  readonly log: Log
  /** Base URL of the global googleapis server, for DNS, Compute (NEGs), Secret Manager. It may be down: never depend on it to keep running. */
  readonly googleapis: string
  /** `127.0.0.1:PORT` of the Pub/Sub gRPC server; given to every pod as PUBSUB_EMULATOR_HOST. */
  readonly pubsub: string
}

/** One part of a region's process: the cluster, the SQL host. */
export interface RegionPart {
  readonly name: string
  /** Mounts control routes under `/<name>/…` on the region's control server. */
  routes?(server: FastifyInstance): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** Written to `<dir>/emulator.json` (atomically) once everything listens. Removed at stop. */
export interface EmulatorFile {
  readonly version: 1
  readonly pid: number
  readonly startedAt: string
  /** Base URL of Google's REST APIs and of `/emulator/v1/…` (control). */
  readonly googleapis: string
  /** For PULUMI_DEBUG_PROVIDERS. */
  readonly providers: {readonly gcp: number; readonly kubernetes: number}
  /** `127.0.0.1:PORT` */
  readonly pubsub: string
}
