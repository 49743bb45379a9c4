/**
 * Every event ha emits, as one tagged union: `kind` is `noun.verb` in the past tense, the payload is plain JSON in ha's own
 * names (stacks, parts, regions), never a URN and never a secret. `report/` gives them words. `at` is milliseconds since the epoch.
 */
import type {ErrorCode} from '../errors.ts'

/** What a change does to one part of a stack. `replace` destroys and creates. */
export type Action = 'create' | 'update' | 'replace' | 'delete' | 'read' | 'same'

/** One resource in ha's words. */
export interface Part {
  /** Stack it belongs to, e.g. `cell-us-east1`. */
  readonly stack: string
  /** Region, or undefined for global parts. */
  readonly region?: string
  /** What it is, in people's words: `Cloud SQL instance`, `Deployment`. */
  readonly what: string
  /** Its name, e.g. `pms-rent-local-us-east1-g1`. */
  readonly name: string
  /** Loses data or capacity when replaced or deleted. */
  readonly stateful: boolean
}

export interface ChangedField {
  /** Path in the resource's inputs, e.g. `spec.minReplicas`. */
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
  /** This field's change forces a replacement. */
  readonly replaces?: boolean
}

export interface PlannedChange {
  readonly part: Part
  readonly action: Exclude<Action, 'same' | 'read'>
  readonly fields: readonly ChangedField[]
}

export interface StackPlan {
  readonly stack: string
  /** `skip`: nothing of it changed since its last success, so it is not run. */
  readonly verdict: 'skip' | 'same' | 'change'
  readonly changes: readonly PlannedChange[]
}

export interface Problem {
  readonly code: string
  readonly message: string
  readonly next: readonly string[]
}

interface Kinds {
  'run.started': {operation: string; app: string; environment: string; target: string; run: string}
  'run.finished': {operation: string; run: string; ms: number; ok: boolean; code?: ErrorCode}
  /** Something that takes over two seconds: a download, a build, a start. `done`/`total` in `unit` when known. */
  'task.started': {task: string; title: string}
  'task.progressed': {task: string; done?: number; total?: number; unit?: string; note?: string}
  'task.finished': {task: string; ms: number; note?: string}
  'task.failed': {task: string; ms: number; message: string}
  'lock.awaited': {owner: string; operation: string; since: number; host: string}
  'lock.acquired': {fence: number}
  'lock.broken': {owner: string; operation: string; reason: string}
  'plan.made': {
    stacks: readonly StackPlan[]
    /** What survives less after it than before: first in what people read, refused unless accepted by name. */
    downgrades: readonly {readonly name: string; readonly says: string}[]
    warnings: readonly string[]
  }
  'stack.skipped': {
    stack: string
    reason: 'unchanged' | 'region-lost' | 'region-silent' | 'not-chosen' | 'needs-failed'
  }
  /** Its Kubernetes API does not answer: what is in it is left as it is, the rest goes on. */
  'region.silent': {region: string; ms: number}
  'stack.queued': {stack: string; needs: readonly string[]}
  'stack.started': {stack: string; operation: 'preview' | 'up' | 'refresh' | 'destroy'}
  'stack.repaired': {stack: string; pending: readonly Part[]}
  'stack.finished': {
    stack: string
    operation?: 'preview' | 'up' | 'refresh' | 'destroy'
    ms: number
    changes: Partial<Record<Action, number>>
  }
  'stack.failed': {stack: string; ms: number; problems: readonly Problem[]}
  'part.started': {part: Part; action: Action}
  'part.finished': {part: Part; action: Action; ms: number}
  'part.failed': {part: Part; action: Action; message: string}
  'step.started': {step: string; title: string}
  'step.finished': {step: string; ms: number; note?: string}
  'step.failed': {step: string; ms: number; message: string}
  'engine.silent': {stack: string; ms: number; waitingFor: readonly Part[]}
  'interrupt.received': {count: number; message: string}
  'warning.raised': {message: string; next: readonly string[]}
  'diagnostic.printed': {stack: string; severity: 'debug' | 'info' | 'warning' | 'error'; message: string}
  'error.raised': {code: ErrorCode; message: string; next: readonly string[]; data: Readonly<Record<string, unknown>>}
}

export type Kind = keyof Kinds
export type Event = {[K in Kind]: {readonly kind: K; readonly at: number} & Readonly<Kinds[K]>}[Kind]
/** An event without its time, as the core writes it; `emitter` adds `at`. */
export type Unstamped = {[K in Kind]: {readonly kind: K} & Readonly<Kinds[K]>}[Kind]
export type Emit = (event: Unstamped) => void

/** An `Emit` that stamps each event with the clock's time and hands it to every listener in order. */
export function emitter(now: () => number, ...listeners: readonly ((event: Event) => void)[]): Emit {
  return (event) => {
    const stamped = {...event, at: now()} as Event
    for (const listener of listeners) listener(stamped)
  }
}
