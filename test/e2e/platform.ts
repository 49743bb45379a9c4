/**
 * The product as people have it: a copy of a template, the built binary run in it, and what can be seen of it from outside.
 * What such a platform leaves behind is found by the folder, which every process of it carries in its command or works in.
 */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {connect} from 'node:net'
import {homedir, tmpdir} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {fileURLToPath} from 'node:url'
import type {EmulatorFile} from '../../src/emulator/contract.ts'
import {stopEmulator} from '../../src/engine/emulator.ts'
import {sdkVersion} from '../../src/engine/pulumi.ts'
import {endProcesses, type Found, processesOf} from './processes.ts'

const REPO = fileURLToPath(new URL('../..', import.meta.url))
const BINARY = join(REPO, 'bin', 'run.js')
const cache = process.env.HA_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ha')
/** Undefined when everything is there; else why tests of the platform are skipped. */
export const withoutPlatform = existsSync(join(cache, 'engine', sdkVersion(), 'pulumi'))
  ? undefined
  : 'no engine in the cache: run ha deploy once'

/** An event of `--json`, read loosely. */
export interface Told {
  readonly kind: string
  readonly [field: string]: unknown
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
  readonly events: readonly Told[]
  /** Of `--json`: what the command found. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the shape it asked for
  readonly result: any
}

export interface Running {
  readonly child: ChildProcess
  /** Resolves at the first event that fits, also one already told; to undefined when the command ends without one. */
  when(fits: (event: Told) => boolean): Promise<Told | undefined>
  ended(): Promise<Ended>
}

export interface Platform {
  readonly dir: string
  /** Runs `ha …` here and does not wait. It is killed when it takes longer than two minutes. */
  start(...args: string[]): Running
  /** Runs `ha …` here to its end, whatever that is. */
  ha(...args: string[]): Promise<Ended>
  /** The same, with more in its environment. */
  under(variables: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended>
  edit(change: (text: string) => string): void
  /** Where its local cloud is. */
  cloud(): EmulatorFile
  /** Rejects unless the local cloud does so with the region. */
  region(name: string, verb: 'kill' | 'start' | 'pause' | 'resume'): Promise<void>
  processes(): readonly Found[]
  /** Every port anything of it has claimed. */
  ports(): readonly number[]
  /** Ends whatever runs and removes the folder: for the end of a test, however it went. */
  remove(): Promise<void>
}

const DEADLINE_MS = 120_000

/** The rental example's ha.yaml with as few instances as the local target bears, leaving at once. */
export const few = (text: string): string =>
  text.replace(
    /\n {6}api: \{ env.*/,
    `
      api: { env: { HOST: 127.0.0.1 }, replicas: { min: 1 }, health: { drain: 1s } }
      booking-sync: { replicas: { min: 1 } }
      pricing: { replicas: { min: 1 } }
      webhooks: { replicas: { min: 1 } }`,
  )

export function openPlatform(template: string, change: (text: string) => string = (it) => it): Platform {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ha-platform-')))
  // PostgreSQL may run as another user and has to pass.
  chmodSync(folder, 0o755)
  const dir = join(folder, template)
  const own = (path: string) => !path.endsWith('/.ha') && !path.endsWith('/node_modules')
  cpSync(join(REPO, 'templates', template), dir, {recursive: true, filter: own})
  symlinkSync(join(REPO, 'node_modules'), join(folder, 'node_modules'))
  const home = join(folder, 'home')
  const file = join(dir, 'ha.yaml')
  const edit = (change: (text: string) => string) => writeFileSync(file, change(readFileSync(file, 'utf8')))
  edit(change)

  const fixed = {HOME: home, HA_CACHE_DIR: cache, NODE_COMPILE_CACHE: join(cache, 'compiled'), CI: '1'}
  const under = (variables: NodeJS.ProcessEnv, ...args: string[]) =>
    run(args, {cwd: dir, env: {...process.env, ...fixed, ...variables}})
  const start = (...args: string[]) => under({}, ...args)
  const processes = () => processesOf(folder)
  const cloud = () => JSON.parse(readFileSync(join(dir, '.ha/local/emulator/emulator.json'), 'utf8')) as EmulatorFile
  return {
    dir,
    start,
    ha: (...args) => start(...args).ended(),
    under: (variables, ...args) => under(variables, ...args).ended(),
    edit,
    cloud,
    async region(name, verb) {
      const answer = await fetch(`${cloud().googleapis}/emulator/v1/regions/${name}:${verb}`, {method: 'POST'})
      if (answer.status !== 200) throw new Error(await answer.text())
    },
    processes,
    ports: () => claimedPorts(join(dir, '.ha')),
    async remove() {
      // In order first: PostgreSQL leaves shared memory behind when it is killed.
      await stopEmulator(join(dir, '.ha', 'local', 'emulator'), process.env).catch(() => {})
      await endProcesses(processes)
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

function run(args: readonly string[], options: {cwd: string; env: NodeJS.ProcessEnv}): Running {
  const begun = performance.now()
  const child = spawn(process.execPath, [BINARY, ...args], {...options, stdio: ['ignore', 'pipe', 'pipe']})
  const late = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const said = {stdout: '', stderr: ''}
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk
  })
  const events: Told[] = []
  const waiting = new Set<(event: Told) => void>()
  createInterface({input: child.stdout}).on('line', (line) => {
    said.stdout += `${line}\n`
    if (!line.startsWith('{')) return
    const event = JSON.parse(line) as Told
    events.push(event)
    for (const tell of waiting) tell(event)
  })
  const closed = once(child, 'close').then(([code]): Ended => {
    clearTimeout(late)
    const result = events.findLast(({kind}) => kind === 'result')?.value
    return {code: code as number | null, ...said, ms: Math.round(performance.now() - begun), events, result}
  })
  return {
    child,
    when: (fits) => {
      const told = events.find(fits)
      if (told) return Promise.resolve(told)
      const next = new Promise<Told>((resolve) => waiting.add((event) => fits(event) && resolve(event)))
      return Promise.race([next, closed.then(() => undefined)])
    },
    ended: () => closed,
  }
}

/** The ports in every `ports.json`, and those of what serves by itself. */
function claimedPorts(folder: string): number[] {
  const files = existsSync(folder) ? readdirSync(folder, {recursive: true, withFileTypes: true}) : []
  return files
    .filter(({name}) => name === 'ports.json')
    .flatMap(({parentPath, name}) => Object.values(JSON.parse(readFileSync(join(parentPath, name), 'utf8'))))
    .filter((port): port is number => typeof port === 'number')
}

/** Whether anything listens there. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect({port, host: '127.0.0.1'})
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
