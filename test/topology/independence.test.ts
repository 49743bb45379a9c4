import {expect, test} from 'vitest'
import {deriveTopology} from '../../src/topology/derive.ts'
import {dependenciesOf, hangingOnOne, independenceWarnings, lostWith} from '../../src/topology/independence.ts'
import {isSingleRegion, multiRegionOf} from '../../src/topology/places.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const STATE = 'gs://stay-test-ha'
const platform = (over: Parameters<typeof exampleConfig>[0] = {}) => {
  const config = exampleConfig({state: STATE, ...over})
  return deriveTopology(config, initialRoles(config))
}

test('nothing a failover needs hangs on one region when there are two', () => {
  expect(hangingOnOne(dependenciesOf(platform(), {state: 'us', key: 'global'}))).toEqual([])
  expect(independenceWarnings(platform(), STATE)).toEqual([])
})

test.each([
  ['US-EAST1', 'us', 'the state of this environment'],
  ['us', 'us-east1', 'the key of the secrets in the state'],
])('state in %s and its key in %s: %s is lost with us-east1', (state, key, what) => {
  const dependencies = dependenciesOf(platform(), {state, key})
  expect(lostWith('us-east1', dependencies).map((dependency) => dependency.what)).toEqual([what])
  expect(lostWith('europe-west1', dependencies)).toEqual([])
})

test('what lies in a region the platform does not even run in is named too', () => {
  const [warning] = independenceWarnings(platform(), STATE, {state: 'us-central1'})
  expect(warning).toBe(
    'The state of this environment would be out of reach while us-central1 is lost. ' +
      'Move it to a bucket in a multi-region such as us, eu or a pair of regions.',
  )
})

test('a registry in one region stops every region from starting pods', () => {
  const moved = {...platform(), imagesLocation: 'europe-west1'}
  expect(lostWith('europe-west1', dependenciesOf(moved)).map(({what}) => what)).toEqual(['the images'])
})

test('with one region, its database and queues are lost with it', () => {
  const alone = platform({regions: ['us-east1']})
  expect(lostWith('us-east1', dependenciesOf(alone)).map(({what}) => what)).toEqual([
    'the queue bookings',
    'the database',
  ])
})

test('state on one machine’s disk is a warning on Google Cloud, and none on this machine', () => {
  const [warning] = independenceWarnings(platform())
  expect(warning).toMatch('The state lies on this machine alone')
  expect(independenceWarnings(platform({target: 'local'}))).toEqual([])
})

test('the warnings are part of every plan', () => {
  const config = exampleConfig()
  expect(deriveTopology(config, initialRoles(config)).warnings).toEqual([
    expect.stringMatching('The state lies on this machine alone'),
  ])
})

test.each([
  ['us-east1', true],
  ['EUROPE-WEST10', true],
  ['northamerica-northeast2', true],
  ['us', false],
  ['EU', false],
  ['nam4', false],
  ['global', false],
])('%s is a single region: %s', (location, single) => {
  expect(isSingleRegion(location)).toBe(single)
})

test.each([
  ['us-east1', 'us'],
  ['southamerica-east1', 'us'],
  ['europe-west1', 'europe'],
  ['me-west1', 'europe'],
  ['australia-southeast1', 'asia'],
])('images for %s lie in %s', (region, multi) => {
  expect(multiRegionOf(region)).toBe(multi)
})
