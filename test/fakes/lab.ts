/** A folder with a workspace and a fake cloud in it, for tests that run the real engine. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch} from 'node:fs'
import {createRequire} from 'node:module'
import {homedir, tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {systemClock} from '../../src/clock.ts'
import {uninterrupted} from '../../src/engine/interrupts.ts'
import {automation, sdkVersion} from '../../src/engine/pulumi.ts'
import {redactor} from '../../src/engine/redact.ts'
import type {GraphRun} from '../../src/engine/run-graph.ts'
import {PATIENCE} from '../../src/engine/watchdog.ts'
import {openWorkspace, type Workspace} from '../../src/engine/workspace.ts'
import type {Unstamped} from '../../src/events/events.ts'
import type {Exports, Node, Recorded, Stack} from '../../stacks/stack.ts'

const version = sdkVersion()
export const enginePath = join(homedir(), '.cache', 'ha', 'engine', version, 'pulumi')
/** Undefined when the engine is there; else why tests that need it are skipped. */
export const withoutEngine = existsSync(enginePath) ? undefined : `no engine at ${enginePath}: run ha engine install`

export interface ThingProps {
  readonly name: string
  readonly value?: unknown
  readonly kind?: string
  readonly delayMs?: number
  readonly fails?: string
  /** Pulumi refuses to delete it. */
  readonly protect?: boolean
  /** The provider refuses to delete it. */
  readonly deletionProtection?: boolean
}

export interface Lab {
  readonly dir: string
  readonly workspace: Workspace
  readonly events: Unstamped[]
  /** Names of the things that exist in the fake cloud. */
  things(): readonly string[]
  /** How often the provider was asked to do it. */
  calls(method: string): number
  run(nodes: readonly Node[], more?: Partial<GraphRun>): GraphRun
  close(): Promise<void>
}

const contents = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

export async function startProvider(dir: string): Promise<{child: ChildProcess; port: number}> {
  const path = fileURLToPath(new URL('./provider.ts', import.meta.url))
  const ready = new Promise<void>((resolve) => {
    const watcher = watch(dir, (_, file) => {
      if (file !== 'provider.json') return
      watcher.close()
      resolve()
    })
  })
  const child = spawn(process.execPath, [path, '--dir', dir], {stdio: 'inherit'})
  await Promise.race([ready, once(child, 'exit').then(() => Promise.reject(new Error('the fake provider ended')))])
  return {child, port: JSON.parse(contents(join(dir, 'provider.json'))).port}
}

export async function openLab(dir = mkdtempSync(join(tmpdir(), 'ha-engine-'))): Promise<Lab> {
  const provider = await startProvider(dir)
  const workspace = await labWorkspace(dir, provider.port)
  const events: Unstamped[] = []
  return {
    dir,
    workspace,
    events,
    things: () =>
      readdirSync(join(dir, 'things'))
        .map((file) => file.replace('.json', ''))
        .sort(),
    calls: (method) =>
      contents(join(dir, 'calls.log'))
        .split('\n')
        .filter((line) => line === method).length,
    run: (nodes, more = {}) => graphRun(nodes, workspace, (event) => events.push(event), more),
    async close() {
      provider.child.kill('SIGTERM')
      await once(provider.child, 'exit')
      rmSync(dir, {recursive: true, force: true, maxRetries: 3})
    },
  }
}

export const labWorkspace = (dir: string, port: number): Promise<Workspace> =>
  openWorkspace({
    project: 'lab',
    stateUrl: pathToFileURL(dir).href,
    dir: join(dir, 'engine'),
    env: {PATH: process.env.PATH, HOME: process.env.HOME, PULUMI_DEBUG_PROVIDERS: `fake:${port}`},
  })

export const graphRun = (
  nodes: readonly Node[],
  workspace: Workspace,
  emit: GraphRun['emit'],
  more: Partial<GraphRun> = {},
): GraphRun => ({
  nodes,
  operation: 'up',
  engine: {path: enginePath, version},
  workspace,
  clock: systemClock,
  emit,
  redact: redactor([]),
  interrupts: uninterrupted(),
  patience: PATIENCE,
  recorded: {},
  fingerprints: {},
  programVersion: 'test',
  steps: {} as GraphRun['steps'],
  identify: (_, inputs) => inputs.name as string | undefined,
  lost: [],
  answers: async () => true,
  assertHeld: async () => {},
  record: async () => {},
  forget: async () => {},
  ...more,
})

export interface StackOptions {
  readonly needs?: readonly string[]
  readonly region?: string
  readonly looksFirst?: true
  readonly things?: (recorded: Recorded) => readonly ThingProps[]
  readonly exports?: Exports
  /** Runs inside the program, before the things. */
  readonly inside?: () => void
}

/** A stack of things; its input is their props, its exports their names. */
export function thingStack(
  name: string,
  {needs = [], region, looksFirst, things = () => [{name}], exports, inside}: StackOptions = {},
): Stack {
  return {
    kind: 'stack',
    name,
    needs,
    ...(region ? {region} : {}),
    ...(looksFirst ? {looksFirst} : {}),
    input: (recorded) => things(recorded),
    async program(input: readonly ThingProps[]) {
      automation()
      const pulumi = createRequire(import.meta.url)('@pulumi/pulumi') as typeof import('@pulumi/pulumi')
      class Fake extends pulumi.ProviderResource {}
      class Thing extends pulumi.CustomResource {}
      const provider = new Fake('fake', 'fake', {})
      inside?.()
      const made = input.map(
        ({protect = false, ...props}) =>
          new Thing('fake:index:Thing', props.name, {...props, link: undefined}, {provider, protect}),
      )
      return {names: made.map((each) => (each as unknown as {link: unknown}).link), ...exports}
    },
  } as Stack
}
