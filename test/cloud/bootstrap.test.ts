import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {bucketSettings, encrypt, findBucket, keyName, makeBucket, makeKey} from '../../src/cloud/bootstrap.ts'
import type {Wires} from '../../src/cloud/wires.ts'
import {REGION_ZONES} from '../../src/config/regions.ts'
import {sealLines} from '../../src/engine/seal.ts'
import {isSingleRegion, multiRegionOf} from '../../src/topology/places.ts'
import {type FakeGcs, startGcs} from '../fakes/gcs.ts'

const PLACE = {project: 'p', location: 'us', key: 'rental-production'} as const

let gcs: FakeGcs
let server: Server
let wires: Wires
const asked: {line: string; body: Record<string, unknown>; token: string | undefined}[] = []
let answers: (line: string) => {status: number; body: unknown} = () => ({status: 200, body: {}})
beforeEach(async () => {
  gcs = await startGcs([])
  asked.length = 0
  server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const line = `${request.method} ${request.url}`
    asked.push({line, body: text ? JSON.parse(text) : {}, token: request.headers.authorization})
    const {status, body} = answers(line)
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  wires = {base: (api) => (api === 'storage' ? gcs.base : base), token: async () => 'abc'}
})
afterEach(async () => {
  await gcs.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('the bucket is in a multi-region, versioned, closed to the public, and what is deleted can be brought back', async () => {
  expect(await findBucket(wires, 'state')).toBeUndefined()
  await makeBucket(wires, 'p', 'state', 'europe')
  expect(await findBucket(wires, 'state')).toEqual({location: 'EU', versioned: true})
  expect(gcs.buckets.get('state')!.settings).toMatchObject({
    project: 'p',
    location: 'EU',
    versioning: {enabled: true},
    iamConfiguration: {uniformBucketLevelAccess: {enabled: true}, publicAccessPrevention: 'enforced'},
    softDeletePolicy: {retentionDurationSeconds: '2592000'},
  })
})

test('a bucket that is there is left as it is', async () => {
  await makeBucket(wires, 'p', 'state', 'us')
  await makeBucket(wires, 'p', 'state', 'asia')
  expect(gcs.buckets.get('state')!.settings.location).toBe('US')
})

test('the key is made in a multi-region once its API is enabled, and what is there already is no error', async () => {
  answers = (line) => {
    if (line.includes(':enable')) return {status: 200, body: {name: 'operations/1'}}
    if (line.includes('operations/1')) return {status: 200, body: {name: 'operations/1', done: true}}
    return {status: 409, body: {error: {code: 409, status: 'ALREADY_EXISTS', message: 'exists'}}}
  }
  await makeKey(wires, {...systemClock, sleep: async () => {}}, PLACE)
  expect(asked.map(({line}) => line)).toEqual([
    'POST /v1/projects/p/services/cloudkms.googleapis.com:enable',
    'GET /v1/operations/1',
    'POST /v1/projects/p/locations/us/keyRings?keyRingId=ha',
    'POST /v1/projects/p/locations/us/keyRings/ha/cryptoKeys?cryptoKeyId=rental-production',
  ])
  expect(asked.at(-1)!.body).toMatchObject({purpose: 'ENCRYPT_DECRYPT', rotationPeriod: '7776000s'})
  expect(asked.every(({token}) => token === 'Bearer abc')).toBe(true)
})

test('a refusal is told in Google’s words', async () => {
  answers = () => ({
    status: 403,
    body: {error: {code: 403, message: 'Permission denied to enable service', status: 'PERMISSION_DENIED'}},
  })
  await expect(makeKey(wires, systemClock, PLACE)).rejects.toMatchObject({
    code: 'CLOUD_REFUSED',
    message: expect.stringContaining('Permission denied to enable service'),
  })
})

test('a key that may not be used, and one that is shut, are told with what to do', async () => {
  const refuse = (code: number, status: string, message: string) => {
    answers = () => ({status: code, body: {error: {code, status, message}}})
    return expect(encrypt(wires, PLACE, 'cGxhaW4=')).rejects
  }
  const key = 'projects/p/locations/us/keyRings/ha/cryptoKeys/rental-production'
  await refuse(
    403,
    'PERMISSION_DENIED',
    `Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '${key}' (or it may not exist).`,
  ).toMatchObject({
    code: 'CLOUD_REFUSED',
    next: [expect.stringContaining('--add-permissions=cloudkms.cryptoKeyVersions.useToEncrypt'), expect.anything()],
  })
  await refuse(
    400,
    'FAILED_PRECONDITION',
    `${key}/cryptoKeyVersions/1 is not enabled, current state is: DISABLED.`,
  ).toMatchObject({next: [expect.stringMatching(/^gcloud kms keys versions enable 1 --key=rental-production /)]})
})

test('wherever the first region is, key and state lie in a multi-region: no one region’s loss takes them along', () => {
  for (const region of Object.keys(REGION_ZONES)) {
    const location = multiRegionOf(region)
    const lies = [
      /locations\/([^/]+)\//.exec(keyName({...PLACE, location}))![1]!,
      bucketSettings('b', location).location,
    ]
    expect(lies.filter(isSingleRegion), region).toEqual([])
  }
})

test('a stack’s settings name the key and hold the data key sealed with it, and no salt of a passphrase', () => {
  const url = `gcpkms://${keyName(PLACE)}`
  expect(sealLines({kind: 'kms', url, encryptedKey: 'c2VhbGVk'})).toEqual([
    'secretsprovider: gcpkms://projects/p/locations/us/keyRings/ha/cryptoKeys/rental-production',
    'encryptedkey: c2VhbGVk',
  ])
})

test('the data key never leaves unencrypted: what is recorded is what the key made of it', async () => {
  answers = () => ({status: 200, body: {ciphertext: 'c2VhbGVk'}})
  expect(await encrypt(wires, PLACE, 'cGxhaW4=')).toBe('c2VhbGVk')
  expect(asked[0]!.line).toBe('POST /v1/projects/p/locations/us/keyRings/ha/cryptoKeys/rental-production:encrypt')
})
