/** Waiting for the world, always with an end. */
import type {SqlDeed, SqlOperation} from '../cloud/operable.ts'
import {asHaError, HaError} from '../errors.ts'
import type {Means} from './means.ts'

const FIRST_MS = 20
const LONGEST_MS = 1_000

/** Somebody may be waiting for this to end, so that a look should come soon after it has. */
const GROWTH = 1.1

/** Asks until the answer is not undefined; pauses grow from 20 ms to a second. @throws HaError TIMED_OUT with `what` */
export async function until<T>(
  {clock}: Pick<Means, 'clock'>,
  withinMs: number,
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = clock.monotonic() + withinMs
  for (let pause = FIRST_MS; ; pause = Math.min(pause * GROWTH, LONGEST_MS)) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (clock.monotonic() + pause > deadline)
      throw new HaError('TIMED_OUT', `${what} within ${Math.round(withinMs / 1000)} s.`)
    // Not interruptible: a step once begun is seen through, or its deadline is.
    await clock.sleep(pause)
  }
}

/** Undefined: no answer, which is not an answer. */
export async function answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (thrown) {
    if (asHaError(thrown).code === 'CLOUD_UNREACHABLE') return undefined
    throw thrown
  }
}

const TYPES: Readonly<Record<SqlDeed['deed'], string>> = {
  stop: 'UPDATE',
  start: 'UPDATE',
  protect: 'UPDATE',
  unprotect: 'UPDATE',
  designate: 'UPDATE',
  backup: 'BACKUP_VOLUME',
  promote: 'PROMOTE_REPLICA',
  switchover: 'SWITCHOVER',
  replicate: 'CREATE_REPLICA',
}

export type Waiting = Pick<Means, 'cloud' | 'clock' | 'assertHeld'>

/**
 * Begins the deed and waits for its end. One of the same kind that is under way, an earlier try whose answer was lost, is
 * waited for instead; anything else that occupies the instance is waited out first.
 */
export async function carryOut(means: Waiting, deed: SqlDeed, withinMs: number): Promise<SqlOperation> {
  const {cloud} = means
  const began = await until(means, withinMs, `${deed.instance} was not free`, async () => {
    await means.assertHeld()
    try {
      return await cloud.begin(deed)
    } catch (thrown) {
      // 409: something is under way. Not asked before, since writers may be waiting for this.
      if (!(thrown instanceof HaError) || thrown.data.status !== 409 || deed.deed === 'replicate') throw thrown
    }
    const running = await cloud.running(deed.instance)
    return running.find(({type}) => type === TYPES[deed.deed] && type !== 'UPDATE')
  })
  const ended = await until(means, withinMs, `Cloud SQL did not finish ${began.type} of ${deed.instance}`, async () => {
    // No answer is no failure of what goes on there.
    const now = await answered(() => cloud.operation(began.id))
    return now?.done ? now : undefined
  })
  if (ended.error !== undefined) throw new HaError('CLOUD_REFUSED', `Cloud SQL: ${ended.error}`)
  return ended
}
