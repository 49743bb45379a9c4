/** What operations are given: the cloud of this environment, its store, and the engine when they reconcile. */
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import type {Operable} from '../cloud/operable.ts'
import type {Interrupts} from '../engine/interrupts.ts'
import type {Environment} from '../environment/environment.ts'
import {readFences} from '../environment/fences.ts'
import type {Emit} from '../events/events.ts'
import type {Fence} from '../operations/fences.ts'
import type {Journal} from '../operations/journal.ts'
import type {Means} from '../operations/means.ts'
import {readRoles, writeRoles} from '../store/documents.ts'
import type {Lock} from '../store/lock.ts'
import {type Store, update} from '../store/store.ts'
import type {Roles} from '../topology/topology.ts'

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
    async reconcile(leave) {
      const {reconcile} = await import('./reconcile.ts')
      return reconcile({
        environment: await reopen(),
        leave,
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
