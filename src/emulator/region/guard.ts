/**
 * The global process is nobody's child, so that every region looks after it: when it was killed, it is started again in the place of
 * the dead one, as it was started before. All regions may try at once; the folder is given to one (folder.ts).
 */
import {spawn} from 'node:child_process'
import {extname} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {Log} from '../contract.ts'
import {lastHolder} from '../folder.ts'
import {isAlive} from '../process-group.ts'

export interface GuardOptions {
  /** The emulator's data folder. */
  readonly dir: string
  readonly log: Log
  /** How often it is looked at; the wait after a vain start begins with it, doubles, and ends at a minute. */
  readonly everyMs?: number
  /** Starts the global process; must not throw. */
  readonly revive?: (dir: string) => void
}

const LONGEST_WAIT_MS = 60_000

/** Watches until the returned function is called. */
export function guardGlobal({dir, log, everyMs = 1_000, revive = spawnReviver}: GuardOptions): () => void {
  let starts = 0
  let notBefore = 0
  const look = () => {
    const last = lastHolder(dir)
    // Nobody: it was stopped in order.
    if (!last || performance.now() < notBefore) return
    if (isAlive(last)) {
      // It is well only after a while; until then the next start waits longer.
      if (performance.now() > notBefore + LONGEST_WAIT_MS) starts = 0
      return
    }
    const waitMs = Math.min(everyMs * 2 ** starts++, LONGEST_WAIT_MS)
    notBefore = performance.now() + waitMs
    log('warn', 'The global process was killed; it is started again', {pid: last.pid})
    revive(dir)
  }
  const timer = setInterval(() => {
    try {
      look()
    } catch (error) {
      // The folder may be on its way out.
      log('warn', 'The global process could not be looked after', {reason: String(error)})
    }
  }, everyMs)
  return () => clearInterval(timer)
}

const MAIN = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url))

/** By a process that ends at once: the global process must not be below a region, or killing that would end it. */
function spawnReviver(dir: string): void {
  const child = spawn(process.execPath, [MAIN, 'revive', '--dir', dir], {detached: true, stdio: 'ignore'})
  child.once('error', () => {})
  child.unref()
}
