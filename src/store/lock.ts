/** One lock per environment: who holds it, for what, since when, and a number that only grows, for fencing. */
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {isRunning, type ProcessMark, thisHost} from '../process.ts'
import {type Document, type Store, update} from './store.ts'

const NAME = 'lock'
const POLL_MS = 500
const HEARTBEAT_MS = 5000
/** A holder on another machine that has not been heard of for this long may be put aside, but only by a person. */
export const STALE_MS = 60_000

export interface Holder {
  /** Who: the user's name. */
  readonly owner: string
  readonly host: {readonly name: string; readonly id: string}
  readonly process: ProcessMark
  /** What for: `deploy`, `destroy`, `failover`. */
  readonly operation: string
  readonly run: string
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly heartbeat: number
}

/** The document: `fence` survives a release, so that the next holder's is always greater. */
export interface LockDocument {
  readonly fence: number
  readonly holder?: Holder
}

export interface Lock {
  readonly fence: number
  /** Reads the store; throws LOCK_LOST when someone else put this run aside. Call it before every write to the cloud or the store. */
  assertHeld(): Promise<void>
  /** Safe to call twice; gives nothing back that is no longer ours. */
  release(): Promise<void>
}

export interface LockRequest {
  readonly store: Store
  readonly owner: string
  readonly process: ProcessMark
  readonly operation: string
  readonly run: string
  /** How long to wait for another holder; 0: not at all. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly emit: Emit
  readonly signal?: AbortSignal
}

/** Who holds the lock now, if anyone does. */
export const observeLock = async (store: Store): Promise<LockDocument> =>
  (await store.read<LockDocument>(NAME))?.value ?? {fence: 0}

/** Whether the holder cannot come back: its process, on this very machine, is gone. Of other machines nothing can be proven. */
export const isDead = (holder: Holder): boolean => holder.host.id === thisHost().id && !isRunning(holder.process)

/**
 * Takes the lock, waiting up to `timeoutMs` for it; emits `lock.awaited` once while another run holds it, `lock.broken` when a
 * dead run's lock is taken over, `lock.acquired` at the end. Throws LOCK_HELD when it stays held.
 */
export async function acquireLock(request: LockRequest): Promise<Lock> {
  const {store, clock, emit} = request
  const deadline = clock.monotonic() + request.timeoutMs
  let awaited = false
  for (;;) {
    const now = await store.read<LockDocument>(NAME)
    const holder = now?.value.holder
    if (holder === undefined || isDead(holder)) {
      const fence = await take(request, now)
      if (fence !== undefined) {
        if (holder)
          emit({kind: 'lock.broken', owner: holder.owner, operation: holder.operation, reason: 'its process is gone'})
        emit({kind: 'lock.acquired', fence})
        return keep(request, fence)
      }
      continue
    }
    const left = deadline - clock.monotonic()
    if (left <= 0) throw held(holder, clock.now())
    if (!awaited) {
      const {owner, operation, since, host} = holder
      emit({kind: 'lock.awaited', owner, operation, since, host: host.name})
      awaited = true
    }
    await clock.sleep(Math.min(POLL_MS, left), request.signal)
  }
}

/** The new fencing number, or undefined when another run was quicker. */
async function take(request: LockRequest, now: Document<LockDocument> | undefined): Promise<number | undefined> {
  const at = request.clock.now()
  const {owner, process, operation, run} = request
  const holder: Holder = {owner, host: thisHost(), process, operation, run, since: at, heartbeat: at}
  const fence = (now?.value.fence ?? 0) + 1
  try {
    const condition = now === undefined ? {ifAbsent: true as const} : {ifVersion: now.version}
    await request.store.write<LockDocument>(NAME, {fence, holder}, condition)
    return fence
  } catch (thrown) {
    if (thrown instanceof HaError && thrown.code === 'STORE_CONFLICT') return undefined
    throw thrown
  }
}

function keep({store, clock, run}: LockRequest, fence: number): Lock {
  const stopped = new AbortController()
  const isOurs = (lock: LockDocument) => lock.fence === fence && lock.holder?.run === run
  const beat = async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, stopped.signal).catch(() => {})
      if (stopped.signal.aborted) return
      const now = await store.read<LockDocument>(NAME)
      if (now?.value.holder === undefined || !isOurs(now.value)) return
      const holder = {...now.value.holder, heartbeat: clock.now()}
      await store.write<LockDocument>(NAME, {fence, holder}, {ifVersion: now.version})
    }
  }
  // A heartbeat that fails is no reason to stop: assertHeld reads the store itself and says why it cannot.
  const beating = beat().catch(() => {})
  return {
    fence,
    async assertHeld() {
      const now = await observeLock(store)
      if (!isOurs(now)) throw lost(now)
    },
    async release() {
      stopped.abort()
      await beating
      await update<LockDocument>(store, NAME, (now) => (now && isOurs(now) ? {fence: now.fence} : (now ?? {fence})))
    },
  }
}

export interface Release {
  readonly store: Store
  readonly clock: Clock
  readonly emit: Emit
}

/**
 * `ha lock release`: puts a holder aside that is dead, or was not heard of for a minute on a machine that cannot be asked.
 * Returns the holder put aside, undefined when the lock was free. Throws LOCK_HELD while the holder is, or may be, alive.
 */
export async function breakLock({store, clock, emit}: Release): Promise<Holder | undefined> {
  const now = await store.read<LockDocument>(NAME)
  const holder = now?.value.holder
  if (now === undefined || holder === undefined) return undefined
  const silentMs = clock.now() - holder.heartbeat
  const dead = isDead(holder)
  const reachable = holder.host.id === thisHost().id
  if (!dead && (reachable || silentMs < STALE_MS)) throw held(holder, clock.now())
  await store.write<LockDocument>(NAME, {fence: now.value.fence}, {ifVersion: now.version})
  const reason = dead ? 'its process is gone' : `not heard of for ${Math.round(silentMs / 1000)} s`
  emit({kind: 'lock.broken', owner: holder.owner, operation: holder.operation, reason})
  return holder
}

function held(holder: Holder, now: number): HaError {
  const seconds = Math.max(0, Math.round((now - holder.since) / 1000))
  const who = `${holder.owner} on ${holder.host.name}`
  return new HaError(
    'LOCK_HELD',
    `${who} is running "${holder.operation}" here, since ${seconds} s (process ${holder.process.pid}).`,
    {
      next: [
        'Wait for it: run the same command with --lock-timeout 10m.',
        'If that machine is gone for good: ha lock release.',
      ],
      data: {
        owner: holder.owner,
        host: holder.host.name,
        operation: holder.operation,
        since: holder.since,
        run: holder.run,
      },
    },
  )
}

function lost(now: LockDocument): HaError {
  const by = now.holder ? `${now.holder.owner} on ${now.holder.host.name} ("${now.holder.operation}")` : 'someone'
  return new HaError('LOCK_LOST', `${by} put this run aside and took over the environment.`, {
    next: ['Nothing more was changed by this run. See who is at work with `ha lock`, then run the command again.'],
    data: {fence: now.fence},
  })
}
