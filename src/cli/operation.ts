/** What operations are given: the cloud of this environment, its store, and the engine when they reconcile. */
import {systemClock} from '../clock.ts'
import type {Operable} from '../cloud/operable.ts'
import {createOperable} from '../cloud/operate.ts'
import type {Interrupts} from '../engine/interrupts.ts'
import type {Emit} from '../events/events.ts'
import type {Fence} from '../operations/fences.ts'
import type {Journal} from '../operations/journal.ts'
import type {Means} from '../operations/means.ts'
import {stopForGood} from '../operations/steps/fence.ts'
import {readRoles, writeRoles} from '../store/documents.ts'
import type {Lock} from '../store/lock.ts'
import {type Store, update} from '../store/store.ts'
import type {Roles} from '../topology/topology.ts'
import type {Surroundings} from './command.ts'
import {clusterEndpoints, type Environment, readEmulatorFile, wiresOf} from './environment.ts'

/** @throws HaError NOT_DEPLOYED, TARGET_UNSUPPORTED */
export function operableOf(environment: Environment): Operable {
  const {topology} = environment
  return createOperable({
    wires: wiresOf(environment),
    project: topology.project,
    zone: topology.dnsZone.name,
    namespace: topology.namespace,
    gate: topology.database?.gate,
    endpoints: clusterEndpoints(environment),
    ...(topology.observer && {observer: topology.observer}),
  })
}

export const readFences = async (store: Store): Promise<readonly Fence[]> =>
  (await store.read<readonly Fence[]>('fences'))?.value ?? []

/** Tries again to stop what could not be reached when it was fenced. Returns the fences that are still pending. */
export async function retryFences(environment: Environment): Promise<readonly Fence[]> {
  const {store} = environment
  const pending = (await readFences(store)).filter(({state}) => state === 'pending')
  if (pending.length === 0) return []
  if (environment.config.target === 'local' && !readEmulatorFile(environment.paths)) return pending
  // A fence is for good: stopping what may never run again needs no lock.
  const means = {cloud: operableOf(environment), clock: systemClock, assertHeld: async () => {}}
  const states = await Promise.all(pending.map(({instance}) => stopForGood(means, instance)))
  const stopped = new Set(pending.filter((_, index) => states[index] === 'confirmed').map(({instance}) => instance))
  if (stopped.size > 0) {
    await update<readonly Fence[]>(store, 'fences', (now) =>
      (now ?? []).map((fence) => (stopped.has(fence.instance) ? {...fence, state: 'confirmed'} : fence)),
    )
  }
  return pending.filter(({instance}) => !stopped.has(instance))
}

export interface MeansRequest {
  readonly environment: Environment
  readonly cloud: Operable
  readonly lock: Lock
  readonly interrupts: Interrupts
  readonly emit: Emit
  readonly surroundings: Surroundings
  readonly journal: Journal
  /** Opens the environment anew, with the roles of then. */
  readonly reopen: () => Promise<Environment>
}

export function meansOf(request: MeansRequest): Means {
  const {environment, cloud, lock, interrupts, emit, surroundings, journal, reopen} = request
  const {store} = environment
  // Between the reading and the conditional writing: whoever took over since has changed it, or is seen here.
  const held =
    <T, N>(change: (now: N) => T) =>
    async (now: N): Promise<T> => {
      await lock.assertHeld()
      return change(now)
    }
  return {
    cloud,
    clock: systemClock,
    emit,
    signal: interrupts.cancel,
    journal,
    assertHeld: lock.assertHeld,
    roles: {
      read: async () => (await readRoles(store))?.value ?? environment.roles,
      change: (change) => changeRoles(store, environment.roles, held(change)),
    },
    fences: {
      read: () => readFences(store),
      change: async (change) =>
        void (await update<readonly Fence[]>(
          store,
          'fences',
          held((now) => change(now ?? [])),
        )),
    },
    async reconcile(generations) {
      const {reconcile} = await import('./reconcile.ts')
      return reconcile({
        environment: await reopen(),
        generations,
        interrupts,
        emit,
        surroundings,
        assertHeld: lock.assertHeld,
      })
    },
  }
}

async function changeRoles(store: Store, initial: Roles, change: (now: Roles) => Promise<Roles>): Promise<Roles> {
  const now = await readRoles(store)
  const roles = await change(now?.value ?? initial)
  await writeRoles(store, roles, now)
  return roles
}
