/**
 * What the Automation API runs instead of its own `PulumiCommand`: the engine in a process group of its own, its pid on record,
 * Ctrl-C passed on once per rung, the true exit code. Only previews and updates start a process; the API's questions about a
 * stack (select, output, history) are answered here, because ha knows the answers.
 *
 * When ha itself is killed the engine goes on: it loses its language host, finishes what is in flight, saves the state and
 * exits. Therefore its output goes to files and not to pipes, whose end would kill it; the next run waits for it (orphans.ts).
 */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {open, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {HaError} from '../errors.ts'
import {type ProcessMark, startedAt} from '../process.ts'
import type {Interrupts} from './interrupts.ts'
import type {Workspace} from './workspace.ts'

export interface Exit {
  /** null: ended by `signal`. 0 done, 8 cancelled; the rest failed (pulumi/sdk/go/common/util/cmdutil/exit.go). */
  readonly code: number | null
  readonly signal: string | null
  /** What the engine wrote to stderr: errors from before its event stream began. Not redacted. */
  readonly stderr: string
}

/** Thrown through the Automation API, which only looks at whether the command succeeded. */
export class EngineExit extends Error {
  readonly exit: Exit
  constructor(exit: Exit) {
    super(`the engine ended with ${exit.code ?? exit.signal}`)
    this.exit = exit
  }
}

export interface EngineCommandOptions {
  readonly path: string
  readonly workspace: Workspace
  readonly stack: string
  readonly interrupts: Interrupts
  /** Aborted by the watchdog: end the engine now. */
  readonly silence: AbortSignal
  /** Arguments the Automation API does not know. */
  readonly extra?: readonly string[]
}

/** Time between asking the engine to end at once and ending it by force. */
const GRACE_MS = 5000

const ANSWERS: Readonly<Record<string, string>> = {select: '', output: '{}', history: '[]'}

const OPERATIONS = new Set(['preview', 'up', 'refresh', 'destroy'])

export interface EngineCommand {
  run(
    args: string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
  ): Promise<{stdout: string; stderr: string; code: number}>
}

export function engineCommand(options: EngineCommandOptions): EngineCommand {
  return {
    async run(args, cwd, env) {
      const [verb = '', question = ''] = args
      if (verb === 'stack' && question in ANSWERS) return {stdout: ANSWERS[question]!, stderr: '', code: 0}
      if (!OPERATIONS.has(verb)) throw new HaError('BUG', `The engine was asked for "${args.join(' ')}".`)
      const quiet = ['--non-interactive', '--color=never', '--suppress-outputs', '--suppress-progress']
      const exit = await runEngine([...args, ...quiet, ...(options.extra ?? [])], cwd, env, options)
      if (exit.code !== 0) throw new EngineExit(exit)
      return {stdout: '', stderr: exit.stderr, code: 0}
    },
  }
}

async function runEngine(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  {path, workspace, stack, interrupts, silence}: EngineCommandOptions,
): Promise<Exit> {
  if (interrupts.cancel.aborted) throw interrupts.cancel.reason
  const [mark, errors] = [markOf(workspace, stack), join(workspace.dir, 'engines', `${stack}.stderr`)]
  const file = await open(errors, 'w', 0o600)
  try {
    const child = spawn(path, args, {
      cwd,
      env: {...workspace.env, ...env, PULUMI_AUTOMATION_API: 'true'},
      stdio: ['ignore', 'ignore', file.fd],
      detached: true,
    })
    // Listened for before anything is awaited: a process may be over by then.
    const over = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    over.catch(() => {})
    const stop = passOn(child.pid, interrupts, silence)
    try {
      if (child.pid !== undefined) await writeMark(mark, child.pid)
      const [code, signal] = await over
      return {code, signal, stderr: await readFile(errors, 'utf8')}
    } finally {
      stop()
    }
  } finally {
    await file.close()
    await Promise.all([rm(mark, {force: true}), rm(errors, {force: true})])
  }
}

export const markOf = (workspace: Workspace, stack: string): string => join(workspace.dir, 'engines', `${stack}.json`)

async function writeMark(path: string, pid: number): Promise<void> {
  const started = startedAt(pid)
  if (started !== undefined) await writeFile(path, JSON.stringify({pid, started} satisfies ProcessMark))
}

/** The ladder, for one engine. Pulumi's second SIGINT means: terminate, leave operations pending (pkg/v3/backend/cancellation_scope.go). */
function passOn(pid: number | undefined, interrupts: Interrupts, silence: AbortSignal): () => void {
  if (pid === undefined) return () => {}
  let force: NodeJS.Timeout | undefined
  const send = (signal: NodeJS.Signals) => signalGroup(pid, signal)
  const ask = () => send('SIGINT')
  const end = () => {
    send('SIGINT')
    force ??= setTimeout(() => send('SIGKILL'), GRACE_MS)
  }
  const endSilent = () => {
    ask()
    end()
  }
  const rungs = [
    [interrupts.cancel, ask],
    [interrupts.terminate, end],
    [silence, endSilent],
  ] as const
  for (const [signal, act] of rungs) {
    if (signal.aborted) act()
    else signal.addEventListener('abort', act, {once: true})
  }
  return () => {
    clearTimeout(force)
    for (const [signal, act] of rungs) signal.removeEventListener('abort', act)
  }
}

/** To the whole group the engine leads; a group that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (thrown) {
    if ((thrown as {code?: string}).code !== 'ESRCH') throw thrown
  }
}
