/**
 * vitest's global set-up: every test of a run works in one temporary folder, and the run fails when a file is left in it or
 * a process that belongs to it. Processes are recognised by the folder in their command line or working folder.
 */
import {chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

export function setup(): () => void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ha-run-')))
  // PostgreSQL runs as another user and must be able to pass through.
  chmodSync(folder, 0o755)
  process.env.TMPDIR = folder
  return () => {
    const processes = processesOf(folder)
    const files = readdirSync(folder)
    rmSync(folder, {recursive: true, force: true})
    if (processes.length + files.length === 0) return
    throw new Error(`Tests left these behind: ${[...processes, ...files.map((file) => join(folder, file))].join('; ')}`)
  }
}

/** Command lines of other processes that work in the folder. Linux only: elsewhere there is no /proc to ask. */
function processesOf(folder: string): string[] {
  return pids().flatMap((pid) => {
    const command = read(`/proc/${pid}/cmdline`)
    const isOurs = command.includes(folder) || workingFolder(pid).startsWith(folder)
    return isOurs ? [`process ${pid}: ${command.replaceAll('\0', ' ').trim().slice(0, 160)}`] : []
  })
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}
