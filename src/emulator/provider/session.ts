/** What a provider does for one connection of an engine, with the wire already taken off. */
import type {CheckFailure, Props} from '../contract.ts'
import type {Change} from './diff.ts'

export interface Resource {
  readonly urn: string
  /** `gcp:compute/network:Network` */
  readonly token: string
  /** The name the program gave it. */
  readonly name: string
}

export interface Operation extends Resource {
  readonly preview: boolean
  /** `customTimeouts`, in milliseconds. */
  readonly timeoutMs?: number
  /** Aborted when the engine cancels or goes away. */
  readonly signal: AbortSignal
  /** A line for the person who watches; replaced by the next one. */
  readonly say: (message: string) => void
}

export interface Diffed {
  readonly changes: readonly Change[]
  readonly deleteBeforeReplace: boolean
}

export interface Session {
  checkConfig(news: Props): readonly CheckFailure[]
  /** Keys of the configuration whose change replaces the provider and all its resources. */
  diffConfig(olds: Props, news: Props): readonly string[]
  /** Must not fail for what is merely unknown or out of reach: a preview goes on without it. */
  configure(config: Props): Promise<void>
  check(
    resource: Resource & {olds: Props | undefined; news: Props; seed: Uint8Array},
  ): Promise<{inputs: Props; failures: readonly CheckFailure[]}>
  diff(
    resource: Resource & {id: string; outputs: Props; olds: Props; news: Props; ignoreChanges: readonly string[]},
  ): Promise<Diffed>
  create(operation: Operation & {inputs: Props}): Promise<{id: string; outputs: Props}>
  /** undefined: gone. */
  read(
    operation: Resource & {id: string; outputs: Props; inputs: Props},
  ): Promise<{id: string; outputs: Props; inputs: Props} | undefined>
  update(operation: Operation & {id: string; outputs: Props; inputs: Props}): Promise<Props>
  delete(operation: Operation & {id: string; outputs: Props}): Promise<void>
}

export interface Provider {
  readonly name: 'gcp' | 'kubernetes'
  readonly version: string
  connect(): Session
}

/** The object exists but is not well: the engine keeps it, marks it, and tries an update next time. */
export class InitFailed extends Error {
  override readonly name = 'InitFailed'
  readonly id: string
  readonly outputs: Props
  readonly reasons: readonly string[]

  constructor(message: string, found: {id: string; outputs: Props; reasons: readonly string[]}) {
    super(message)
    this.id = found.id
    this.outputs = found.outputs
    this.reasons = found.reasons
  }
}
