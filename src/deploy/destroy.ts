/** `ha destroy`: every stack in reverse, what protects it lifted right before; then the local cloud itself, then every file. */
import {existsSync, readdirSync, rmdirSync, rmSync} from 'node:fs'
import {dirname} from 'node:path'
import {stacksOf} from '../../stacks/index.ts'
import type {Node} from '../../stacks/stack.ts'
import {approve} from '../cli/approve.ts'
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import {formerInstances, type Leftover} from '../cloud/leftovers.ts'
import {stopEmulator} from '../engine/emulator.ts'
import {guardedIn, guardsOf} from '../engine/guards.ts'
import {cloudResources, openState, type StateResource} from '../engine/state.ts'
import {partOf} from '../engine/words.ts'
import type {Environment, Paths} from '../environment/environment.ts'
import {operableOf} from '../environment/operable.ts'
import {openPlatform, type Platform} from '../environment/platform.ts'
import {assertSucceeded, type Run} from '../environment/run.ts'
import {placeOf} from '../environment/state.ts'
import {asHaError, HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {carryOut} from '../operations/waits.ts'
import {forgetDeployed} from '../store/documents.ts'
import type {Lock} from '../store/lock.ts'
import type {Topology} from '../topology/topology.ts'

export interface DestroyRequest extends Run {
  readonly emit: Emit
  readonly surroundings: Surroundings
  readonly yes: boolean
  /** Also what is protected against deletion, without being asked. */
  readonly liftProtection: boolean
}

/** Resolves to what controllers and operations left behind, which is nobody's to delete but the account's owner's. */
export async function destroy(request: DestroyRequest): Promise<readonly Leftover[]> {
  const {environment, lock, interrupts, emit, surroundings} = request
  await agree(request, await guardedOf(environment, surroundings.env))
  const platform = await openPlatform({environment, emit, surroundings, interrupts})
  const over = {assertHeld: lock.assertHeld, unprotect: unprotectIn(environment, lock)}
  const down = async (nodes: readonly Node[]) =>
    nodes.length > 0 && assertSucceeded(await platform.run('destroy', {...over, nodes}), `${surroundings.self} destroy`)
  const nodes = stacksOf(environment.topology)
  await down(platform.retired.stacks)
  await down(nodes.filter(({name}) => name !== GROUND))
  // The network goes last, and not while anything is left in it.
  const leftovers = await leftoversIn(environment, platform, emit)
  for (const {what, name, place, command} of leftovers) {
    emit({
      kind: 'warning.raised',
      message: `The ${what} ${name}${place === undefined ? '' : ` in ${place}`} was left behind; it may keep the network from being deleted.`,
      next: [command],
    })
  }
  await down(nodes.filter(({name}) => name === GROUND))
  for (const notice of keptBackups(environment.topology)) emit({kind: 'warning.raised', ...notice})
  if (platform.emulator) await stopEmulator(environment.paths.emulator, surroundings.env)
  return leftovers
}

/** What outlives a cluster on purpose (stacks/cell), and how to be rid of it. On the local target nothing outlives the local cloud. Pure. */
export function keptBackups({target, project, regions, terms}: Topology): {message: string; next: readonly string[]}[] {
  if (target === 'local') return []
  const {backupDays, backupLockDays} = terms.cluster
  return regions.flatMap(({cluster, backupRegion: place}) => {
    if (place === undefined) return []
    const at = `${cluster} --location=${place} --project=${project}`
    return {
      message: `Backups of what ran in ${cluster} stay in ${place} for ${backupDays} days; in the first ${backupLockDays} nobody can delete one. Until their plan is gone, a deploy that makes ${cluster} again stops there.`,
      next: [`Once they are gone: gcloud beta container backup-restore backup-plans delete ${at}`],
    }
  })
}

const GROUND = 'foundation'

/** Everything in the environment that refuses to be deleted, as the engine's state knows it. */
async function guardedOf(environment: Environment, env: Surroundings['env']): Promise<readonly string[]> {
  const {config, topology, ledger} = environment
  const {stateUrl, access} = await placeOf(environment, env)
  const state = openState(stateUrl, config.app, access)
  const names = new Set([...stacksOf(topology).map(({name}) => name), ...Object.keys(ledger.fingerprints)])
  const found = await Promise.all(
    [...names].map(async (name) =>
      guardedIn(await state.read(name)).map(({urn, inputs = {}}) => {
        const part = partOf(urn, inputs, {name})
        return `${part.what} ${part.name}`
      }),
    ),
  )
  return found.flat()
}

const SHOWN = 5

/** @throws HaError PLAN_UNSAFE (protected, and nobody to ask), PLAN_DECLINED, PLAN_NEEDS_ANSWER */
export async function agree(
  {
    environment,
    surroundings,
    yes,
    liftProtection,
  }: Pick<DestroyRequest, 'surroundings' | 'yes' | 'liftProtection'> & {
    readonly environment: Pick<Environment, 'config'>
  },
  guarded: readonly string[],
): Promise<void> {
  const {app, environment: name} = environment.config
  const {interactive} = surroundings
  const more = guarded.length > SHOWN ? ` and ${guarded.length - SHOWN} more` : ''
  const list = `${guarded.slice(0, SHOWN).join(', ')}${more}`
  if (guarded.length > 0 && !liftProtection && !interactive) {
    throw new HaError('PLAN_UNSAFE', `These are protected against deletion: ${list}. Nothing was changed.`, {
      next: ['If you mean to lose them, with their data: add --lift-protection.'],
      data: {guarded},
    })
  }
  await approve({
    yes: yes && (guarded.length === 0 || liftProtection),
    interactive,
    question:
      guarded.length === 0
        ? `Destroy ${app} (${name}) with all its data?`
        : `Destroy ${app} (${name}) with all its data, although these are protected against it: ${list}?`,
    typed: guarded.length === 0 ? app : `${app}-${name}`,
  })
}

const LIFT_MS = 15 * 60_000

/** Google's own flag on a database; the other switches are the engine's and its providers', and lie in the state. */
const unprotectIn =
  (environment: Environment, {assertHeld}: Pick<Lock, 'assertHeld'>) =>
  async (_stack: string, resources: readonly StateResource[]) => {
    const flagged = resources.filter((it) => guardsOf(it).includes('settings.deletionProtectionEnabled'))
    if (flagged.length === 0) return
    const means = {cloud: operableOf(environment), clock: systemClock, assertHeld}
    // Not those that an earlier destroy, cut off, had deleted already.
    const there = new Set((await means.cloud.instances()).map(({name}) => name))
    const instances = flagged.flatMap(({id}) => (id !== undefined && there.has(id) ? [id] : []))
    await Promise.all(instances.map((instance) => carryOut(means, {deed: 'unprotect', instance}, LIFT_MS)))
  }

/** Not what Pulumi made itself and is about to take down. A question that is refused is told and stops nothing. */
async function leftoversIn(
  environment: Environment,
  {cloud, workspace}: Platform,
  emit: Emit,
): Promise<readonly Leftover[]> {
  const {project, network, regions, database} = environment.topology
  const own = new Set(cloudResources(await workspace.state.read(GROUND)).map(({id = ''}) => id.split('/').at(-1)))
  const ground = {project, network, clusters: regions.map(({cluster}) => cluster)}
  const former = async () => (database ? formerInstances(await cloud.instances(project), environment.topology) : [])
  const look = Promise.all([cloud.leftovers(ground), former()])
  const found = await look.catch((thrown): readonly (readonly Leftover[])[] => {
    const {message, next} = asHaError(thrown)
    emit({kind: 'warning.raised', message: `What was left behind could not be looked for: ${message}`, next})
    return []
  })
  return found.flat().filter(({name}) => !own.has(name))
}

/** Whether anything of the environment is on record: files here, or documents in the bucket. */
export const isAnywhere = ({paths, ledger, recordedRoles}: Environment): boolean =>
  paths.storeUrl.startsWith('gs://')
    ? recordedRoles !== undefined || Object.keys(ledger.fingerprints).length > 0
    : existsSync(paths.home)

/** After the lock was given back: nothing of the environment stays on this machine. The bucket keeps the runs, as a history. */
export async function removeRecords({paths, store}: Environment): Promise<void> {
  if (paths.storeUrl.startsWith('gs://')) await forgetDeployed(store)
  removeFiles(paths)
}

function removeFiles({home}: Paths): void {
  rmSync(home, {recursive: true, force: true})
  const parent = dirname(home)
  if (existsSync(parent) && readdirSync(parent).length === 0) rmdirSync(parent)
}
