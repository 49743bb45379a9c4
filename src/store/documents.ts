/** The documents an environment has beside its lock: what every stack and step last gave, the roles, the runs. */
import type {Recorded} from '../../stacks/stack.ts'
import type {Resilience} from '../topology/downgrades.ts'
import type {Roles} from '../topology/topology.ts'
import {type Document, type Store, update} from './store.ts'

/** A node's last success. */
export interface RecordedEntry {
  readonly outputs: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What is recorded of all nodes: outputs and fingerprints by node name. */
export interface Ledger {
  readonly recorded: Recorded
  readonly fingerprints: Readonly<Record<string, string>>
}

const ENTRIES = 'recorded/'

export async function readLedger(store: Store): Promise<Ledger> {
  const names = await store.list(ENTRIES)
  const entries = await Promise.all(
    names.map(async (name) => [name.slice(ENTRIES.length), (await store.read<RecordedEntry>(name))?.value] as const),
  )
  const found = entries.filter((entry): entry is readonly [string, RecordedEntry] => entry[1] !== undefined)
  return {
    recorded: Object.fromEntries(found.map(([name, entry]) => [name, entry.outputs])),
    fingerprints: Object.fromEntries(found.map(([name, entry]) => [name, entry.fingerprint])),
  }
}

/** Durable when it resolves. The environment's lock must be held: the last writer wins. */
export async function recordNode(store: Store, name: string, entry: RecordedEntry): Promise<void> {
  await update<RecordedEntry>(store, `${ENTRIES}${name}`, () => entry)
}

export async function forgetNode(store: Store, name: string): Promise<void> {
  const now = await store.read<RecordedEntry>(`${ENTRIES}${name}`)
  if (now) await store.remove(`${ENTRIES}${name}`, {ifVersion: now.version})
}

export const readRoles = (store: Store): Promise<Document<Roles> | undefined> => store.read<Roles>('roles')

/** `now`: the document these roles were made from; undefined when there were none. Throws STORE_CONFLICT. */
export const writeRoles = (store: Store, roles: Roles, now: Document<Roles> | undefined): Promise<string> =>
  store.write('roles', roles, now === undefined ? {ifAbsent: true} : {ifVersion: now.version})

const RESILIENCE = 'resilience'

/** What the last whole deploy made the platform survive; undefined before it. */
export const readResilience = async (store: Store): Promise<Resilience | undefined> =>
  (await store.read<Resilience>(RESILIENCE))?.value

/** Durable when it resolves. The environment's lock must be held: the last writer wins. */
export async function recordResilience(store: Store, resilience: Resilience): Promise<void> {
  await update<Resilience>(store, RESILIENCE, () => resilience)
}

/** Nothing is deployed any more: whatever comes next lowers nothing. */
export async function forgetDeployed(store: Store): Promise<void> {
  for (const name of ['roles', RESILIENCE]) {
    const now = await store.read(name)
    if (now) await store.remove(name, {ifVersion: now.version})
  }
}

/** One run of a command that changes things, for `ha runs`. */
export interface RunDocument {
  readonly id: string
  readonly operation: string
  readonly owner: string
  readonly fence?: number
  readonly startedAt: number
  readonly finishedAt?: number
  readonly ok?: boolean
  /** The error's code when it failed. */
  readonly code?: string
}

const RUNS = 'runs/'

/** A run's id: sorts by time, fits a file name. `random` is any text that tells two runs of the same second apart. */
export const runId = (now: number, random: string): string =>
  `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()}-${random.slice(0, 6).toLowerCase()}`

export async function writeRun(store: Store, run: RunDocument): Promise<void> {
  await update<RunDocument>(store, `${RUNS}${run.id}`, () => run)
}

export const listRuns = async (store: Store): Promise<readonly string[]> =>
  (await store.list(RUNS)).map((name) => name.slice(RUNS.length))

export const readRun = async (store: Store, id: string): Promise<RunDocument | undefined> =>
  (await store.read<RunDocument>(`${RUNS}${id}`))?.value
