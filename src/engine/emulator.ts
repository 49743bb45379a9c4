/** The local cloud as a process beside us: adopted when it runs, started when it does not, reached over wires only. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {watch} from 'node:fs'
import {mkdir, open, readFile, realpath} from 'node:fs/promises'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {Clock} from '../clock.ts'
import {DISK_FULL_WORDS, diskFull, HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {absent} from '../store/durable.ts'
import {type Run, runCommand} from './obtain/spawn.ts'
import {portHolder} from './port-holder.ts'

/** What the emulator writes to `<dir>/emulator.json` once everything listens (src/emulator/contract.ts, the same shape). */
export interface EmulatorFile {
  readonly version: 1
  readonly pid: number
  readonly startedAt: string
  readonly googleapis: string
  readonly providers: {readonly gcp: number; readonly kubernetes: number}
  readonly pubsub: string
}

export interface EmulatorOptions {
  /** Its data folder, e.g. `.ha/local/emulator`. */
  readonly dir: string
  /** Where the load balancer must listen; undefined: where it likes, always the same. */
  readonly edgePort?: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly emit: Emit
  readonly signal?: AbortSignal
  /** Default: 120 s, which brings back regions with their databases. */
  readonly timeoutMs?: number
  /** The emulator's program, for tests. */
  readonly program?: string
}

/** At 1 MiB, as the regions' processes have it, garbage takes 29 % of its time under 100 requests a second; without a limit it grows to 211 MiB. */
const LEAN = ['--max-semi-space-size=8']
const TASK = 'emulator.start'
const HEALTH_MS = 3000

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const PROGRAM = fileURLToPath(new URL(`../emulator/main${extension}`, import.meta.url))

/** The running emulator of this folder, if it answers. */
export async function observeEmulator(dir: string): Promise<EmulatorFile | undefined> {
  const text = await readFile(join(dir, 'emulator.json'), 'utf8').catch(absent)
  if (text === undefined) return undefined
  try {
    const file = JSON.parse(text) as EmulatorFile
    const answer = await fetch(`${file.googleapis}/emulator/v1`, {signal: AbortSignal.timeout(HEALTH_MS)})
    const info = (await answer.json()) as {readonly dir?: string}
    // A folder copied with its emulator.json names the emulator of the original.
    return answer.ok && info.dir === (await realpath(dir)) ? file : undefined
  } catch {
    return undefined
  }
}

/**
 * Adopts or starts the emulator; resolves once it is ready. Throws PORT_TAKEN, POSTGRES_UNAVAILABLE, DISK_FULL,
 * EMULATOR_UNAVAILABLE, or the signal's reason.
 */
export async function ensureEmulator(options: EmulatorOptions): Promise<EmulatorFile> {
  const {dir, clock, emit} = options
  const running = await observeEmulator(dir)
  if (running) return running
  const begun = clock.monotonic()
  const ms = () => Math.round(clock.monotonic() - begun)
  emit({kind: 'task.started', task: TASK, title: 'Start the local cloud'})
  try {
    const file = await start(options)
    emit({kind: 'task.finished', task: TASK, ms: ms()})
    return file
  } catch (thrown) {
    emit({kind: 'task.failed', task: TASK, ms: ms(), message: (thrown as Error).message})
    throw thrown
  }
}

/** Ends the emulator with all its regions; nothing of it runs when this resolves. Throws EMULATOR_UNAVAILABLE when it will not end. */
export async function stopEmulator(
  dir: string,
  env: EmulatorOptions['env'],
  {program = PROGRAM, run = runCommand}: {readonly program?: string; readonly run?: Run} = {},
): Promise<void> {
  const ran = await run(process.execPath, [program, 'stop', '--dir', dir], {env, timeoutMs: 60_000})
  if (ran.code === 0) return
  throw new HaError('EMULATOR_UNAVAILABLE', `The local cloud did not end: ${ran.stderr.split('\n').at(-1)}`, {
    next: [`See ${join(dir, 'log')} for what it was doing, then run the same command again.`],
  })
}

