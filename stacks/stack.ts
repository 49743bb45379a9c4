/** The shape of every stack: plain input in, Pulumi program behind a lazy import, plain outputs out. */
import type {Topology} from '../src/topology/topology.ts'

/** Outputs of stacks and results of steps that already ran, by name; plain JSON, recorded in the store. */
export type Recorded = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** A Pulumi program's exports: plain values or `pulumi.Output`s. */
export type Exports = Record<string, unknown>

export interface Stack {
  readonly kind: 'stack'
  /** `foundation`, `cell-us-east1`, `fleet`, `data`, `messaging`, `observer-us-east1`, `metrics-us-east1`, `app-us-east1`, `edge`, `observe`. */
  readonly name: string
  /** Names of stacks and steps that come first. */
  readonly needs: readonly string[]
  readonly region?: string
  /** Others change what it made, so the engine looks at it before every change; else what it knows is what is there. */
  readonly looksFirst?: true
  /**
   * Everything the program depends on besides versions: a slice of the topology and of what was recorded. Plain JSON, so that
   * its hash is the stack's fingerprint. Where a value is not recorded yet (a plan before the first deploy), the value it is
   * expected to have, or a placeholder. `silent`: regions that do not answer now; what is in them must not be touched.
   */
  input(recorded: Recorded, silent?: readonly string[]): unknown
  /** Pulumi is imported only when this is called. Must be run inside an Automation API inline program. */
  program(input: never): Promise<Exports>
}

/** What an imperative step may do to the cloud; done between stacks, idempotent, re-run when its input changed. */
export interface Step {
  readonly kind: 'step'
  readonly name: string
  /** For people: `Prepare the database`. */
  readonly title: string
  readonly needs: readonly string[]
  readonly region?: string
  input(recorded: Recorded, silent?: readonly string[]): unknown
  /** Which deed; the engine maps it to the cloud port. */
  readonly deed: 'prepare-database' | 'designate-standby' | 'migrate' | 'discover-endpoints' | 'publish-secrets'
}

export type Node = Stack | Step

/** Defined in stacks/index.ts: every node of the topology in an order that respects `needs`. */
export type StacksOf = (topology: Topology) => readonly Node[]
