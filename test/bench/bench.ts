/** What the benchmarks share: fresh environments, this machine in a line, tables. */
import {chmod, cp, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {availableParallelism, loadavg, tmpdir, totalmem} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {execa} from 'execa'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const RUN = join(ROOT, 'bin', 'run.js')

/** A deploy that takes longer than this is reported as what it is: stuck. */
const TIMEOUT_MS = 240_000

/** Ctrl-C ends what is being measured; what was started is still taken down. */
const stopping = new AbortController()
export const interrupted = stopping.signal
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())

export interface Ran {
  readonly ms: number
  readonly stdout: string
}

export interface Place {
  readonly dir: string
  /** Runs `ha` there to its end. Throws with what it said when it fails. */
  ha(...args: string[]): Promise<Ran>
}

/** A copy of a template with its packages beside it; destroyed and removed when `use` is done, however it ends. */
export async function inPlace<T>(
  template: string,
  use: (place: Place) => Promise<T>,
  adapt: (yaml: string) => string = (it) => it,
): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'ha-bench-'))
  // As root, PostgreSQL runs as somebody else, who must be let through, or its data would lie elsewhere.
  await chmod(home, 0o755)
  const dir = join(home, 'app')
  await cp(join(ROOT, 'templates', template), dir, {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.ha)$/.test(path),
  })
  await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  const file = join(dir, 'ha.yaml')
  await writeFile(file, adapt(await readFile(file, 'utf8')))
  const ha = (...args: string[]) => timed([RUN, ...args], dir)
  try {
    return await use({dir, ha})
  } finally {
    await timed([RUN, 'destroy', '--yes'], dir, {always: true}).catch((error: Error) => say(`  ! ${error.message}`))
    await rm(home, {recursive: true, force: true})
  }
}

interface Terms {
  /** Exit codes that are no failure; 0 by default. */
  readonly codes?: readonly number[]
  /** Also when interrupted. */
  readonly always?: boolean
}

/** Node with these arguments, timed. Throws with its last words unless it ends as it should. */
export async function timed(args: readonly string[], cwd: string, {codes = [0], always}: Terms = {}): Promise<Ran> {
  const begun = performance.now()
  const ran = await execa(process.execPath, args, {
    cwd,
    reject: false,
    timeout: TIMEOUT_MS,
    killSignal: 'SIGINT',
    // A terminal's Ctrl-C goes to the whole group.
    ...(always ? {detached: true} : {cancelSignal: interrupted}),
  })
  const ms = performance.now() - begun
  if (!codes.includes(ran.exitCode ?? -1))
    throw new Error(`${args.join(' ')} ended with ${ran.exitCode}: ${ran.stderr.slice(-2000)}`)
  return {ms, stdout: ran.stdout}
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

export const ratio = (a: number, b: number) => `${(a / b).toFixed(2)}×`
export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
export const millis = (ms: number) => `${Math.round(ms)} ms`
export const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`

export const say = (text: string) => void process.stdout.write(`${text}\n`)

/** Column names first; numbers as text already. */
export function table(title: string, rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  say(`\n${title}`)
  for (const row of rows) say(`  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
  const gib = Math.round(totalmem() / 2 ** 30)
  const load = loadavg()[0]!.toFixed(1)
  say(
    `  (${availableParallelism()} cores, ${gib} GiB, ${process.platform}, Node ${process.versions.node}, load ${load})`,
  )
}
