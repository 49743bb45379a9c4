/** Notices an engine that has gone silent: says so after a while, gives it up after a long while. */
import type {Clock} from '../clock.ts'

export interface Patience {
  /** Silence after which, and every so often again, people are told what is waited for. */
  readonly tellMs: number
  /** Silence with nothing in flight after which the engine is ended. */
  readonly idleMs: number
  /** The same while a part is in flight: clouds take long (Cloud SQL's own operations end after 90 minutes). */
  readonly busyMs: number
  /** Time to exit once the engine said it is done. */
  readonly exitMs: number
}

export const PATIENCE: Patience = {tellMs: 20_000, idleMs: 5 * 60_000, busyMs: 100 * 60_000, exitMs: 30_000}

export interface Watched {
  readonly clock: Clock
  readonly patience: Patience
  state(): {readonly busy: boolean; readonly ended: boolean}
  /** After every `tellMs` of silence. */
  tell(silentMs: number): void
  /** Once: the silence has lasted too long. */
  giveUp(silentMs: number): void
}

export interface Watchdog {
  /** A sign of life. */
  touch(): void
  stop(): void
}

export function watchdog({clock, patience, state, tell, giveUp}: Watched): Watchdog {
  const stopped = new AbortController()
  let last = clock.monotonic()
  let told = 0
  const limit = () => {
    const {busy, ended} = state()
    return ended ? patience.exitMs : busy ? patience.busyMs : patience.idleMs
  }
  const watch = async () => {
    while (!stopped.signal.aborted) {
      const silent = clock.monotonic() - last
      if (silent >= limit()) return giveUp(Math.round(silent))
      if (silent >= (told + 1) * patience.tellMs) {
        told = Math.floor(silent / patience.tellMs)
        tell(Math.round(silent))
      }
      await clock
        .sleep(Math.max(1, Math.min((told + 1) * patience.tellMs, limit()) - silent), stopped.signal)
        .catch(() => {})
    }
  }
  watch()
  return {
    touch() {
      last = clock.monotonic()
      told = 0
    },
    stop: () => stopped.abort(),
  }
}
