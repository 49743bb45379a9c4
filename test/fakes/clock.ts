import type {Clock} from '../../src/clock.ts'

/** A clock that stands still until it is told to go on. */
export interface StillClock extends Clock {
  /** Lets `ms` pass, waking every sleeper at its time, and lets what they started run. */
  pass(ms: number): Promise<void>
}

export function stillClock(): StillClock {
  let now = 0
  const sleepers = new Set<{readonly at: number; wake(): void}>()
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = {at: now + ms, wake: resolve}
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => sleepers.delete(sleeper) && reject(signal.reason), {once: true})
      }),
    async pass(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const next = [...sleepers].filter((sleeper) => sleeper.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        now = next.at
        sleepers.delete(next)
        next.wake()
      }
      now = end
    },
  }
}

/** A clock on which every wait is over at once. */
export const hastyClock = (): Clock => {
  let now = 1_000
  return {
    now: () => now++,
    monotonic: () => now,
    sleep: async (ms) => {
      now += ms
    },
  }
}
