/** State in a bucket: made before the first deploy, once agreed to, and what the secrets in it are encrypted with. */
import {randomBytes} from 'node:crypto'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {approve} from '../cli/approve.ts'
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import {encrypt, findBucket, keyName, makeBucket, makeKey} from '../cloud/bootstrap.ts'
import {localSeal, opens, type Seal, saltFor} from '../engine/seal.ts'
import type {WorkspaceOptions} from '../engine/workspace.ts'
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import type {Store} from '../store/store.ts'
import {multiRegionOf} from '../topology/places.ts'
import type {Environment} from './environment.ts'
import {googleOf, storageOf} from './google.ts'

const DOCUMENT = 'seal'

/** What is recorded of the seal: everything but the passphrase. */
type SealDocument = Extract<Seal, {kind: 'kms'}> | {readonly kind: 'passphrase'; readonly salt: string}

export interface Preparation {
  readonly open: () => Promise<Environment>
  readonly yes: boolean
  readonly emit: Emit
  readonly surroundings: Pick<Surroundings, 'env' | 'interactive'>
}

/**
 * Makes what state at `gs://` needs: the bucket, and unless HA_PASSPHRASE is set a key. Asks first. Nothing for other state.
 * @throws HaError PLAN_DECLINED, PLAN_NEEDS_ANSWER, CREDENTIALS_MISSING, CLOUD_REFUSED
 */
export async function prepareState({open, yes, emit, surroundings}: Preparation): Promise<void> {
  const {config, paths, store, topology} = await open()
  const {env, interactive} = surroundings
  if (!paths.storeUrl.startsWith('gs://') || (await store.read(DOCUMENT))) return
  const name = new URL(paths.storeUrl).host
  const wires = storageOf(config, env)
  const location = multiRegionOf(topology.regions[0]!.name)
  const there = await findBucket(wires, name)
  const key =
    config.target === 'gcp' && !env.HA_PASSPHRASE
      ? {project: config.project, location, key: topology.prefix}
      : undefined
  const parts = [
    ...(there ? [] : [`the bucket gs://${name} in ${location}`]),
    ...(key ? [`the key ${keyName(key)}`] : []),
  ]
  if (parts.length > 0)
    await approve({
      yes,
      interactive,
      question: `Make ${parts.join(' and ')} for the state of ${config.app} (${config.environment})?`,
    })
  const task = 'state'
  const begun = systemClock.monotonic()
  emit({kind: 'task.started', task, title: `Make the place of the state, gs://${name}`})
  if (!there) await makeBucket(wires, config.project, name, location)
  await writeSeal(
    store,
    key ? await sealWith(googleOf(config, env), key) : {kind: 'passphrase', salt: await saltFor(passphraseIn(env))},
  )
  emit({
    kind: 'task.finished',
    task,
    ms: Math.round(systemClock.monotonic() - begun),
    note: `State is kept at ${paths.storeUrl}`,
  })
}

async function sealWith(
  wires: ReturnType<typeof googleOf>,
  place: Parameters<typeof keyName>[0],
): Promise<SealDocument> {
  await makeKey(wires, systemClock, place)
  const encryptedKey = await encrypt(wires, place, randomBytes(32).toString('base64'))
  return {kind: 'kms', url: `gcpkms://${keyName(place)}`, encryptedKey}
}

const writeSeal = (store: Store, seal: SealDocument) => store.write(DOCUMENT, seal, {ifAbsent: true})

type Place = Pick<WorkspaceOptions, 'stateUrl' | 'seal' | 'access'>

/**
 * Where the engine's state lies and what seals it. Before the first deploy to a bucket there is none: a plan is then made
 * against an empty state on this machine.
 * @throws HaError CREDENTIALS_MISSING when the passphrase is needed and not given, or wrong.
 */
export async function placeOf({paths, store, access}: Environment, env: Surroundings['env']): Promise<Place> {
  if (!paths.storeUrl.startsWith('gs://')) return {stateUrl: paths.stateUrl}
  const recorded = await store.read<SealDocument>(DOCUMENT)
  if (!recorded) return {stateUrl: pathToFileURL(join(paths.home, 'first-plan')).href}
  const seal = recorded.value.kind === 'kms' ? recorded.value : await withPassphrase(recorded.value.salt, env)
  return {stateUrl: paths.stateUrl, seal, access}
}

async function withPassphrase(salt: string, env: Surroundings['env']): Promise<Seal> {
  const passphrase = passphraseIn(env)
  if (await opens(passphrase, salt)) return {kind: 'passphrase', passphrase, salt}
  throw new HaError('CREDENTIALS_MISSING', 'HA_PASSPHRASE is not the passphrase this state was sealed with.', {
    next: ['Set HA_PASSPHRASE to the one the first deploy had. Nothing was changed.'],
  })
}

function passphraseIn(env: Surroundings['env']): string {
  if (env.HA_PASSPHRASE) return env.HA_PASSPHRASE
  throw new HaError(
    'CREDENTIALS_MISSING',
    'The secrets in this state are sealed with a passphrase, and none is given.',
    {
      next: ['Set HA_PASSPHRASE to it.'],
    },
  )
}

/** As `placeOf`, with the seal also where it is kept on this machine alone; without one before the first deploy. */
export async function sealedPlace(environment: Environment, env: Surroundings['env']): Promise<Place> {
  const place = await placeOf(environment, env)
  const dir = join(environment.paths.home, 'engine')
  if (place.seal || !existsSync(join(dir, 'passphrase'))) return place
  return {...place, seal: await localSeal(dir)}
}
