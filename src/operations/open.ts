/** The operation that is under way, or was left in the middle: at most one per environment. */
import {HaError} from '../errors.ts'
import {type Document, type Store, update} from '../store/store.ts'
import type {Plan} from './plan.ts'

export interface OpenOperation {
  /** Its journal's name. */
  readonly run: string
  readonly plan: Plan
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** The operation that was carried out last. */
export interface Finished {
  readonly run: string
  readonly procedure: Plan['procedure']
  readonly to: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

const NAME = 'operation'
const LAST = 'last-operation'

export const readOpen = (store: Store): Promise<Document<OpenOperation> | undefined> => store.read<OpenOperation>(NAME)

/** @throws HaError OPERATION_OPEN */
export async function assertNoneOpen(store: Store): Promise<void> {
  const open = await readOpen(store)
  if (!open) return
  const {procedure, from, to} = open.value.plan
  throw new HaError(
    'OPERATION_OPEN',
    `A ${procedure} from ${from} to ${to} was left in the middle (${open.value.run}).`,
    {
      next: ['Finish it: ha failover resume', 'Or take it back, while that is possible: ha failover abort'],
      data: {run: open.value.run},
    },
  )
}

export const open = (store: Store, operation: OpenOperation): Promise<string> =>
  store.write(NAME, operation, {ifAbsent: true})

/** Undefined: none yet. */
export const readLast = async (store: Store): Promise<Finished | undefined> => (await store.read<Finished>(LAST))?.value

/** Remembers that it was carried out, for the cool-down of the next one. */
export async function remember(store: Store, finished: Finished): Promise<void> {
  await update<Finished>(store, LAST, () => finished)
}

export async function close(store: Store, run: string): Promise<void> {
  const now = await readOpen(store)
  if (now?.value.run === run) await store.remove(NAME, {ifVersion: now.version})
}
