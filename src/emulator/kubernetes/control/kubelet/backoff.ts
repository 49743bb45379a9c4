/** The wait before a restart: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts */

const FIRST_MS = 10_000
const LONGEST_MS = 300_000

export interface Backoff {
  /** Milliseconds to wait for the restart of what ended at `endedAt`: 0 the first time, then 10 s, 20 s, … 5 min; 0 again after 10 quiet minutes. */
  waitFor(endedAt: number): number
}

/** All times in milliseconds of one clock. */
export function createBackoff(): Backoff {
  let delay = 0
  let changedAt = Number.NEGATIVE_INFINITY
  return {
    waitFor(endedAt) {
      const quiet = endedAt - changedAt > 2 * LONGEST_MS
      const wait = quiet ? 0 : delay
      delay = wait === 0 ? FIRST_MS : Math.min(wait * 2, LONGEST_MS)
      changedAt = endedAt + wait
      return wait
    },
  }
}
