/**
 * The two things that must be there before the engine runs, since they hold what the engine knows: the bucket of the state and
 * the key of the secrets in it. Every call may be repeated: what is there already is left as it is.
 */
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import {callJson, findJson, statusOf} from './rest.ts'
import type {Wires} from './wires.ts'

const DAY_SECONDS = 86_400
const KEPT_VERSIONS = 50
const SOFT_DELETE_DAYS = 30
const ROTATION_DAYS = 90
const ENABLING_MS = 120_000
const POLL_MS = 1000
const ALREADY_THERE = 409

/** A multi-region, so that no one region's loss takes the state along. */
export type MultiRegion = 'us' | 'europe' | 'asia'

/** Cloud Storage's names of them. https://docs.cloud.google.com/storage/docs/locations#location-mr */
const BUCKET_LOCATIONS: Readonly<Record<MultiRegion, string>> = {us: 'US', europe: 'EU', asia: 'ASIA'}

export interface BucketSeen {
  readonly location: string
  readonly versioned: boolean
}

/** undefined: there is no such bucket. @throws HaError CLOUD_REFUSED when it is someone else's */
export async function findBucket(wires: Wires, name: string): Promise<BucketSeen | undefined> {
  const found = await findJson<{location?: string; versioning?: {enabled?: boolean}}>(
    `${wires.base('storage')}/storage/v1/b/${name}`,
    await authorized(wires),
  )
  return found && {location: found.location ?? 'US', versioned: found.versioning?.enabled === true}
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export const bucketSettings = (name: string, location: MultiRegion) => ({
  name,
  location: BUCKET_LOCATIONS[location],
  storageClass: 'STANDARD',
  versioning: {enabled: true},
  iamConfiguration: {uniformBucketLevelAccess: {enabled: true}, publicAccessPrevention: 'enforced'},
  softDeletePolicy: {retentionDurationSeconds: String(SOFT_DELETE_DAYS * DAY_SECONDS)},
  lifecycle: {rule: [{action: {type: 'Delete'}, condition: {numNewerVersions: KEPT_VERSIONS, isLive: false}}]},
  labels: {'managed-by': 'ha'},
})

export async function makeBucket(wires: Wires, project: string, name: string, location: MultiRegion): Promise<void> {
  await unlessThere(async () =>
    callJson(`${wires.base('storage')}/storage/v1/b?project=${project}`, {
      method: 'POST',
      body: bucketSettings(name, location),
      ...(await authorized(wires)),
    }),
  )
}

export interface KeyPlace {
  readonly project: string
  readonly location: MultiRegion
  /** Key in the ring `ha`. */
  readonly key: string
}

/** `projects/…/cryptoKeys/…` */
export const keyName = ({project, location, key}: KeyPlace) =>
  `projects/${project}/locations/${location}/keyRings/ha/cryptoKeys/${key}`

/** Makes ring and key as needed. https://docs.cloud.google.com/kms/docs/reference/rest */
export async function makeKey(wires: Wires, clock: Clock, place: KeyPlace): Promise<void> {
  await enableApi(wires, clock, place.project, 'cloudkms.googleapis.com')
  const rings = `${wires.base('cloudkms')}/v1/projects/${place.project}/locations/${place.location}/keyRings`
  const call = await authorized(wires)
  await unlessThere(() => callJson(`${rings}?keyRingId=ha`, {method: 'POST', body: {}, ...call}))
  const body = {
    purpose: 'ENCRYPT_DECRYPT',
    rotationPeriod: `${ROTATION_DAYS * DAY_SECONDS}s`,
    nextRotationTime: new Date(clock.now() + ROTATION_DAYS * DAY_SECONDS * 1000).toISOString(),
    destroyScheduledDuration: `${SOFT_DELETE_DAYS * DAY_SECONDS}s`,
  }
  await unlessThere(() => callJson(`${rings}/ha/cryptoKeys?cryptoKeyId=${place.key}`, {method: 'POST', body, ...call}))
}

/** The bytes under the key, base64 both. */
export async function encrypt(wires: Wires, place: KeyPlace, plaintext: string): Promise<string> {
  const {ciphertext} = await callJson<{ciphertext: string}>(`${wires.base('cloudkms')}/v1/${keyName(place)}:encrypt`, {
    method: 'POST',
    body: {plaintext},
    ...(await authorized(wires)),
  })
  return ciphertext
}

/** https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/enable */
async function enableApi(wires: Wires, clock: Clock, project: string, api: string): Promise<void> {
  const base = `${wires.base('serviceusage')}/v1`
  const call = await authorized(wires)
  let operation = await callJson<{name: string; done?: boolean; error?: {message?: string}}>(
    `${base}/projects/${project}/services/${api}:enable`,
    {method: 'POST', body: {}, ...call},
  )
  const deadline = clock.monotonic() + ENABLING_MS
  while (!operation.done) {
    if (clock.monotonic() > deadline)
      throw new HaError('TIMED_OUT', `${api} was not enabled within ${ENABLING_MS / 1000} s.`)
    await clock.sleep(POLL_MS)
    operation = await callJson(`${base}/${operation.name}`, call)
  }
  if (operation.error) throw new HaError('CLOUD_REFUSED', `${api} cannot be enabled: ${operation.error.message}`)
}

async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (thrown) {
    if (statusOf(thrown) !== ALREADY_THERE) throw thrown
  }
}

const authorized = async (wires: Wires) => (wires.token ? {token: await wires.token()} : {})
