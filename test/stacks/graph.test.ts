import {expect, test} from 'vitest'
import {deriveTopology} from '../../src/topology/derive.ts'
import {extendRoles, initialRoles} from '../../src/topology/roles.ts'
import {stacksOf} from '../../stacks/index.ts'
import type {Recorded} from '../../stacks/stack.ts'
import {exampleConfig} from '../fakes/config.ts'

const graph = (config = exampleConfig(), roles = initialRoles(config)) => stacksOf(deriveTopology(config, roles))
const inputs = (nodes: ReturnType<typeof graph>, recorded: Recorded = {}) =>
  Object.fromEntries(nodes.map((node) => [node.name, node.input(recorded)]))

test('every node comes after all it needs', () => {
  const seen = new Set<string>()
  for (const {name, needs} of graph()) {
    for (const need of needs) expect(seen, `${name} needs ${need}`).toContain(need)
    seen.add(name)
  }
})

test('a lost region’s stacks are needed by nobody outside it', () => {
  const config = exampleConfig()
  const roles = {...initialRoles(config), primary: 'europe-west1', lost: ['us-east1']}
  const outside = graph(config, roles).filter(({region}) => region !== 'us-east1')
  expect(outside.flatMap(({needs}) => needs).filter((need) => need.endsWith('us-east1'))).toEqual([])
})

test('of a region that does not answer the database is left alone and no endpoint is waited for', () => {
  const nodes = graph()
  const silent = Object.fromEntries(nodes.map((node) => [node.name, node.input({}, ['us-east1'])]))
  expect(changed(inputs(nodes), silent)).toEqual(['data', 'endpoints'])
  const {instances} = silent.data as {instances: readonly {region: string; lost: boolean}[]}
  expect(instances.map(({region, lost}) => [region, lost])).toEqual([
    ['us-east1', true],
    ['europe-west1', false],
  ])
  expect(JSON.stringify(silent.endpoints)).not.toContain('us-east1')
})

test('inputs are plain JSON, so that their hash is a fingerprint', () => {
  for (const [name, input] of Object.entries(inputs(graph()))) {
    expect(JSON.parse(JSON.stringify(input)), name).toEqual(input)
  }
})

test('a new image touches the app stacks and the migration alone', () => {
  const before = exampleConfig()
  const after = exampleConfig({
    services: before.services.map((service) => ({...service, image: 'example.test/app:2.0.0'})),
  })
  expect(changed(inputs(graph(before)), inputs(graph(after)))).toEqual([
    'app-europe-west1',
    'app-us-east1',
    'migration',
  ])
})

test('a larger disk touches the databases alone: neither the gates and proxies beside the app nor the observers', () => {
  const before = exampleConfig({observer: {image: 'example.test/observer:1', canary: {}}})
  const database = {...before.database!, storageGiB: 110}
  expect(changed(inputs(graph(before)), inputs(graph({...before, database})))).toEqual(['data'])
})

test('a third region leaves cells and workloads of the first two alone', () => {
  const before = exampleConfig()
  const after = exampleConfig({regions: [...before.regions, 'asia-east1']})
  const roles = initialRoles(before)
  const names = changed(inputs(graph(before, roles)), inputs(graph(after, extendRoles(roles, after))))
  expect(names.filter((name) => /^(cell|app)-/.test(name))).toEqual(['app-asia-east1', 'cell-asia-east1'])
})

test('a change of primary moves the records and touches no workload', () => {
  const config = exampleConfig()
  const roles = initialRoles(config)
  const moved = {...roles, epoch: 2, primary: 'europe-west1'}
  expect(changed(inputs(graph(config, roles)), inputs(graph(config, moved)))).toEqual(['data'])
})

test('a drained region keeps its groups behind the load balancer at capacity 0', () => {
  const config = exampleConfig()
  const edge = graph(config, {...initialRoles(config), drained: ['us-east1']}).find(({name}) => name === 'edge')!
  const {services} = edge.input({}) as {services: {groups: {group: string; capacityScaler: number}[]}[]}
  const scalers = services[0]!.groups.map(({group, capacityScaler}) => [group.includes('us-east1'), capacityScaler])
  expect(scalers).toEqual([...Array(3).fill([true, 0]), ...Array(3).fill([false, 1])])
})

test('a local command, which only stands for the image, is no part of what Pulumi sees', () => {
  const before = exampleConfig()
  const local = {command: 'node api.js', cwd: '/somewhere'}
  const after = exampleConfig({services: before.services.map((service) => ({...service, local}))})
  expect(changed(inputs(graph(before)), inputs(graph(after)))).toEqual([])
})

/** Names whose input differs or is new, sorted. */
function changed(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.keys(after)
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .sort()
}
