/** Asking without being held up or stopped by who does not answer. */
import type {Clock} from '../clock.ts'
import type {Seen} from './cloud.ts'

/** Never rejects. */
export type Attempt = <T>(ask: () => Promise<T>) => Promise<Seen<T>>

/** What was asked for, or why there is no answer; one that cannot be read is none either. */
export const attempt: Attempt = async (ask) => {
  try {
    return {seen: await ask()}
  } catch (error) {
    return {unseen: error instanceof Error ? error.message : String(error)}
  }
}

/** As `attempt`, and over in so many milliseconds. */
export const attemptWithin =
  (clock: Clock, ms: number): Attempt =>
  async (ask) => {
    const answered = new AbortController()
    const unseen = {unseen: `no answer within ${ms / 1000} s`}
    const late = clock.sleep(ms, answered.signal).then(
      () => unseen,
      () => unseen,
    )
    try {
      return await Promise.race([attempt(ask), late])
    } finally {
      answered.abort()
    }
  }
