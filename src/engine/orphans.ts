/** Engines that outlived the ha that started them: waited for while they finish, ended when they do not. */
import {readdir, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Clock} from '../clock.ts'
import type {Emit} from '../events/events.ts'
import {isRunning, type ProcessMark} from '../process.ts'
import {signalGroup} from './command.ts'
import type {Workspace} from './workspace.ts'

/** How long an orphan may take to finish what it has in flight, then to end at once, before it is ended by force. */
const RUNGS = [
  {signal: 'SIGINT', waitMs: 60_000},
  {signal: 'SIGINT', waitMs: 5000},
  {signal: 'SIGKILL', waitMs: 5000},
] as const

/**
 * Ends every engine on record that still runs. Call it with the lock held and before the first stack is run; returns the
 * stacks they were at work on. Only a process with the recorded number and start time is touched.
 */
export async function endOrphans(workspace: Workspace, clock: Clock, emit: Emit): Promise<readonly string[]> {
  const folder = join(workspace.dir, 'engines')
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'))
  const found = await Promise.all(
    files.map((file) => endOne(join(folder, file), file.slice(0, -'.json'.length), clock, emit)),
  )
  return found.filter((stack) => stack !== undefined)
}

async function endOne(path: string, stack: string, clock: Clock, emit: Emit): Promise<string | undefined> {
  const mark = await readMark(path)
  const running = mark !== undefined && isRunning(mark)
  if (running) {
    emit({
      kind: 'warning.raised',
      message: `The engine of an earlier run is still at work on ${stack}; waiting until it has finished what it had begun.`,
      next: [],
    })
    await climbDown(mark, clock)
  }
  await rm(path, {force: true})
  return running ? stack : undefined
}

async function climbDown(mark: ProcessMark, clock: Clock): Promise<void> {
  for (const {signal, waitMs} of RUNGS) {
    signalGroup(mark.pid, signal)
    const deadline = clock.monotonic() + waitMs
    while (isRunning(mark) && clock.monotonic() < deadline) await clock.sleep(100)
    if (!isRunning(mark)) return
  }
}

async function readMark(path: string): Promise<ProcessMark | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessMark
  } catch {
    // Torn: ha died while writing it, so the engine had only just begun and ends by itself.
    return undefined
  }
}
