/** Former primaries that no record leads to any more: which could not be stopped yet, tried again whenever ha looks. */
import {systemClock} from '../clock.ts'
import type {Emit} from '../events/events.ts'
import type {Fence} from '../operations/fences.ts'
import {stopForGood} from '../operations/steps/fence.ts'
import {type Store, update} from '../store/store.ts'
import {type Environment, readEmulatorFile} from './environment.ts'
import {operableOf} from './operable.ts'

export const readFences = async (store: Store): Promise<readonly Fence[]> =>
  (await store.read<readonly Fence[]>('fences'))?.value ?? []

/** Tries again to stop what could not be reached when it was fenced. Returns the fences that are still pending. */
async function retryFences(environment: Environment): Promise<readonly Fence[]> {
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

/** Every command first tries again to stop what could not be reached when it was fenced. */
export async function remindFences(environment: Environment, emit: Emit): Promise<void> {
  if (!(await readFences(environment.store)).some(({state}) => state === 'pending')) return
  for (const {instance, region} of await retryFences(environment)) {
    emit({
      kind: 'warning.raised',
      message: `${instance} could not be stopped yet. No record leads to it, but when ${region} returns it still runs.`,
      next: ['ha status tries again, and so does every other command.'],
    })
  }
}
