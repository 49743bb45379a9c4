import {expect, test} from 'vitest'
import {assignIndexes, MAX_REGIONS, rangesOf} from '../../src/topology/addresses.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {accountId, instanceName} from '../../src/topology/names.ts'
import {extendRoles, initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig, exampleService} from '../fakes/config.ts'

const derive = (config = exampleConfig(), roles = initialRoles(config)) => deriveTopology(config, roles)

/** First and last address of a CIDR block, as numbers. */
function bounds(cidr: string): [number, number] {
  const [address, bits] = cidr.split('/') as [string, string]
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return [first, first + 2 ** (32 - Number(bits)) - 1]
}

test('no two address ranges overlap, over every region the plan has room for', () => {
  const blocks = Array.from({length: MAX_REGIONS}, (_, index) => Object.values(rangesOf(index))).flat()
  const sorted = [...blocks, '10.48.0.0/18'].map(bounds).sort(([a], [b]) => a - b)
  for (let i = 1; i < sorted.length; i++) expect(sorted[i]![0]).toBeGreaterThan(sorted[i - 1]![1])
})

test('a region beyond the address plan is refused in words', () => {
  expect(() => rangesOf(MAX_REGIONS)).toThrow('room for 16 regions')
})

test('adding a region changes no name, range or instance of the others', () => {
  const before = exampleConfig()
  const roles = initialRoles(before)
  const after = exampleConfig({regions: ['us-west1', ...before.regions]})
  const old = derive(before, roles)
  const grown = derive(after, extendRoles(roles, after))
  for (const region of old.regions) expect(grown.regions).toContainEqual(region)
  for (const instance of old.database!.instances) expect(grown.database!.instances).toContainEqual(instance)
})

test('a region removed and another added do not share an address range', () => {
  expect(assignIndexes(['a', 'c'], {a: 0, b: 1})).toEqual({a: 0, b: 1, c: 2})
})

test('the primary is where the roles say, whatever the order in ha.yaml', () => {
  const config = exampleConfig()
  const {regions, database} = derive(config, {...initialRoles(config), primary: 'europe-west1'})
  expect(regions.map(({name, role}) => [name, role])).toEqual([
    ['us-east1', 'replica'],
    ['europe-west1', 'primary'],
  ])
  expect(database!.instances.map(({name, replicaOf}) => [name, replicaOf])).toEqual([
    ['stay-test-us-east1-g1', 'stay-test-europe-west1-g1'],
    ['stay-test-europe-west1-g1', undefined],
  ])
})

test('a primary in a region that ha.yaml no longer lists stops everything', () => {
  const config = exampleConfig()
  expect(() => derive(config, {...initialRoles(config), primary: 'us-west1'})).toThrow('no longer lists')
})

test('an instance is named by region and generation, never by role', () => {
  expect(instanceName('stay-prod', 'us-east1', 2)).toBe('stay-prod-us-east1-g2')
})

test.each([
  ['stay-test', 'api', 'stay-test-api'],
  ['a-rather-long-application-name-production', 'channel-webhooks', expect.stringMatching(/^[a-z][a-z0-9-]{5,29}$/)],
])('the service account id of %s %s is valid and at most 30 characters', (prefix, role, expected) => {
  expect(accountId(prefix, role)).toEqual(expected)
})

test('two long names that are cut at the same place still differ', () => {
  const long = 'an-application-with-a-long-name'
  expect(accountId(long, 'worker-one')).not.toBe(accountId(long, 'worker-two'))
})

test('the app is told its queues, database and project in its environment, and nothing of ha', () => {
  expect(derive().services[1]!.env).toEqual({
    GOOGLE_CLOUD_PROJECT: 'stay-test',
    DATABASE_URL: 'postgresql://stay-test-sync%40stay-test.iam@127.0.0.1:5432/stay?options=-c%20role%3Dstay_owner',
    DATABASE_REPLICA_URL:
      'postgresql://stay-test-sync%40stay-test.iam@127.0.0.1:5433/stay?options=-c%20role%3Dstay_owner',
    QUEUE_BOOKINGS_TOPIC: 'projects/stay-test/topics/stay-test-bookings',
    QUEUE_BOOKINGS_SUBSCRIPTION: 'projects/stay-test/subscriptions/stay-test-bookings',
  })
})

test.each([
  [3, 5, 1],
  [3, 6, 0],
])(
  'with %i replicas at rest in each of two regions and at most %i in one, there are %i warnings',
  (min, max, warnings) => {
    const services = [exampleService({name: 'api', replicas: {min, max}})]
    expect(derive(exampleConfig({services, state: 'gs://stay-test-ha'})).warnings).toHaveLength(warnings)
  },
)

test('the node pool of one region has room for every service at its maximum', () => {
  const services = [
    exampleService({name: 'api', replicas: {min: 3, max: 60}, resources: {cpuMillis: 1000, memoryMiB: 512}}),
  ]
  const [region] = derive(exampleConfig({services})).regions
  expect(region!.nodes.maxPerZone * 3 * 3920).toBeGreaterThanOrEqual(60 * 1050)
})
