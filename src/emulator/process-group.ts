/** A process that leads a group, with everything below it: what a region is to the operating system. */
import {descendantsOf, readProcessTable, startOf} from './process-table.ts'

export interface ProcessId {
  readonly pid: number
  /** See process-table.ts: tells the process from a later one of the same id. */
  readonly start: string
}

export const isAlive = ({pid, start}: ProcessId): boolean => startOf(pid) === start

/** This very process, or one just started. Throws when it has ended already. */
export function identify(pid: number): ProcessId {
  const start = startOf(pid)
  if (start === undefined) throw new Error(`Process ${pid} has ended.`)
  return {pid, start}
}

/**
 * Sends `signal` to the leader's group and to all its descendants: PostgreSQL's backends leave the group (they call setsid).
 * Returns what was there. Nothing is signalled when the leader's id now belongs to a stranger.
 */
export function signalTree(leader: ProcessId, signal: NodeJS.Signals): ProcessId[] {
  const tree = isAlive(leader) ? treeOf(leader) : []
  if (mayBeOurs(leader)) send(-leader.pid, signal)
  for (const {pid} of tree) send(pid, signal)
  return tree
}

/** Asks the leader to stop (SIGTERM), after `graceMs` kills what is left of its tree; resolves when all are gone. */
export async function endTree(leader: ProcessId, graceMs: number): Promise<void> {
  const tree = isAlive(leader) ? treeOf(leader) : []
  // A stopped process does not see SIGTERM before it goes on.
  for (const {pid} of tree) send(pid, 'SIGCONT')
  if (graceMs > 0) {
    if (isAlive(leader)) send(leader.pid, 'SIGTERM')
    await gone([leader, ...tree], leader, graceMs)
  }
  const left = [...signalTree(leader, 'SIGKILL'), ...tree.filter(isAlive)]
  for (const {pid} of left) send(pid, 'SIGKILL')
  await gone(left, leader, 5_000)
}

function treeOf(leader: ProcessId): ProcessId[] {
  const table = readProcessTable()
  const pids = [leader.pid, ...descendantsOf(leader.pid, table)]
  return pids.flatMap((pid) => {
    const row = table.get(pid)
    return row === undefined || row.zombie ? [] : [{pid, start: row.start}]
  })
}

/** Polls, because only a parent is told of an end, and after a restart the parent is somebody else. */
async function gone(processes: readonly ProcessId[], leader: ProcessId, deadlineMs: number): Promise<void> {
  const end = performance.now() + deadlineMs
  const left = () => processes.some(isAlive) || (mayBeOurs(leader) && send(-leader.pid, 0))
  while (left() && performance.now() < end) await new Promise((done) => setTimeout(done, 20))
}

/** A group outlives its leader, and while it lives its id is not given away: unless the machine was booted since. */
function mayBeOurs(leader: ProcessId): boolean {
  const now = startOf(leader.pid)
  if (now !== undefined) return now === leader.start
  const boot = (start: string | undefined) => /^([0-9a-f-]{36}):/.exec(start ?? '')?.[1]
  return boot(leader.start) === boot(startOf(process.pid))
}

/** Whether there was anything to signal. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}
