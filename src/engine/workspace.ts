/** What the engine needs around it: its own home, the project's settings, a passphrase for secrets in the state. */
import {mkdir, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {HaError} from '../errors.ts'
import type {Access} from '../store/bucket.ts'
import {absent, replaceFile} from '../store/durable.ts'
import {localSeal, type Seal, sealLines} from './seal.ts'
import {cloudResources, openState, type StackState} from './state.ts'

export interface Workspace {
  /** Pulumi's project: part of every URN, so it must never change for an environment. */
  readonly project: string
  readonly stateUrl: string
  readonly state: StackState
  /** Holds settings, the engine's home and the pids of running engines. Mode 0700. */
  readonly dir: string
  /** The whole environment of engine processes. */
  readonly env: Readonly<Record<string, string>>
  readonly seal: Seal
}

export interface WorkspaceOptions {
  readonly project: string
  readonly stateUrl: string
  readonly dir: string
  /** What engine processes inherit (PATH, HOME, cloud credentials) plus PULUMI_DEBUG_PROVIDERS for the local target. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Instead of a passphrase made and kept on this machine. */
  readonly seal?: Seal
  /** For state at `gs://`: how Cloud Storage is reached. */
  readonly access?: Access | undefined
}

/** Makes the folder, the passphrase (once, 0600) and the settings. Throws STORE_CORRUPT when a passphrase in use is gone. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const {project, stateUrl, dir} = options
  const state = openState(stateUrl, project, options.access)
  await mkdir(join(dir, 'home'), {recursive: true, mode: 0o700})
  await mkdir(join(dir, 'engines'), {recursive: true, mode: 0o700})
  const seal = options.seal ?? (await localSeal(dir))
  await settle(join(dir, 'Pulumi.yaml'), `name: ${JSON.stringify(project)}\nruntime: nodejs\n`)
  const env = Object.fromEntries(Object.entries(options.env).filter(isInherited))
  return {project, stateUrl, state, dir, seal, env: {...env, ...engineEnv(options, seal)}}
}

/** A person's own PULUMI_* settings (PULUMI_EXPERIMENTAL, another home) would change what a rehearsal proves. */
const isInherited = (entry: [string, string | undefined]): entry is [string, string] =>
  entry[1] !== undefined && (!entry[0].startsWith('PULUMI_') || entry[0] === 'PULUMI_DEBUG_PROVIDERS')

/** Refuses to go on when the state holds resources whose passphrase is lost; called before the first stack is run. */
export async function assertPassphrase(workspace: Workspace, stacks: readonly string[]): Promise<void> {
  const {seal} = workspace
  // With a key of Google's the state itself says which key opens it.
  if (seal.kind === 'kms') return
  for (const stack of stacks) {
    const checkpoint = await workspace.state.read(stack)
    const salt = (checkpoint?.checkpoint.latest as {secrets_providers?: {state?: {salt?: string}}} | null | undefined)
      ?.secrets_providers?.state?.salt
    if (salt === undefined || salt === seal.salt || cloudResources(checkpoint).length === 0) continue
    throw new HaError(
      'STORE_CORRUPT',
      `The state of ${stack} was written with another passphrase than ${join(workspace.dir, 'passphrase')}.`,
      {
        next: ['Put the passphrase and salt files of this environment back from a copy.'],
        data: {stack},
      },
    )
  }
}

/** Settings of one stack, as `pulumi stack init` and `pulumi config` would leave them. */
export async function writeStackSettings(workspace: Workspace, stack: string): Promise<void> {
  const lines = [...sealLines(workspace.seal), 'config:', '  pulumi:disable-default-providers:', '    - "*"', '']
  await settle(join(workspace.dir, `Pulumi.${stack}.yaml`), lines.join('\n'))
}

export const removeStackSettings = (workspace: Workspace, stack: string): Promise<void> =>
  rm(join(workspace.dir, `Pulumi.${stack}.yaml`), {force: true})

/** https://www.pulumi.com/docs/iac/cli/environment-variables/ */
const engineEnv = ({dir, stateUrl, env}: WorkspaceOptions, seal: Seal): Record<string, string> => ({
  PULUMI_HOME: join(dir, 'home'),
  PULUMI_BACKEND_URL: stateUrl,
  ...(seal.kind === 'passphrase' ? {PULUMI_CONFIG_PASSPHRASE: seal.passphrase} : {}),
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_IGNORE_AMBIENT_PLUGINS: 'true',
  PULUMI_SUPPRESS_NEO_LINK: 'true',
  PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
  // ha keeps a bounded history itself (state.ts); a second copy of every state would only fill the disk.
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
  // Providers that are attached need no plugin; looking for one costs 0.7 s per process where the network is closed.
  ...(env.PULUMI_DEBUG_PROVIDERS ? {PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true'} : {}),
  PULUMI_LOG_ROTATION_MAX_TOTAL_MB: '5',
  PULUMI_LOG_ROTATION_MAX_AGE_DAYS: '1',
})

async function settle(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(absent)) !== text) await replaceFile(path, text)
}
