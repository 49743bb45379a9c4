/** Time as Pub/Sub sees it, passed in so that tests can hold it still and move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch: publish times, retention. */
  now(): number
  /** Milliseconds that never go back: leases, back-off. */
  monotonic(): number
  /** Calls `run` once after `ms`; the result cancels it. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}
