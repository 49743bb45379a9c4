/** Keeps one server running: what dies unasked comes back at once, what keeps dying less and less often. */
import type {Log} from '../contract.ts'
import type {Server} from './server.ts'

/** Between attempts. The first is immediate: a killed server is back within the second. */
const PAUSES_MS = [0, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000]

export interface Supervised {
  readonly name: string
  readonly log: Log
  launch(): Promise<Server>
  /** Before a server that died unasked is started again. */
  died(): Promise<void>
}

export interface Supervisor {
  /** The server that is up or coming up. */
  server(): Server | undefined
  /** Resolves when it answers; rejects when it cannot start, and does not try again. Without effect while it runs. */
  start(): Promise<void>
  /** Resolves when no process is left. Without effect when it is stopped. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
}

export function supervise({name, log, launch, died}: Supervised): Supervisor {
  let wanted = false
  let server: Server | undefined
  let timer: NodeJS.Timeout | undefined
  let attempt = 0
  let beginning: Promise<void> | undefined

  const launchOne = async () => {
    const started = await launch()
    // Stopped meanwhile.
    if (!wanted) return started.stop('immediate')
    server = started
    const ended = started.exited.then(() => {
      if (server === started) server = undefined
      return wanted
    })
    await started.ready
    attempt = 0
    ended.then((unasked) => unasked && revive())
  }
  const begin = () => {
    beginning = launchOne()
    return beginning
  }

  const revive = () => {
    if (!wanted) return
    const pause = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]!
    attempt += 1
    timer = setTimeout(async () => {
      try {
        if (attempt === 1) {
          log('warn', `${name} died; starting it again`)
          await died()
        }
        if (wanted) await begin()
      } catch (error) {
        log('error', `${name} did not start again`, {error: String(error)})
        revive()
      }
    }, pause)
  }

  return {
    server: () => server,
    async start() {
      if (wanted && server) return server.ready
      wanted = true
      try {
        await begin()
      } catch (error) {
        wanted = false
        throw error
      }
    },
    async stop(mode = 'fast') {
      wanted = false
      clearTimeout(timer)
      await server?.stop(mode)
      await beginning?.catch(() => {})
      server = undefined
    },
  }
}
