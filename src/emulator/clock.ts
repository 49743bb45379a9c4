/** The emulator's only way to time, passed in so that tests can hold it still and move it. */
export interface EmulatorClock {
  /** Milliseconds since the Unix epoch: dates in records and logs, retention. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back: leases, back-off, deadlines. */
  monotonic(): number
  /** Calls `run` once after `ms`; the result takes it back. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: EmulatorClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}
