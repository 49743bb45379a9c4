/**
 * vitest's global set-up: every test of a run works in one temporary folder, and the run fails when a file is left in it or
 * a process that belongs to it. Processes are recognised by the folder in their command line or working folder.
 */
import {chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {processesOf} from './e2e/processes.ts'

export function setup(): () => void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ha-run-')))
  // PostgreSQL runs as another user and must be able to pass through.
  chmodSync(folder, 0o755)
  process.env.TMPDIR = folder
  return () => {
    const processes = processesOf(folder).map(({pid, command}) => `process ${pid}: ${command.slice(0, 160)}`)
    const files = readdirSync(folder)
    rmSync(folder, {recursive: true, force: true})
    if (processes.length + files.length === 0) return
    throw new Error(`Tests left these behind: ${[...processes, ...files.map((file) => join(folder, file))].join('; ')}`)
  }
}
