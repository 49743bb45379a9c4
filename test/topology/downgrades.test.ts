import {expect, test} from 'vitest'
import type {Config} from '../../src/config/config.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {availabilityDowngrades, resilienceOf} from '../../src/topology/downgrades.ts'
import {extendRoles, initialRoles} from '../../src/topology/roles.ts'
import type {Roles} from '../../src/topology/topology.ts'
import {exampleConfig} from '../fakes/config.ts'

const BEFORE = exampleConfig({preset: 'critical', state: 'gs://stay-test-ha'})
const ROLES = initialRoles(BEFORE)

const resilience = (config: Config, roles: Roles = extendRoles(ROLES, config)) =>
  resilienceOf(deriveTopology(config, roles))
const names = (before: Config, after: Config, roles?: Roles) =>
  availabilityDowngrades(resilience(before), resilience(after, roles)).map(({name}) => name)

const [API, SYNC] = BEFORE.services as [Config['services'][number], Config['services'][number]]
const without = <T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> => {
  const {[key]: _, ...rest} = value
  return rest
}

const CASES: readonly (readonly [string, Config, readonly string[]])[] = [
  ['nothing', BEFORE, []],
  ['fewer regions', {...BEFORE, regions: ['us-east1']}, ['regions.europe-west1']],
  ['another region instead', {...BEFORE, regions: ['us-east1', 'us-west1']}, ['regions.europe-west1']],
  [
    'critical to standard',
    {...BEFORE, preset: 'standard'},
    ['preset', 'nodes', 'database.replica.availability', 'database.edition'],
  ],
  [
    'a lower floor of instances',
    {...BEFORE, services: [{...API, replicas: {...API.replicas, min: 1}}, SYNC]},
    ['services.api.replicas.min'],
  ],
  [
    'a lower ceiling of instances',
    {...BEFORE, services: [{...API, replicas: {...API.replicas, max: 29}}, SYNC]},
    ['services.api.replicas.max'],
  ],
  ['a shorter grace', {...BEFORE, services: [API, {...SYNC, graceSeconds: 10}]}, ['services.sync.drain']],
  ['a service less', {...BEFORE, services: [API]}, ['services.sync']],
  [
    'a shorter recovery window',
    {...BEFORE, database: {...BEFORE.database!, recoverySeconds: 86_400}},
    ['database.recovery.window'],
  ],
  ['no database', without(BEFORE, 'database') as Config, ['database']],
  ['a queue less', {...BEFORE, queues: []}, ['queues.bookings']],
  [
    'shorter retention',
    {...BEFORE, queues: [{...BEFORE.queues[0]!, retentionSeconds: 600}]},
    ['queues.bookings.retention'],
  ],
  [
    'lower objectives',
    {...BEFORE, objectives: {availability: 0.999, rtoSeconds: 120, rpoSeconds: 60}},
    ['objectives.availability', 'objectives.rto', 'objectives.rpo'],
  ],
]

test.each(CASES)('%s: the downgrade is named', (_, after, expected) => {
  expect(names(BEFORE, after)).toEqual(expected)
})

test.each(CASES)('%s, the other way round, is no downgrade', (_, after) => {
  const swapped = after.regions.includes('us-west1')
  expect(names(after, BEFORE)).toEqual(swapped ? ['regions.us-west1'] : [])
})

test('standard to dev is also the end of protection and of the standby in a second zone', () => {
  expect(names({...BEFORE, preset: 'standard'}, {...BEFORE, preset: 'dev'})).toEqual([
    'preset',
    'protection',
    'database.primary.availability',
  ])
})

test.each(['standard', 'critical'] as const)('a failover is no downgrade with the preset %s', (preset) => {
  const config = {...BEFORE, preset}
  expect(names(config, config, {...ROLES, epoch: 2, primary: 'europe-west1'})).toEqual([])
})

test('a downgrade says from what to what', () => {
  expect(availabilityDowngrades(resilience(BEFORE), resilience({...BEFORE, regions: ['us-east1']}))).toEqual([
    {
      name: 'regions.europe-west1',
      says: 'europe-west1 is given up, with what only it holds: 2 regions become 1.',
    },
  ])
})

test('what is recorded of a platform survives being written down', () => {
  const recorded = resilience(BEFORE)
  expect(JSON.parse(JSON.stringify(recorded))).toEqual(recorded)
})