async function start(options: EmulatorOptions): Promise<EmulatorFile> {
  const {dir, edgePort, env, signal, timeoutMs = 120_000, program = PROGRAM} = options
  if (edgePort !== undefined) await assertFree(edgePort)
  await mkdir(dir, {recursive: true}).catch(async (thrown) => {
    throw await explain(String(thrown.message), options)
  })
  const words = join(dir, 'start.log')
  const file = await open(words, 'w', 0o600)
  const settled = new AbortController()
  try {
    const args = ['start', '--dir', dir, ...(edgePort === undefined ? [] : ['--edge-port', String(edgePort)])]
    const child = spawn(process.execPath, [...LEAN, program, ...args], {
      env: {...env},
      stdio: ['ignore', file.fd, file.fd],
      detached: true,
    })
    const ended = once(child, 'exit', {signal: settled.signal}).then(() => undefined)
    const deadline = AbortSignal.timeout(timeoutMs)
    const stop = AbortSignal.any([settled.signal, deadline, ...(signal ? [signal] : [])])
    const ready = becomeReady(dir, stop)
    ready.catch(() => {})
    const first = await Promise.race([ready, ended.catch(() => undefined)]).catch((thrown) => {
      child.kill('SIGTERM')
      if (signal?.aborted) throw signal.reason
      if (deadline.aborted) throw late(dir, timeoutMs)
      throw thrown
    })
    child.unref()
    if (first) return first
    const last = await readFile(words, 'utf8')
    // Someone else was quicker: theirs will be ready soon.
    if (/runs on .* already/.test(last)) return await ready
    throw await explain(last, options)
  } finally {
    settled.abort()
    await file.close()
  }
}

/** Resolves when emulator.json is there and what it names answers. */
function becomeReady(dir: string, signal: AbortSignal): Promise<EmulatorFile> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const look = () => observeEmulator(dir).then((file) => file && resolve(file), reject)
    const watcher = watch(dir, {signal}, (_, name) => {
      if (name === 'emulator.json') look()
    })
    watcher.on('error', reject)
    signal.addEventListener('abort', () => reject(signal.reason), {once: true})
    look()
  })
}

const late = (dir: string, timeoutMs: number): HaError =>
  new HaError('EMULATOR_UNAVAILABLE', `The local cloud was not ready within ${Math.round(timeoutMs / 1000)} s.`, {
    next: [`See ${join(dir, 'log')} for what it was doing; ha doctor checks what this machine lacks.`],
  })

/** Told before anything is started, not when the load balancer comes to listen. Throws PORT_TAKEN. */
async function assertFree(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    throw await portTaken(port)
  } finally {
    server.close()
  }
}

async function portTaken(port: number): Promise<HaError> {
  const holder = port ? await portHolder(port) : undefined
  const by = holder ? ` by ${holder.command} (process ${holder.pid})` : ''
  return new HaError('PORT_TAKEN', `Port ${port || 'wanted'} is taken${by}.`, {
    next: ['End that program, or choose another port: `edge: {port: …}` in ha.yaml.'],
    data: {port, ...(holder ? {pid: holder.pid, command: holder.command} : {})},
  })
}

/** The child's last words as an error with a way out. */
async function explain(words: string, {dir, edgePort}: EmulatorOptions): Promise<HaError> {
  const lines = words.split('\n').filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line))
  const telling =
    lines.findLast((line) => /error|taken|space|postgres/i.test(line)) ?? lines.at(-1) ?? 'it said nothing'
  if (DISK_FULL_WORDS.test(words)) return diskFull(`The disk is full: the local cloud below ${dir} could not start.`)
  if (/EADDRINUSE|is taken|PortTaken/i.test(words)) {
    const port = Number(/(?:port |:)(\d{2,5})\b/i.exec(telling)?.[1] ?? edgePort ?? 0)
    return portTaken(port)
  }
  if (/postgres|initdb/i.test(telling)) {
    return new HaError('POSTGRES_UNAVAILABLE', `PostgreSQL cannot be run here: ${telling}`, {
      next: ['Run `ha doctor`: it says what is missing.'],
    })
  }
  return new HaError('EMULATOR_UNAVAILABLE', `The local cloud ended while it started: ${telling}`, {
    next: [`Its log is below ${join(dir, 'log')}; \`ha doctor\` checks what this machine lacks.`],
  })
}
