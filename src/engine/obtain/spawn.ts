/** Runs a command to its end; the one effect of this folder on other processes. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'

export interface Ran {
  /** null: ended by a signal, or by the deadline. */
  readonly code: number | null
  readonly stdout: string
  /** The last 200 lines. */
  readonly stderr: string
}

export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** Every line of stderr as it comes. */
  readonly onLine?: (line: string) => void
}

/** Rejects with ENOENT when there is no such command, with the signal's reason when it is aborted. */
export type Run = (command: string, args: readonly string[], options: RunOptions) => Promise<Ran>

export const runCommand: Run = async (command, args, {env, timeoutMs, cwd, signal, onLine}) => {
  const deadline = AbortSignal.timeout(timeoutMs)
  const stop = signal ? AbortSignal.any([signal, deadline]) : deadline
  const child = spawn(command, args, {
    env: {...env},
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stop,
    ...(cwd ? {cwd} : {}),
  })
  const stdout: Buffer[] = []
  const lines: string[] = []
  child.stdout.on('data', (data: Buffer) => stdout.push(data))
  createInterface({input: child.stderr}).on('line', (line) => {
    lines.push(line)
    if (lines.length > 200) lines.shift()
    onLine?.(line)
  })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return {code, stdout: Buffer.concat(stdout).toString(), stderr: lines.join('\n')}
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason
    if (deadline.aborted) return {code: null, stdout: '', stderr: `no answer within ${Math.round(timeoutMs / 1000)} s`}
    throw thrown
  }
}
