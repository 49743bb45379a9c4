/** A stack's update, its leftovers of a killed engine settled first. */
import type {Identify} from './identity.ts'
import {partsOf, type Repair, repairState} from './repair.ts'
import {runStack, type StackContext, type StackOutcome, type StackRun} from './run-stack.ts'
import type {PendingOperation} from './state.ts'

/** How often a creation that the cloud finished behind our back is taken in. */
const ATTEMPTS = 3

/**
 * Repairs, then runs. A cloud may finish after its engine was killed, and even after the repair looked: then the new creation
 * is refused because the thing exists. What was pending is ours, so it is taken into the state and the update runs again.
 */
export async function runRepaired(run: StackRun, context: StackContext, identify: Identify): Promise<StackOutcome> {
  const {workspace, emit} = context
  const repair = await repairState(workspace.state, run.stack.name, identify)
  if (!repair) return runStack(run, context)
  emit({kind: 'stack.repaired', stack: run.stack.name, pending: partsOf(repair, run.stack)})
  let outcome = await settle(repair.suspects, run, context)
  for (let attempt = 1; attempt < ATTEMPTS && outcome.verdict === 'failed'; attempt++) {
    const late = await takeIn(lateOnes(outcome, repair), run, context, identify)
    if (late.length === 0) break
    outcome = await settle(late, run, context)
  }
  return outcome
}

/** Reads the suspects from the cloud, then does what was asked. */
async function settle(suspects: readonly string[], run: StackRun, context: StackContext): Promise<StackOutcome> {
  if (suspects.length > 0) {
    const read = await runStack({...run, operation: 'refresh', targets: suspects}, {...context, emit: quiet(context)})
    if (read.verdict !== 'done') return read
  }
  return runStack(run, context)
}

/** Those whose creation was pending and was now refused because they exist. */
const lateOnes = (outcome: StackOutcome, repair: Repair): readonly PendingOperation[] => {
  const refused = new Set(outcome.problems.filter(({code}) => code === 'ALREADY_EXISTS').map(({urn}) => urn))
  return repair.pending.filter(({type, resource}) => type === 'creating' && refused.has(resource.urn))
}

/** Puts them into the state as pending once more and repairs it; resolves to those that could be identified. */
async function takeIn(
  late: readonly PendingOperation[],
  {stack}: StackRun,
  {workspace: {state}}: StackContext,
  identify: Identify,
): Promise<readonly string[]> {
  const checkpoint = await state.read(stack.name)
  const latest = checkpoint?.checkpoint.latest
  if (late.length === 0 || !checkpoint || !latest) return []
  const again = {...latest, pending_operations: [...late]}
  await state.write(stack.name, {...checkpoint, checkpoint: {...checkpoint.checkpoint, latest: again}})
  return (await repairState(state, stack.name, identify))?.suspects ?? []
}

/** A look at the world is no change that people asked for: only its silence and its warnings are passed on. */
const quiet =
  ({emit}: StackContext): StackContext['emit'] =>
  (event) => {
    if (!event.kind.startsWith('part.')) emit(event)
  }
