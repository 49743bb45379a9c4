/** Observes what `ha doctor` judges: programs, ports, disk, lock, local cloud. Changes nothing. */
import {constants} from 'node:fs'
import {access, statfs} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {fileURLToPath} from 'node:url'
import {stacksOf} from '../../stacks/index.ts'
import {findEngine} from '../engine/binary.ts'
import {type EmulatorFile, observeEmulator} from '../engine/emulator.ts'
import {runCommand} from '../engine/obtain/spawn.ts'
import {portHolder} from '../engine/port-holder.ts'
import {openState, pendingOf} from '../engine/state.ts'
import {type Chosen, type Environment, openEnvironment, readEmulatorFile} from '../environment/environment.ts'
import {engineSource} from '../environment/platform.ts'
import {asHaError} from '../errors.ts'
import {isDead, observeLock} from '../store/lock.ts'
import {SIGN_IN} from '../topology/kubeconfig.ts'
import type {EngineFacts, Facts, MachineFacts, PortFacts, PostgresFacts, ProjectFacts} from './facts.ts'

type Env = Readonly<Record<string, string | undefined>>

const DEFAULT_PORT = 8080
const QUICK_MS = 10_000

export async function observeFacts(cwd: string, chosen: Chosen, env: Env): Promise<Facts> {
  const project = await openEnvironment(cwd, chosen).catch((thrown) => asHaError(thrown))
  const environment = project instanceof Error ? undefined : project
  const running = environment && (await observeEmulator(environment.paths.emulator))
  const [machine, port, projectFacts] = await Promise.all([
    observeMachine(environment?.paths.base ?? cwd, env),
    observePort(environment, running),
    environment && observeProject(environment, running),
  ])
  if (projectFacts) return {machine, port, project: projectFacts}
  // Without an ha.yaml anywhere only the machine is looked at, unless one was named.
  const failed = project instanceof Error ? project : undefined
  const outside = failed?.code === 'CONFIG_NOT_FOUND' && chosen.file === undefined
  return {machine, port, ...(failed && !outside && {project: {problem: failed.message, next: failed.next}})}
}

async function observeMachine(folder: string, env: Env): Promise<MachineFacts> {
  const [engine, postgres, disk, kubectl, psql, signIn] = await Promise.all([
    observeEngine(env),
    observePostgres(folder, env),
    observeDisk(folder),
    firstLine('kubectl', ['version', '--client'], env),
    firstLine('psql', ['--version'], env),
    firstLine(SIGN_IN, ['--version'], env),
  ])
  const {version: node, platform, arch} = process
  const memory = {availableBytes: process.availableMemory()}
  return {node, platform, arch, engine, postgres, disk, memory, tools: {kubectl, psql, signIn}}
}

async function observeEngine(env: Env): Promise<EngineFacts> {
  const source = engineSource({env})
  const {version} = source
  const found = await findEngine(source)
  if (!(found instanceof Map)) return {version, found: {path: found.path, from: found.from}}
  const [canDownload, go] = await Promise.all([canReach('https://github.com'), firstLine('go', ['version'], env)])
  const canFetchSources = !canDownload && go !== undefined && (await canFetch(version, env))
  const reasons = [...found].map(([way, reason]) => `${way}: ${reason}`)
  return {version, missing: {reasons, canDownload, go, canFetchSources}}
}

const canReach = (url: string): Promise<boolean> =>
  fetch(url, {method: 'HEAD', signal: AbortSignal.timeout(QUICK_MS)}).then(
    () => true,
    () => false,
  )

/** Asks for one small file of the module, the way the build will. */
async function canFetch(version: string, env: Env): Promise<boolean> {
  const args = ['list', '-m', `github.com/pulumi/pulumi/sdk/v3@v${version}`]
  const ran = await runCommand('go', args, {env: {...env, GOWORK: 'off'}, cwd: tmpdir(), timeoutMs: QUICK_MS})
  return ran.code === 0
}

/** undefined: not installed, or it does not run. */
async function firstLine(command: string, args: readonly string[], env: Env): Promise<string | undefined> {
  const ran = await runCommand(command, args, {env, timeoutMs: QUICK_MS}).catch(() => undefined)
  return ran?.code === 0 ? ran.stdout.split('\n')[0]!.trim() : undefined
}

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const EMULATOR = fileURLToPath(new URL(`../emulator/main${extension}`, import.meta.url))

/** The local cloud runs PostgreSQL, so it is asked whether it can. */
async function observePostgres(folder: string, env: Env): Promise<PostgresFacts> {
  const ran = await runCommand(process.execPath, [EMULATOR, 'check', '--dir', folder], {env, timeoutMs: 60_000})
  if (ran.code !== 0)
    return {problem: `The local cloud's program does not run: ${ran.stderr.trim().split('\n').at(-1)}`}
  return (JSON.parse(ran.stdout) as {postgres: PostgresFacts}).postgres
}

async function observeDisk(path: string): Promise<MachineFacts['disk']> {
  const {bavail, bsize} = await statfs(path)
  const writable = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
  return {path, freeBytes: bavail * bsize, writable}
}

async function observePort(
  environment: Environment | undefined,
  running: EmulatorFile | undefined,
): Promise<PortFacts> {
  const given = environment?.config.edge.port
  const port = given ?? DEFAULT_PORT
  const free = await isFree(port)
  const holder = free ? undefined : await portHolder(port)
  const ours = running !== undefined && holder?.pid === running.pid
  return {port, asked: given !== undefined, free, ours, ...(holder && {holder})}
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

async function observeProject(environment: Environment, running: EmulatorFile | undefined): Promise<ProjectFacts> {
  const {config, store, paths, access, ledger, topology} = environment
  const {holder} = await observeLock(store)
  const state = openState(paths.stateUrl, config.app, access)
  const stacks = stacksOf(topology).filter(({kind}) => kind === 'stack')
  const pending = await Promise.all(stacks.map(async ({name}) => pendingOf(await state.read(name)).length))
  return {
    app: config.app,
    environment: config.environment,
    target: config.target,
    lock: holder && {operation: holder.operation, owner: holder.owner, host: holder.host.name, dead: isDead(holder)},
    emulator: running ? 'ready' : readEmulatorFile(paths) ? 'silent' : 'off',
    deployed: Object.keys(ledger.fingerprints).length > 0,
    pending: pending.reduce((total, n) => total + n, 0),
  }
}
