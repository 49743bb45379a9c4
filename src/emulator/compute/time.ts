/** The load balancer's only way to time: tests pass one they move by hand. */
export interface Time {
  /** Milliseconds since the Unix epoch, for dates in records and logs. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back. */
  monotonic(): number
  /** Runs once after `ms`; the returned function takes it back. */
  after(ms: number, run: () => void): () => void
}

export const systemTime: Time = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
