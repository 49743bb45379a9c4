/** Everything an operation may touch, passed in. */
import type {Clock} from '../clock.ts'
import type {Operable} from '../cloud/operable.ts'
import type {Emit} from '../events/events.ts'
import type {Roles} from '../topology/topology.ts'
import type {Fence} from './fences.ts'
import type {Facts, Journal} from './journal.ts'

export interface Means {
  readonly cloud: Operable
  readonly clock: Clock
  readonly emit: Emit
  /** Aborted by the first Ctrl-C: stop at the next safe point. */
  readonly signal: AbortSignal
  readonly journal: Journal
  /** Throws LOCK_LOST. */
  assertHeld(): Promise<void>
  readonly roles: {
    read(): Promise<Roles>
    change(change: (now: Roles) => Roles): Promise<Roles>
  }
  readonly fences: {
    read(): Promise<readonly Fence[]>
    change(change: (now: readonly Fence[]) => readonly Fence[]): Promise<void>
  }
  /** Brings the engine's state in line with the world and proves it; returns what it found, for people. */
  reconcile(leave: readonly string[]): Promise<string>
}

/** What a step saw: whether what it is for is already true, and particulars for the journal. */
export interface Found {
  readonly done: boolean
  readonly facts?: Facts
}

/** How one kind of step is done. Every method may be called again at any time. */
export interface Deed<I> {
  /** Absent: the world does not show it, so the journal counts. */
  observe?(input: I, means: Means): Promise<Found>
  /** Absent: there is nothing to do but to look until it is so. Facts are merged into those of the observation that follows. */
  act?(input: I, means: Means): Promise<Facts | undefined>
  /** Takes it back; must be harmless when nothing was done. */
  undo?(input: I, means: Means): Promise<void>
  /** Whether an earlier `act` is still being carried out, so that what is observed now is not the last word. */
  underWay?(input: I, means: Means): Promise<boolean>
  /** How long after `act` the observation may still say no; milliseconds. */
  readonly settleMs?: number
}
