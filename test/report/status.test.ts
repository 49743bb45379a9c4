import {expect, test} from 'vitest'
import type {InstanceSeen, Observation, QueueSeen, RegionSeen} from '../../src/cloud/cloud.ts'
import {statusLines} from '../../src/report/status.ts'
import {colourless} from '../../src/report/style.ts'
import {servingTroubles, troubles} from '../../src/report/troubles.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const config = exampleConfig({regions: ['us-east1', 'europe-west1']})
const topology = deriveTopology(config, initialRoles(config))
const service = (name: string) => ({
  ...{name, image: 'i', ready: 2, desired: 2, updated: 2, restarts: 0, reasons: []},
})
const region = (name: string, instance: Partial<InstanceSeen>, change: Partial<RegionSeen> = {}): RegionSeen => ({
  name,
  services: {seen: ['api', 'sync'].map(service)},
  instance: {seen: {name: `db-${name}`, role: 'replica', state: 'RUNNABLE', ...instance}},
  endpoints: {seen: [{service: 'api', healthy: 3, total: 3, drained: false}]},
  ...change,
})
const lag = (value: number, ageSeconds = 0) => ({lag: {seen: {value, ageSeconds}}})
const QUEUE: QueueSeen = {name: 'bookings', backlog: 0, oldestSeconds: 0, dead: 0, ageSeconds: 0}
/** What is seen when all is well but for this. */
const seen = ({
  us,
  eu,
  queues,
}: {
  us?: Partial<RegionSeen>
  eu?: Partial<RegionSeen>
  queues?: Observation['queues']
}) => ({
  regions: [region('us-east1', {role: 'primary'}, us), region('europe-west1', lag(0.4), eu)],
  queues: queues ?? {seen: [QUEUE]},
})
const instance = (change: Partial<InstanceSeen>) => ({
  instance: {seen: {name: 'db-europe-west1', role: 'replica' as const, state: 'RUNNABLE', ...change}},
})
const rowOf = (observation: Observation, first: string) =>
  statusLines(topology, observation, colourless)
    .find((line) => line.trim().startsWith(first))
    ?.trim()
    .replaceAll(/ {2,}/g, ' | ')

test('all is well when everything is seen to be', () => {
  expect(troubles(topology, seen({}))).toEqual([])
  expect(statusLines(topology, seen({}), colourless).at(-1)).toBe('✔ Everything runs as ha.yaml says.')
})

test.each<[string, Partial<RegionSeen>, string]>([
  ['fresh lag without its age', instance(lag(0.4, 3)), 'europe-west1 | replica | up | 0.4 s | 2/2 | 2/2 | 3/3'],
  [
    'lag that is not fresh with it',
    instance(lag(0.4, 130)),
    'europe-west1 | replica | up | 0.4 s (2 min 10 s ago) | 2/2 | 2/2 | 3/3',
  ],
  [
    'a replica that does not follow',
    instance(lag(-1)),
    'europe-west1 | replica | up | not replicating | 2/2 | 2/2 | 3/3',
  ],
  [
    'lag that cannot be asked for',
    instance({lag: {unseen: 'x'}}),
    'europe-west1 | replica | up | unknown | 2/2 | 2/2 | 3/3',
  ],
  ['lag without a figure yet', instance({}), 'europe-west1 | replica | up | – | 2/2 | 2/2 | 3/3'],
  [
    'a region out of rotation',
    {endpoints: {seen: [{service: 'api', healthy: 3, total: 3, drained: true}]}},
    'europe-west1 | replica | up | 0.4 s | 2/2 | 2/2 | drained',
  ],
  [
    'rotation that cannot be asked for',
    {endpoints: {unseen: 'x'}},
    'europe-west1 | replica | up | 0.4 s | 2/2 | 2/2 | unknown',
  ],
])('a region’s row shows %s', (_, eu, expected) => {
  expect(rowOf(seen({eu}), 'europe-west1')).toBe(expected)
})

