/**
 * A stack whose engine was killed: dead locks dropped, operations it left pending settled. A resource that was being created
 * may exist in the cloud though the state does not know it: where its id can be told it is put into the state under that id
 * and then read from the cloud, which confirms it or takes it out again. So nothing is orphaned and nothing is made twice.
 */
import type {Part} from '../events/events.ts'
import type {Identify} from './identity.ts'
import {type Checkpoint, type PendingOperation, pendingOf, type StackState, type StateResource} from './state.ts'
import {partOf} from './words.ts'

export interface Repair {
  readonly checkpoint: Checkpoint
  /** To be read from the cloud before anything else is done with them. */
  readonly suspects: readonly string[]
  readonly pending: readonly PendingOperation[]
}

/** Pure. undefined: nothing is pending. */
export function planRepair(checkpoint: Checkpoint | undefined, identify: Identify): Repair | undefined {
  const pending = pendingOf(checkpoint)
  const latest = checkpoint?.checkpoint.latest
  if (!checkpoint || !latest || pending.length === 0) return undefined
  let resources = latest.resources ?? []
  const suspects: string[] = []
  for (const {type, resource} of pending) {
    if (type === 'creating') {
      const adopted = adopt(resources, resource, identify)
      resources = adopted ?? resources
      if (adopted) suspects.push(resource.urn)
    } else if (resources.some((known) => known.urn === resource.urn)) {
      // Half an update or half a delete: the state shows what was before, the cloud what is.
      suspects.push(resource.urn)
    }
  }
  return {
    checkpoint: {
      ...checkpoint,
      checkpoint: {...checkpoint.checkpoint, latest: {...latest, resources, pending_operations: []}},
    },
    suspects: [...new Set(suspects)],
    pending,
  }
}

/**
 * The resource among the known ones as if its creation had succeeded; undefined when its id cannot be told or is known already.
 * An earlier one of the same URN is being replaced: it stays, marked for deletion, as the engine itself would leave it.
 */
function adopt(
  known: readonly StateResource[],
  {inputs = {}, ...resource}: StateResource,
  identify: Identify,
): readonly StateResource[] | undefined {
  if (resource.custom !== true || resource.type.startsWith('pulumi:')) return undefined
  const id = identify(resource.type, inputs)
  if (id === undefined || known.some((other) => other.urn === resource.urn && other.id === id)) return undefined
  const others = known.map((other) => (other.urn === resource.urn ? {...other, delete: true} : other))
  return [...others, {...resource, id, inputs, outputs: inputs}]
}

/** Drops dead locks, writes the repaired state; returns what was settled, undefined when nothing was to do. */
export async function repairState(state: StackState, stack: string, identify: Identify): Promise<Repair | undefined> {
  await state.dropDeadLocks(stack)
  const repair = planRepair(await state.read(stack), identify)
  if (repair) await state.write(stack, repair.checkpoint)
  return repair
}

export const partsOf = (repair: Repair, stack: {readonly name: string; readonly region?: string}): readonly Part[] =>
  repair.pending.map(({resource}) => partOf(resource.urn, resource.inputs ?? {}, stack))
