/**
 * The one executor. For each step: observe; already so, or: write the intent, act, observe until it is so, write that it is.
 * Killed anywhere, it goes on from what it observes. Before the point of no return a failure takes back what was done.
 */
import {asHaError, HaError} from '../errors.ts'
import {deedOf} from './deeds.ts'
import {doneSteps, type Facts, factsOf, type Outcome} from './journal.ts'
import type {Found, Means} from './means.ts'
import {type Plan, pointOfNoReturn, type Step} from './plan.ts'
import {answered, until} from './waits.ts'

const SETTLE_MS = 30_000
/** The longest an operation of Cloud SQL may take until it is known how it ended. */
const UNDER_WAY_MS = 10 * 60_000

/** @throws HaError OPERATION_UNCHANGED (exit 18: everything was taken back), OPERATION_INCOMPLETE (exit 22: only forward is left), LOCK_LOST */
export async function execute(plan: Plan, means: Means, begun: 'fresh' | 'resumed'): Promise<void> {
  const border = pointOfNoReturn(plan)
  const crossed = begun === 'resumed' && (await isCrossed(plan, means))
  const journaled = doneSteps(means.journal.entries())
  for (const [index, step] of plan.steps.entries()) {
    // What lies behind the point of no return is over, whatever the journal remembers of it.
    if (crossed && index < border) continue
    // After it, what was done once stays done: later steps may have moved on from it.
    if (index > border && journaled.has(step.id)) continue
    try {
      if (index <= border) means.signal.throwIfAborted()
      await perform(step, means)
    } catch (thrown) {
      await failed(plan, index, asHaError(thrown), means)
    }
  }
  await finish(means, 'done')
}

/** Whether the step without return has happened, as the world shows it, once nothing of it is under way any more. */
async function isCrossed(plan: Plan, means: Means): Promise<boolean> {
  const step = plan.steps[pointOfNoReturn(plan)]
  if (!step) return false
  const {underWay} = deedOf(step)
  const answer = <T>(ask: () => Promise<T>): Promise<T> =>
    until(means, SETTLE_MS, `Whether "${step.title}" happened could not be seen`, () => answered(ask))
  if (underWay) {
    const ended = async () => ((await answer(() => underWay(step.input, means))) ? undefined : true)
    await until(means, UNDER_WAY_MS, `"${step.title}" was still under way`, ended)
  }
  return (await answer(() => observe(step, means, true))).done
}

const observe = async (step: Step, means: Means, otherwise: boolean): Promise<Found> =>
  (await deedOf(step).observe?.(step.input, means)) ?? {done: otherwise}

async function perform(step: Step, means: Means): Promise<void> {
  const {clock, emit, journal} = means
  const begun = clock.monotonic()
  const ms = () => Math.round(clock.monotonic() - begun)
  const deed = deedOf(step)
  emit({kind: 'step.started', step: step.id, title: step.title})
  try {
    const before = await observe(step, means, doneSteps(journal.entries()).has(step.id))
    if (before.done) {
      await journal.write({
        what: 'done',
        step: step.id,
        // What is only looked for was not there before.
        already: deed.act !== undefined,
        facts: {...factsOf(journal.entries(), step.id), ...before.facts},
      })
      const note = deed.act ? `${step.title}: already so` : step.title
      emit({kind: 'step.finished', step: step.id, ms: ms(), note})
      return
    }
    const acted = await act(step, means)
    const after = await until(means, deed.settleMs ?? SETTLE_MS, `"${step.title}" did not become true`, async () => {
      const found = await answered(() => observe(step, means, true))
      return found?.done ? found : undefined
    })
    await journal.write({what: 'done', step: step.id, already: false, facts: {...acted, ...after.facts}})
    emit({kind: 'step.finished', step: step.id, ms: ms(), note: step.title})
  } catch (thrown) {
    emit({kind: 'step.failed', step: step.id, ms: ms(), message: asHaError(thrown).message})
    throw thrown
  }
}

async function act(step: Step, means: Means): Promise<Facts | undefined> {
  const deed = deedOf(step)
  if (!deed.act) return undefined
  await means.journal.write({what: 'intent', step: step.id})
  // As late as can be: a process that slept since does nothing any more.
  await means.assertHeld()
  return deed.act(step.input, means)
}

/** Never returns. */
async function failed(plan: Plan, index: number, error: HaError, means: Means): Promise<never> {
  if (error.code === 'LOCK_LOST') throw error
  const step = plan.steps[index]!
  const border = pointOfNoReturn(plan)
  await means.journal.write({what: 'failed', step: step.id, message: error.message})
  if (index > border || (index === border && (await crossedSince(plan, means)) !== 'no')) throw incomplete(step, error)
  await undo(plan, means)
  throw new HaError('OPERATION_UNCHANGED', `"${step.title}" failed, and everything was taken back: ${error.message}`, {
    cause: error,
    next: [
      ...error.next,
      'Nothing has changed: the primary is where it was. Mend the cause, then run the command again.',
    ],
    data: {step: step.id},
  })
}

async function crossedSince(plan: Plan, means: Means): Promise<'yes' | 'no' | 'unknown'> {
  try {
    return (await isCrossed(plan, means)) ? 'yes' : 'no'
  } catch {
    // Nobody answers. Taking back what may have happened would make two primaries.
    return 'unknown'
  }
}

const incomplete = (step: Step, error: HaError) =>
  new HaError('OPERATION_INCOMPLETE', `"${step.title}" failed: ${error.message}`, {
    cause: error,
    next: [...error.next, 'The point of no return is passed, so it can only be finished: ha failover resume'],
    data: {step: step.id},
  })

/**
 * Takes back what was done, in reverse; each step's undo is harmless where nothing was done.
 * @throws HaError OPERATION_INCOMPLETE when the point of no return is passed, or something cannot be taken back now.
 */
export async function undo(plan: Plan, means: Means): Promise<void> {
  const border = pointOfNoReturn(plan)
  if (await isCrossed(plan, means)) {
    throw new HaError('OPERATION_INCOMPLETE', 'The point of no return is passed: nothing can be taken back.', {
      next: ['ha failover resume'],
    })
  }
  for (const step of plan.steps.slice(0, border + 1).toReversed()) {
    const deed = deedOf(step)
    if (!deed.undo || step.undo === undefined) continue
    await means.assertHeld()
    await means.journal.write({what: 'undoing', step: step.id})
    try {
      await deed.undo(step.input, means)
    } catch (thrown) {
      const {message} = asHaError(thrown)
      throw new HaError('OPERATION_INCOMPLETE', `"${step.title}" could not be taken back: ${message}`, {
        cause: thrown,
        next: ['Try again: ha failover abort'],
      })
    }
    await means.journal.write({what: 'undone', step: step.id})
  }
  await finish(means, 'unchanged')
}

const finish = ({journal}: Means, outcome: Outcome) => journal.write({what: 'finished', outcome})
