import {expect, test} from 'vitest'
import {fingerprintOf} from '../../src/engine/fingerprint.ts'
import {identifier} from '../../src/engine/identity.ts'
import {partOf, wordsFor} from '../../src/engine/words.ts'

test.each([
  ['gcp:sql/databaseInstance:DatabaseInstance', 'Cloud SQL instance'],
  ['kubernetes:apps/v1:Deployment', 'Deployment'],
  ['gcp:projects/iAMMember:IAMMember', 'permission'],
  ['gcp:pubsub/topicIAMMember:TopicIAMMember', 'permission'],
  ['gcp:storage/bucketObject:BucketObject', 'bucket object'],
])('%s is called "%s"', (type, words) => {
  expect(wordsFor(type)).toBe(words)
})

const urnOf = (type: string) => `urn:pulumi:s::rent::${type}::logical`
test.each([
  [{name: 'n'}, 'n'],
  [{metadata: {name: 'm'}}, 'm'],
  [{accountId: 'acc'}, 'acc'],
  [{role: 'roles/x', member: 'serviceAccount:a@b'}, 'roles/x for a@b'],
  [{}, 'logical'],
])('a part with inputs %j is named "%s"', (inputs, name) => {
  expect(partOf(urnOf('a:b:C'), inputs, {name: 's'}).name).toBe(name)
})

test.each([
  [{region: 'us-east1'}, undefined, 'us-east1'],
  [{location: 'us-east1-b'}, undefined, 'us-east1'],
  [{location: 'global'}, undefined, undefined],
  [{region: 'us-east1'}, 'europe-west1', 'europe-west1'],
])('a part with inputs %j in a stack of region %s is in %s', (inputs, region, expected) => {
  expect(partOf(urnOf('a:b:C'), inputs, {name: 's', ...(region ? {region} : {})}).region).toBe(expected)
})

test('what holds data is marked', () => {
  expect(partOf(urnOf('gcp:container/cluster:Cluster'), {}, {name: 's'}).stateful).toBe(true)
  expect(partOf(urnOf('parent:x:Y$gcp:container/cluster:Cluster'), {}, {name: 's'}).stateful).toBe(true)
  expect(partOf(urnOf('kubernetes:apps/v1:Deployment'), {}, {name: 's'}).stateful).toBe(false)
})

test.each([
  ['gcp:sql/databaseInstance:DatabaseInstance', {name: 'db'}, 'db'],
  ['gcp:container/cluster:Cluster', {name: 'c', location: 'us-east1'}, 'projects/p/locations/us-east1/clusters/c'],
  ['gcp:pubsub/topic:Topic', {name: 't', project: 'other'}, 'projects/other/topics/t'],
  ['gcp:compute/routerNat:RouterNat', {name: 'n', region: 'r1', router: 'projects/p/regions/r1/routers/r'}, 'p/r1/r/n'],
  [
    'gcp:kms/cryptoKey:CryptoKey',
    {name: 'k', keyRing: 'projects/p/locations/l/keyRings/r'},
    'projects/p/locations/l/keyRings/r/cryptoKeys/k',
  ],
  ['gcp:servicenetworking/connection:Connection', {network: 'a/b', service: 's.com'}, 'a%2Fb:s.com'],
  ['gcp:compute/subnetwork:Subnetwork', {name: 's'}, undefined],
  ['gcp:unknown:Thing', {name: 's'}, undefined],
  ['kubernetes:apps/v1:Deployment', {metadata: {name: 'd', namespace: 'n'}}, 'n/d'],
  ['kubernetes:core/v1:Namespace', {metadata: {name: 'n'}}, 'n'],
  ['kubernetes:core/v1:Pod', {metadata: {generateName: 'x-'}}, undefined],
])('the id of %s with %j is %s', (type, inputs, id) => {
  expect(identifier('p')(type, inputs)).toBe(id)
})

test('a fingerprint follows input and versions, not the order of keys', () => {
  const versions = {engine: '1', program: '1'}
  const print = fingerprintOf('a', {x: 1, y: [{b: 1, c: undefined}]}, versions)
  expect(fingerprintOf('a', {y: [{b: 1}], x: 1}, versions)).toBe(print)
  for (const other of [
    fingerprintOf('b', {x: 1, y: [{b: 1}]}, versions),
    fingerprintOf('a', {x: 2, y: [{b: 1}]}, versions),
    fingerprintOf('a', {x: 1, y: [{b: 1}]}, {...versions, engine: '2'}),
    fingerprintOf('a', {x: 1, y: [{b: 1}]}, {...versions, program: '2'}),
  ]) {
    expect(other).not.toBe(print)
  }
})
