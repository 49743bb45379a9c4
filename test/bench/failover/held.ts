/** What must be ended even when the measurement is interrupted. */
const held = new Set<() => Promise<unknown>>()

/** Runs `work`, then `end`; an interrupt runs it too, but it runs once. */
export async function holding<T>(end: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  let ending: Promise<unknown> | undefined
  const dispose = () => {
    ending ??= end()
    return ending
  }
  held.add(dispose)
  try {
    return await work()
  } finally {
    held.delete(dispose)
    await dispose()
  }
}

/** On Ctrl-C everything held is ended, then this process. A second one is not waited for. */
export function endWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      await Promise.allSettled([...held].map((dispose) => dispose()))
      process.exit(130)
    })
  }
}
