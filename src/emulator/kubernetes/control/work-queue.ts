/** Keys to look at, each once however often it was added, with back-off for those that fail. */

export interface WorkQueue {
  add(key: string): void
  /** The earliest of several wins. */
  addAfter(key: string, ms: number): void
  /** Resolves when the key at work is done; nothing is taken up any more. */
  stop(): Promise<void>
}

/** Kubernetes' own: https://pkg.go.dev/k8s.io/client-go/util/workqueue#DefaultTypedControllerRateLimiter, the longest wait shortened. */
const FIRST_RETRY_MS = 5
const LONGEST_RETRY_MS = 30_000

/** Works on one key at a time, in the order they came. `failed` hears of every failure and of how often the key failed in a row. */
export function createWorkQueue(
  work: (key: string) => void | Promise<void>,
  failed: (key: string, error: unknown, times: number) => void,
  longestRetryMs = LONGEST_RETRY_MS,
): WorkQueue {
  const waiting = new Set<string>()
  const timers = new Map<string, {timer: NodeJS.Timeout; due: number}>()
  const failures = new Map<string, number>()
  let drain: Promise<void> | undefined
  let stopped = false

  async function workOn(key: string) {
    try {
      await work(key)
      failures.delete(key)
    } catch (error) {
      const times = (failures.get(key) ?? 0) + 1
      failures.set(key, times)
      failed(key, error, times)
      addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** (times - 1), longestRetryMs))
    }
  }

  async function drainAll() {
    // What caused the key to be added is finished first.
    await new Promise(setImmediate)
    for (const key of waiting) {
      if (stopped) break
      waiting.delete(key)
      await workOn(key)
    }
    drain = undefined
    if (waiting.size > 0 && !stopped) drain = drainAll()
  }

  function add(key: string) {
    if (stopped) return
    waiting.add(key)
    drain ??= drainAll()
  }

  function addAfter(key: string, ms: number) {
    const due = performance.now() + ms
    const earlier = timers.get(key)
    if (stopped || (earlier && earlier.due <= due)) return
    clearTimeout(earlier?.timer)
    const timer = setTimeout(() => {
      timers.delete(key)
      add(key)
    }, ms)
    timers.set(key, {timer, due})
  }

  return {
    add,
    addAfter,
    async stop() {
      stopped = true
      for (const {timer} of timers.values()) clearTimeout(timer)
      await drain
    },
  }
}