test.each<[string, QueueSeen, string, string]>([
  [
    'fresh',
    {...QUEUE, backlog: 7, oldestSeconds: 75},
    'QUEUE | WAITING | OLDEST | DEAD LETTERS',
    'bookings | 7 | 1 min 15 s | 0',
  ],
  [
    'dated',
    {...QUEUE, backlog: 7, dead: 2, ageSeconds: 100},
    'QUEUE | WAITING | OLDEST | DEAD LETTERS | AS OF',
    'bookings | 7 | 0.0 s | 2 | 1 min 40 s ago',
  ],
  ['empty', QUEUE, 'QUEUE | WAITING | OLDEST | DEAD LETTERS', 'bookings | 0 | – | 0'],
  ['without a figure', {name: 'bookings'}, 'QUEUE | WAITING | OLDEST | DEAD LETTERS', 'bookings | – | – | –'],
])('a queue’s row is %s', (_, queue, header, row) => {
  const observation = seen({queues: {seen: [queue]}})
  expect([rowOf(observation, 'QUEUE'), rowOf(observation, 'bookings')]).toEqual([header, row])
})

const RECOVERY = {seen: {earliest: Date.parse('2026-03-01T12:00:00Z'), latest: Date.parse('2026-03-02T12:00:00Z')}}
const OLD = {what: 'database instance', name: 'stay-test-us-east1-g1', place: 'us-east1', command: 'gcloud …'} as const

test('after a change of primary it is told since when it can be recovered, and what it left behind', () => {
  const lines = statusLines(topology, {...seen({}), recovery: RECOVERY, leftBehind: [OLD]}, colourless)
  expect(lines.slice(-3)).toEqual([
    expect.stringMatching(/^· Protected again: every moment since 2026-03-01 .* can be recovered to\.$/),
    '· stay-test-us-east1-g1 in us-east1, whose place another took, is still there. Once nothing of it is needed:',
    '    gcloud …',
  ])
  expect(troubles(topology, {...seen({}), recovery: RECOVERY})).toEqual([])
})

test.each<[string, Observation, string, boolean]>([
  ['a new primary without a recovery window', {...seen({}), recovery: {seen: undefined}}, 'not protected yet', false],
  ['two primaries', seen({eu: instance({role: 'primary'})}), 'Two primaries: us-east1 and europe-west1', true],
  ['a database that is down', seen({eu: instance({state: 'MAINTENANCE'})}), 'db-europe-west1 is MAINTENANCE.', true],
  [
    'a silent cluster',
    seen({eu: {services: {unseen: 'late'}}}),
    'europe-west1: the cluster does not answer (late).',
    true,
  ],
  [
    'nobody in rotation',
    seen({eu: {endpoints: {seen: [{service: 'api', healthy: 0, total: 3, drained: false}]}}}),
    'europe-west1: no instance of api is in rotation.',
    true,
  ],
  [
    'a silent load balancer',
    seen({eu: {endpoints: {unseen: 'late'}}}),
    'europe-west1: the load balancer does not tell of it (late).',
    true,
  ],
  ['a replica that does not follow', seen({eu: instance(lag(-1, 90))}), 'db-europe-west1 does not replicate.', false],
  ['lag unseen', seen({eu: instance({lag: {unseen: 'late'}})}), 'Replication lag cannot be told (late).', false],
  ['queues unseen', seen({queues: {unseen: 'late'}}), 'What waits in the queues cannot be told (late).', false],
  ['dead letters', seen({queues: {seen: [{...QUEUE, dead: 2}]}}), 'bookings: 2 messages failed every delivery.', false],
])('%s is told, and keeps a deploy waiting only if it does not serve', (_, observation, expected, waits) => {
  expect(troubles(topology, observation)).toEqual([expect.stringContaining(expected)])
  expect(servingTroubles(topology, observation)).toHaveLength(waits ? 1 : 0)
})

test('of a region that is given up nothing is missed', () => {
  const lost = deriveTopology(config, {...initialRoles(config), lost: ['europe-west1']})
  const gone = seen({
    eu: {services: {unseen: 'gone'}, instance: {unseen: 'gone'}, endpoints: {unseen: 'gone'}},
  })
  expect(troubles(lost, gone)).toEqual([])
  expect(statusLines(lost, gone, colourless)).toContain('✔ What is left runs as ha.yaml says.')
})
