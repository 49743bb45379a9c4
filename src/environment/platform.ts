/** Engine, local cloud and workspace of one environment, put together: what every command that runs stacks needs. */
import {homedir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {stacksOf} from '../../stacks/index.ts'
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import type {Cloud} from '../cloud/cloud.ts'
import {createCloud} from '../cloud/google.ts'
import {emulatorWires} from '../cloud/wires.ts'
import {type Engine, obtainEngine} from '../engine/binary.ts'
import {type EmulatorFile, ensureEmulator} from '../engine/emulator.ts'
import type {Versions} from '../engine/fingerprint.ts'
import {identifier} from '../engine/identity.ts'
import type {Interrupts} from '../engine/interrupts.ts'
import {runCommand} from '../engine/obtain/spawn.ts'
import {sdkVersion} from '../engine/pulumi.ts'
import {redactor} from '../engine/redact.ts'
import {type Retired, retiredFrom} from '../engine/retired.ts'
import {type GraphResult, type GraphRun, runGraph} from '../engine/run-graph.ts'
import {PATIENCE} from '../engine/watchdog.ts'
import {openWorkspace, type Workspace} from '../engine/workspace.ts'
import type {Emit} from '../events/events.ts'
import {forgetNode, recordNode} from '../store/documents.ts'
import {deedsOf} from './deeds.ts'
import type {Environment} from './environment.ts'
import {googleOf} from './google.ts'
import {operableOf} from './operable.ts'
import {secretValues} from './secrets.ts'
import {requireSignIn} from './sign-in.ts'
import {placeOf} from './state.ts'
import {versionsOf} from './versions.ts'

export interface Platform {
  readonly engine: Engine
  /** On the local target. */
  readonly emulator: EmulatorFile | undefined
  readonly cloud: Cloud
  readonly workspace: Workspace
  readonly versions: Versions
  /** What an earlier ha.yaml had and this one does not. */
  readonly retired: Retired
  /** Runs the graph; `over` says what else than the whole of it. Successes are recorded as they come. */
  run(
    operation: GraphRun['operation'],
    over?: Partial<Pick<GraphRun, 'nodes' | 'all' | 'only' | 'refresh' | 'assertHeld' | 'unprotect'>>,
  ): Promise<GraphResult>
}

export interface PlatformOptions {
  readonly environment: Environment
  readonly emit: Emit
  readonly surroundings: Surroundings
  readonly interrupts: Interrupts
}

/** @throws HaError ENGINE_UNAVAILABLE, EMULATOR_UNAVAILABLE, PORT_TAKEN, POSTGRES_UNAVAILABLE, DISK_FULL, CREDENTIALS_MISSING, TOOL_MISSING */
export async function openPlatform({environment, emit, surroundings, interrupts}: PlatformOptions): Promise<Platform> {
  const {config, paths, store, topology, ledger, roles} = environment
  const {env} = surroundings
  // First: without credentials nothing else is worth waiting for.
  const google = config.target === 'gcp' ? googleOf(config, env) : undefined
  if (google) await requireSignIn(env)
  const giveUp = new AbortController()
  const signal = AbortSignal.any([interrupts.cancel, giveUp.signal])
  const needed = [
    obtain(surroundings, emit, signal),
    google ? undefined : localCloud(environment, env, emit, signal),
    placeOf(environment, env),
  ] as const
  const [engine, emulator, place] = await Promise.all(needed).catch(async (thrown) => {
    // What is still under way would report, or even come up, after the failure was told.
    giveUp.abort(new Error('Not needed any more.'))
    await Promise.allSettled(needed)
    throw thrown
  })
  const workspace = await openWorkspace({
    project: config.app,
    ...place,
    dir: join(paths.home, 'engine'),
    env: {...env, PULUMI_DEBUG_PROVIDERS: emulator && providersOf(emulator)},
  })
  const wires = google ?? emulatorWires(emulator!.googleapis)
  const cloud = createCloud(wires, systemClock)
  const recorded: Record<string, Readonly<Record<string, unknown>>> = {...ledger.recorded}
  const secrets = secretValues(paths.base, env, config.secrets)
  const versions = versionsOf()
  const nodes = stacksOf(topology)
  const retired = await retiredFrom(workspace, Object.keys(ledger.fingerprints), nodes)
  const scheme = google ? 'https' : 'http'
  const endpoint = (region: string) => `${scheme}://${recorded[`cell-${region}`]?.endpoint}`
  return {
    engine,
    emulator,
    cloud,
    workspace,
    versions,
    retired,
    run: (operation, over = {}) =>
      runGraph({
        nodes,
        operation,
        recorded: ledger.recorded,
        fingerprints: ledger.fingerprints,
        programVersion: versions.program,
        engine,
        workspace,
        clock: systemClock,
        emit,
        redact: redactor([
          ...secrets.values(),
          ...(workspace.seal.kind === 'passphrase' ? [workspace.seal.passphrase] : []),
        ]),
        interrupts,
        patience: PATIENCE,
        steps: deedsOf({
          ...{topology, cloud, emit, endpoint, secret: (name) => secrets.get(name)},
          waiting: () => ({
            cloud: operableOf(environment, wires),
            clock: systemClock,
            assertHeld: over.assertHeld ?? nothing,
          }),
        }),
        identify: identifier(config.project),
        lost: roles.lost,
        answers: async (region) =>
          recorded[`cell-${region}`]?.endpoint === undefined || cloud.answers(endpoint(region)),
        assertHeld: nothing,
        record: async (name, entry) => {
          recorded[name] = entry.outputs
          await recordNode(store, name, {...entry, at: systemClock.now()})
        },
        forget: (name) => forgetNode(store, name),
        ...over,
      }),
  }
}

const nothing = async () => {}

const localCloud = ({config, paths}: Environment, env: Surroundings['env'], emit: Emit, signal: AbortSignal) =>
  ensureEmulator({
    dir: paths.emulator,
    env,
    clock: systemClock,
    emit,
    signal,
    ...(config.edge.port !== undefined && {edgePort: config.edge.port}),
  })

const providersOf = ({providers}: EmulatorFile) => `gcp:${providers.gcp},kubernetes:${providers.kubernetes}`

/** The engine, wherever it comes from; HA_CACHE_DIR and XDG_CACHE_HOME say where it is kept. */
export function obtain({env}: Pick<Surroundings, 'env'>, emit: Emit, signal: AbortSignal): Promise<Engine> {
  return obtainEngine({...engineSource({env}), clock: systemClock, emit, signal})
}

/** What the ways of obtaining the engine need to know of this machine. */
export const engineSource = ({env}: Pick<Surroundings, 'env'>) => ({
  version: sdkVersion(),
  cacheDir: env.HA_CACHE_DIR ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ha'),
  moduleDir: fileURLToPath(new URL('../engine/go', import.meta.url)),
  env,
  platform: process.platform,
  arch: process.arch,
  fetch,
  run: runCommand,
})
