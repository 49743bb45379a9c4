/** The standby that Cloud SQL Enterprise Plus may exchange with its primary is named at deploy, before anybody needs it. */
import {expect, test} from 'vitest'
import {designateStandby} from '../../src/environment/standby.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import type {Roles} from '../../src/topology/topology.ts'
import type {StandbyInput} from '../../stacks/data/index.ts'
import {stacksOf} from '../../stacks/index.ts'
import {hastyClock} from '../fakes/clock.ts'
import {exampleConfig} from '../fakes/config.ts'
import {fakeCloud} from '../fakes/operable.ts'

const REGIONS = ['us-east1', 'europe-west1', 'asia-east1'] as const

function scene(preset: 'standard' | 'critical', count: number, over: Partial<Roles> = {}) {
  const config = exampleConfig({preset, regions: REGIONS.slice(0, count)})
  const topology = deriveTopology(config, {...initialRoles(config), ...over})
  const step = stacksOf(topology).find(({name}) => name === 'standby')
  const cloud = fakeCloud(topology)
  const means = {cloud, clock: hastyClock(), assertHeld: async () => {}}
  const {instances} = (step?.input({}) ?? {instances: []}) as StandbyInput
  const names = Object.fromEntries(topology.database!.instances.map(({region, name}) => [region, name]))
  return {topology, step, cloud, instances, names, designate: () => designateStandby(means, instances)}
}
const designationsOf = ({cloud}: ReturnType<typeof scene>) => cloud.begun.filter(({deed}) => deed === 'designate')

test('the first replica in the order of the regions is designated, once', async () => {
  const it = scene('critical', 3)
  expect(it.step?.needs).toEqual(['data'])
  // Cloud SQL refuses a second operation on an instance that has one under way.
  expect(stacksOf(it.topology).find(({name}) => name === 'database')?.needs).toContain('standby')
  expect(await it.designate()).toBe(it.names['europe-west1'])
  expect(await it.designate()).toBe(it.names['europe-west1'])
  const [primary, replica] = [it.names['us-east1'], it.names['europe-west1']]
  expect(designationsOf(it)).toEqual([{deed: 'designate', instance: primary, replica}])
})

test('whom an operation designated since stays so', async () => {
  const it = scene('critical', 3)
  await it.cloud.begin({deed: 'designate', instance: it.names['us-east1']!, replica: it.names['asia-east1']!})
  expect(await it.designate()).toBe(it.names['asia-east1'])
  expect(designationsOf(it)).toHaveLength(1)
})

test('a change of primary asks for nothing anew: the designation was reversed with the roles', () => {
  expect(scene('critical', 2, {epoch: 2, primary: 'europe-west1'}).instances).toEqual(scene('critical', 2).instances)
})

test('a region that was given up is designated by nobody', async () => {
  const it = scene('critical', 2, {epoch: 2, primary: 'europe-west1', lost: ['us-east1']})
  expect(it.instances).toEqual([it.names['europe-west1']])
  expect(await it.designate()).toBeUndefined()
  expect(designationsOf(it)).toEqual([])
})

test.each([
  ['standard', 2],
  ['critical', 1],
] as const)('%s with %i region(s) has no standby to designate', (preset, count) => {
  expect(scene(preset, count).step).toBeUndefined()
})
