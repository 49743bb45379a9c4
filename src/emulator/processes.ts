/**
 * Operating-system processes under supervision: pods' containers, PostgreSQL servers. They stay in the process group of whoever
 * starts them, so that a region dies as one; what a supervisor that was killed left behind is found again by pid file.
 */
import {type ChildProcess, spawn} from 'node:child_process'
import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {constants, getPriority, setPriority} from 'node:os'
import {dirname, resolve} from 'node:path'
import {openProcessLog, type Stream} from './process-log.ts'
import {
  catches,
  descendantsOf,
  findByEnvironment,
  type ProcessTable,
  readProcessTable,
  startOf,
} from './process-table.ts'

export {sampleUsage} from './process-table.ts'

/** Holds the pid file's path in the environment of a child and all it starts: how strays are found when their parent is gone. */
const MARK = 'EMULATED_PROCESS'

/** For what is started beside a child and has to go with it (an exec into a container): to be added to its environment. */
export const markOf = (pidFile: string): Record<string, string> => ({[MARK]: resolve(pidFile)})

/** A shell without a trap would die of a signal and leave what it runs; so that gets the signal instead, and the shell ends after it. */
const SHELLS = new Set(['sh', 'dash', 'bash', 'ash', 'zsh', 'ksh'])

export interface ChildOptions {
  /** For messages only. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
  /** See process-log.ts for the format. */
  readonly logFile: string
  /** The log and its predecessor together stay below this. */
  readonly maxLogBytes: number
  /** One per child, in a folder that only this supervisor writes. Removed when the child has ended. */
  readonly pidFile: string
  /** How far it stands behind whoever starts it for the processor, default 0; inherited by what it starts itself. */
  readonly niceness?: number
  readonly onLine?: (line: string, stream: Stream) => void
}

export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly name: string
  readonly pid: number
  /** RFC 3339. */
  readonly startedAt: string
  /** Resolves at once when the main process ends; never rejects. */
  readonly exited: Promise<Exit>
  /** Resolves once nothing the child started is left and its log is closed; later than `exited`, never rejects. */
  readonly gone: Promise<void>
  /** To the main process, and through shells to what they run. Without effect once it has ended. */
  signal(signal: NodeJS.Signals): void
  /** Sends `signal` (SIGTERM), after `graceMs` SIGKILL to the whole tree; resolves as `exited` when nothing is left. */
  stop(options: {signal?: NodeJS.Signals; graceMs: number}): Promise<Exit>
}

/** Starts a process and resolves once it runs. Rejects with the system's error (ENOENT, EACCES, …) when it cannot start. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const pidFile = resolve(options.pidFile)
  mkdirSync(dirname(pidFile), {recursive: true})
  const {command, args, cwd, uid, gid, niceness} = options
  const child = spawn(command, args, {
    cwd,
    ...(uid === undefined ? {} : {uid}),
    ...(gid === undefined ? {} : {gid}),
    env: {...options.env, ...markOf(pidFile)},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // At once, before a shell starts what is to inherit it.
  if (niceness !== undefined && child.pid !== undefined) setPriority(child.pid, Math.min(19, getPriority() + niceness))
  const exited = new Promise<Exit>((done) => child.once('exit', (code, signal) => done({code, signal})))
  const log = openProcessLog(options.logFile, options.maxLogBytes, options.onLine)
  const closed = new Promise<void>((done) => child.once('close', () => done()))
  child.stdout.on('data', (chunk: Buffer) => log.write('stdout', chunk))
  child.stderr.on('data', (chunk: Buffer) => log.write('stderr', chunk))
  try {
    await new Promise((done, fail) => child.once('spawn', done).once('error', fail))
  } catch (error) {
    log.close()
    throw error
  }
  writePidFile(pidFile, child.pid!)
  const gone = exited.then(() => {
    killAll(findByEnvironment(MARK, pidFile))
    rmSync(pidFile, {force: true})
    return closed.then(() => log.close())
  })
  return {
    name: options.name,
    pid: child.pid!,
    startedAt: new Date().toISOString(),
    exited,
    gone,
    ...controls(child, pidFile, exited, gone),
  }
}

function controls(
  child: ChildProcess,
  pidFile: string,
  exited: Promise<Exit>,
  gone: Promise<void>,
): Pick<Child, 'signal' | 'stop'> {
  const alive = () => child.exitCode === null && child.signalCode === null
  const signal = (name: NodeJS.Signals) => {
    if (alive()) for (const pid of throughShells(child.pid!, name, readProcessTable())) send(pid, name)
  }
  return {
    signal,
    async stop({signal: first = 'SIGTERM', graceMs}) {
      signal(first)
      const timer = setTimeout(() => {
        // It first: seeing its children end, it might end of its own accord and hide that it had to be killed.
        if (alive()) killAll([child.pid!, ...descendantsOf(child.pid!), ...findByEnvironment(MARK, pidFile)])
      }, graceMs)
      const exit = await exited
      clearTimeout(timer)
      await gone
      return exit
    },
  }
}

/** The exit code a shell (and Kubernetes) reports: 128 + the signal's number for a process that a signal ended. */
export function exitCodeOf(exit: Exit): number {
  return exit.code ?? 128 + (exit.signal ? constants.signals[exit.signal] : 0)
}

