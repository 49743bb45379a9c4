/** `ha destroy`: every stack in reverse, then the local cloud itself, then every file of the environment. */
import {existsSync, readdirSync, rmdirSync, rmSync} from 'node:fs'
import {dirname} from 'node:path'
import {stopEmulator} from '../engine/emulator.ts'
import type {Emit} from '../events/events.ts'
import {forgetDeployed} from '../store/documents.ts'
import {approve} from './approve.ts'
import type {Surroundings} from './command.ts'
import type {Environment, Paths} from './environment.ts'
import {openPlatform} from './platform.ts'
import {assertSucceeded, type Run} from './run.ts'

export interface DestroyRequest extends Run {
  readonly emit: Emit
  readonly surroundings: Surroundings
  readonly yes: boolean
}

export async function destroy({environment, lock, interrupts, emit, surroundings, yes}: DestroyRequest): Promise<void> {
  const {app, environment: name} = environment.config
  await approve({
    yes,
    interactive: surroundings.interactive,
    question: `Destroy ${app} (${name}) with all its data?`,
    typed: app,
  })
  const platform = await openPlatform({environment, emit, surroundings, interrupts})
  const over = {assertHeld: lock.assertHeld}
  const {stacks} = platform.retired
  if (stacks.length > 0) assertSucceeded(await platform.run('destroy', {...over, nodes: stacks}), surroundings.self)
  assertSucceeded(await platform.run('destroy', over), surroundings.self)
  if (platform.emulator) await stopEmulator(environment.paths.emulator, surroundings.env)
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
