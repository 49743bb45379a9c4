/** Whose the emulator's data folder is: one global process at a time, named by process id and start time. */
import {mkdirSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {readJson} from './files.ts'
import {identify, isAlive, type ProcessId} from './process-group.ts'

/** Exists while the emulator is ready (contract.ts: EmulatorFile). */
export const emulatorFile = (dir: string): string => join(dir, 'emulator.json')

/** Exists from the first moment on: a ProcessId, and whose folder it is, since folders are copied with all that is in them. */
export const processFile = (dir: string): string => join(dir, 'process.json')

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning'
}

/** The live global process of the folder, if there is one. */
export function globalProcess(dir: string): ProcessId | undefined {
  const recorded = readJson<ProcessId & {readonly dir: string}>(processFile(dir))
  return recorded && recorded.dir === realpathSync(dir) && isAlive(recorded) ? recorded : undefined
}

/** Makes this process the folder's one and only. Throws AlreadyRunning. */
export function takeFolder(dir: string): void {
  mkdirSync(dir, {recursive: true})
  const other = globalProcess(dir)
  if (other) throw new AlreadyRunning(`An emulator runs on ${dir} already (process ${other.pid}).`)
  rmSync(emulatorFile(dir), {force: true})
  rmSync(processFile(dir), {force: true})
  try {
    // Fails when another one was as quick.
    writeFileSync(processFile(dir), JSON.stringify({...identify(process.pid), dir: realpathSync(dir)}), {flag: 'wx'})
  } catch {
    throw new AlreadyRunning(`Another emulator has just been started on ${dir}.`)
  }
}
