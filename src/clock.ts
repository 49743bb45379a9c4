/** The one place that reads the time. Everything else is given a Clock, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Can jump: for dates shown to people, never for measuring. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back. For durations and deadlines. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, {once: true})
    }),
}
