/** Whose the emulator's data folder is: one global process at a time, named by process id and start time. */
import {mkdirSync, realpathSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {readJson, writeJson} from './files.ts'
import {identify, isAlive, type ProcessId} from './process-group.ts'

/** Exists while the emulator is ready (contract.ts: EmulatorFile). */
export const emulatorFile = (dir: string): string => join(dir, 'emulator.json')

/** Exists from the first moment on, until it is stopped in order. */
const processFile = (dir: string): string => join(dir, 'process.json')

/** Who runs on the folder, or did when it was killed. */
export interface Holder extends ProcessId {
  /** Whose folder it is, since folders are copied with all that is in them. */
  readonly dir: string
  /** The command line that starts it again. */
  readonly command: readonly string[]
}

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning'
}

/** Whoever took the folder last and did not leave it: alive, or killed. */
export function lastHolder(dir: string): Holder | undefined {
  const recorded = readJson<Holder>(processFile(dir))
  return recorded && recorded.dir === realpathSync(dir) ? recorded : undefined
}

/** The live global process of the folder, if there is one. */
export function globalProcess(dir: string): Holder | undefined {
  const last = lastHolder(dir)
  return last && isAlive(last) ? last : undefined
}

/**
 * Makes this process the folder's one and only. With `again` only in the place of one that was killed.
 * Throws AlreadyRunning, also when there is nobody to replace.
 */
export function takeFolder(dir: string, command: readonly string[], {again = false} = {}): void {
  mkdirSync(dir, {recursive: true})
  alone(dir, () => {
    const last = lastHolder(dir)
    if (last && isAlive(last)) throw new AlreadyRunning(`An emulator runs on ${dir} already (process ${last.pid}).`)
    if (again && !last) throw new AlreadyRunning(`The emulator on ${dir} was stopped in the meantime.`)
    rmSync(emulatorFile(dir), {force: true})
    const holder: Holder = {...identify(process.pid), dir: realpathSync(dir), command}
    writeJson(processFile(dir), holder)
  })
}

/** Nobody holds the folder after this, so that nobody is started again in a dead one's place; unless somebody alive does, who is returned. */
export function clearFolder(dir: string): Holder | undefined {
  return alone(dir, () => {
    const running = globalProcess(dir)
    if (!running) for (const file of [emulatorFile(dir), processFile(dir)]) rmSync(file, {force: true})
    return running
  })
}

/** This process, in order, gives the folder back. */
export const leaveFolder = (dir: string): void => rmSync(processFile(dir), {force: true})

/** One process at a time, in a lock that the system takes back from a killed one: https://sqlite.org/lockingv3.html */
function alone<T>(dir: string, act: () => T): T {
  const lock = new DatabaseSync(join(dir, 'folder.lock'))
  try {
    lock.exec('PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE')
    return act()
  } finally {
    lock.close()
  }
}
