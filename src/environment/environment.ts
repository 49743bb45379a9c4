/** One environment as it is known on disk: its config, where its files lie, its roles and what was recorded. Imports no Pulumi. */
import {existsSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {endpointOf} from '../../stacks/app/endpoint.ts'
import {emulatorWires, type Wires} from '../cloud/wires.ts'
import type {Config} from '../config/config.ts'
import {loadConfigFile} from '../config/load.ts'
import {HaError} from '../errors.ts'
import type {Access} from '../store/bucket.ts'
import {type Ledger, readLedger, readRoles} from '../store/documents.ts'
import {openStore} from '../store/open.ts'
import type {Document, Store} from '../store/store.ts'
import {deriveTopology} from '../topology/derive.ts'
import {extendRoles, initialRoles} from '../topology/roles.ts'
import type {Roles, Topology} from '../topology/topology.ts'
import {accessOf, googleOf, storageOf} from './google.ts'

export interface Paths {
  /** Everything of this environment on this machine: `.ha/<environment>` beside ha.yaml. */
  readonly home: string
  /** The folder of ha.yaml. */
  readonly base: string
  readonly emulator: string
  readonly stateUrl: string
  readonly storeUrl: string
  kubeconfig(region: string): string
}

export interface Environment {
  readonly config: Config
  readonly file: string
  /** The file's text, for the hash in a saved plan. */
  readonly text: string
  readonly paths: Paths
  readonly store: Store
  /** For state at `gs://`. */
  readonly access: Access | undefined
  /** Undefined before the first deploy. */
  readonly recordedRoles: Document<Roles> | undefined
  /** Recorded roles with new regions added, or those at birth. */
  readonly roles: Roles
  readonly ledger: Ledger
  readonly topology: Topology
}

export interface Chosen {
  readonly file?: string | undefined
  readonly env?: string | undefined
  /** Settings for this run, each `PATH=VALUE`. */
  readonly set?: readonly string[] | undefined
}

/** @throws HaError CONFIG_NOT_FOUND, CONFIG_INVALID, USAGE (in `set`), CREDENTIALS_MISSING, STORE_UNREACHABLE, STORE_CORRUPT, ROLES_DISAGREE */
export async function openEnvironment(cwd: string, chosen: Chosen): Promise<Environment> {
  const loaded = loadConfigFile({
    cwd,
    ...(chosen.file !== undefined && {file: chosen.file}),
    ...(chosen.env !== undefined && {environment: chosen.env}),
    ...(chosen.set !== undefined && {overrides: chosen.set}),
  })
  const {config} = loaded
  const paths = pathsOf(dirname(loaded.file), config)
  const access = paths.storeUrl.startsWith('gs://') ? accessOf(storageOf(config, process.env)) : undefined
  const store = openStore({url: paths.storeUrl, access})
  const recordedRoles = await readRoles(store)
  const roles = recordedRoles ? extendRoles(recordedRoles.value, config) : initialRoles(config)
  const ledger = await readLedger(store)
  return {...loaded, paths, store, access, recordedRoles, roles, ledger, topology: deriveTopology(config, roles)}
}

export function pathsOf(base: string, config: Pick<Config, 'environment' | 'state'>): Paths {
  const home = join(base, '.ha', config.environment)
  const root = config.state ?? pathToFileURL(home).href
  return {
    home,
    base,
    emulator: join(home, 'emulator'),
    stateUrl: `${root}/state`,
    storeUrl: root,
    kubeconfig: (region) => join(home, `kubeconfig-${region}.json`),
  }
}

/** What the emulator wrote about itself; undefined when it never ran here or was stopped in order. */
export function readEmulatorFile(paths: Pick<Paths, 'emulator'>): {googleapis: string; pid: number} | undefined {
  const file = join(paths.emulator, 'emulator.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/**
 * The wires of the environment's target as it stands now, without starting anything.
 * @throws HaError NOT_DEPLOYED, CREDENTIALS_MISSING
 */
export function wiresOf({config, paths, ledger}: Pick<Environment, 'config' | 'paths' | 'ledger'>): Wires {
  if (config.target === 'gcp') {
    const wires = googleOf(config, process.env)
    if (Object.keys(ledger.fingerprints).length > 0) return wires
    throw new HaError('NOT_DEPLOYED', `${config.app} (${config.environment}) was not deployed yet.`, {
      next: ['ha deploy'],
    })
  }
  const emulator = readEmulatorFile(paths)
  if (!emulator) {
    throw new HaError('NOT_DEPLOYED', `${config.app} does not run here: its emulator is not up.`, {next: ['ha deploy']})
  }
  return emulatorWires(emulator.googleapis)
}

/** Base URL of each region's Kubernetes API, as far as its cell was deployed. */
export function clusterEndpoints({
  topology,
  ledger,
}: Pick<Environment, 'topology' | 'ledger'>): Readonly<Record<string, string>> {
  const scheme = topology.target === 'local' ? 'http' : 'https'
  return Object.fromEntries(
    topology.regions.flatMap(({name}) => {
      const endpoint = endpointOf(ledger.recorded, name)
      return endpoint === undefined ? [] : [[name, `${scheme}://${endpoint}`]]
    }),
  )
}