/**
 * Ends what an earlier supervisor left of the child with this pid file: the recorded process, if its start time still matches, all
 * below it, and strays that carry its mark. Resolves when they are gone, with how many there were.
 */
export async function endOrphan(pidFile: string): Promise<number> {
  const path = resolve(pidFile)
  const recorded = readPidFile(path)
  const mine = recorded !== undefined && startOf(recorded.pid) === recorded.start
  const ended = await endAndAwait([
    ...(mine ? [recorded.pid, ...descendantsOf(recorded.pid)] : []),
    ...findByEnvironment(MARK, path),
  ])
  rmSync(path, {force: true})
  return ended
}

/** As endOrphan, for every child whose pid file lies anywhere below the folder; finds them by their mark, with or without the file. */
export async function endOrphansBelow(folder: string): Promise<number> {
  const marked = findByEnvironment(MARK, `${resolve(folder)}/`).filter((pid) => pid !== process.pid)
  const table = readProcessTable()
  return endAndAwait(marked.flatMap((pid) => [pid, ...descendantsOf(pid, table)]))
}

async function endAndAwait(pids: readonly number[]): Promise<number> {
  const starts = new Map(pids.map((pid) => [pid, startOf(pid)] as const).filter(([, start]) => start !== undefined))
  killAll([...starts.keys()])
  const deadline = performance.now() + 5_000
  const left = () => [...starts].some(([pid, start]) => startOf(pid) === start)
  // Not our children, so no event tells of their end.
  while (left() && performance.now() < deadline) await new Promise((done) => setTimeout(done, 10))
  return starts.size
}

/** Whom a signal for `pid` is meant for. */
function throughShells(pid: number, signal: NodeJS.Signals, table: ProcessTable): number[] {
  const children = [...table.values()].filter((row) => row.parent === pid && !row.zombie)
  const relays = SHELLS.has(table.get(pid)?.command ?? '') && children.length > 0 && !catches(pid, signal)
  return relays ? children.flatMap((row) => throughShells(row.pid, signal, table)) : [pid]
}

function killAll(pids: readonly number[]): void {
  for (const pid of new Set(pids)) send(pid, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended between being listed and being signalled.
  }
}

function writePidFile(path: string, pid: number): void {
  const start = startOf(pid)
  // Ended already: nothing to find later.
  if (start === undefined) return
  writeFileSync(`${path}.new`, JSON.stringify({pid, start}))
  renameSync(`${path}.new`, path)
}

function readPidFile(path: string): {pid: number; start: string} | undefined {
  try {
    const {pid, start} = JSON.parse(readFileSync(path, 'utf8'))
    return typeof pid === 'number' && typeof start === 'string' ? {pid, start} : undefined
  } catch {
    return undefined
  }
}
