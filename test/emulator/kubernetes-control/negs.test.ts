import {afterEach, beforeEach, expect, test} from 'vitest'
import type {KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {conditionOf, isTrue} from '../../../src/emulator/kubernetes/control/conditions.ts'
import type {Endpoint, GroupApi} from '../../../src/emulator/kubernetes/control/neg/compute.ts'
import {negController} from '../../../src/emulator/kubernetes/control/neg/controller.ts'
import {GATE} from '../../../src/emulator/kubernetes/control/neg/readiness-gate.ts'
import {createPod, HOST_PORTS} from '../../../src/emulator/kubernetes/control/pods.ts'
import {deployment, openStage, type Stage, service, template, ZONES} from './plane.ts'

const RECORDS = 'networking.gke.io/servicenetworkendpointgroups'
const ANNOTATIONS = {'cloud.google.com/neg': '{"exposed_ports":{"80":{"name":"shop-api"}}}'}

/** Google's groups, in memory. */
function fakeGroups(changed: () => void) {
  const groups = new Map<string, {description: string; endpoints: Endpoint[]}>()
  const key = (zone: string, name: string) => `${zone}/${name}`
  const same = (a: Endpoint) => (b: Endpoint) => a.port === b.port
  const state = {down: false, inUse: false, health: undefined as string | undefined}
  const check = () => {
    if (state.down) throw new Error('connect ECONNREFUSED')
  }
  const api: GroupApi = {
    async get(zone, name) {
      check()
      const group = groups.get(key(zone, name))
      return (
        group && {
          id: '1',
          selfLink: `https://compute/zones/${zone}/networkEndpointGroups/${name}`,
          description: group.description,
        }
      )
    },
    async insert(zone, {name, description}) {
      check()
      groups.set(key(zone, name), {description, endpoints: []})
    },
    async remove(zone, name) {
      check()
      if (state.inUse) throw new Error('already being used by a backend service')
      groups.delete(key(zone, name))
      changed()
    },
    async attach(zone, name, endpoints) {
      check()
      groups.get(key(zone, name))!.endpoints.push(...endpoints)
      changed()
    },
    async detach(zone, name, endpoints) {
      check()
      const group = groups.get(key(zone, name))!
      group.endpoints = group.endpoints.filter((one) => !endpoints.some(same(one)))
      changed()
    },
    async list(zone, name, withHealth) {
      check()
      const healths = withHealth && state.health ? {healths: [{healthState: state.health}]} : {}
      return (groups.get(key(zone, name))?.endpoints ?? []).map((networkEndpoint) => ({networkEndpoint, ...healths}))
    },
  }
  const ports = () => [...groups.values()].flatMap(({endpoints}) => endpoints.map(({port}) => port)).sort()
  return {api, groups, state, ports}
}

let stage: Stage
let fake: ReturnType<typeof fakeGroups>
beforeEach(async () => {
  stage = await openStage()
  fake = fakeGroups(() => setImmediate(stage.poke))
  stage.run(negController({...stage, api: fake.api, cluster: 'c', zones: ZONES}))
})
afterEach(() => stage.close())

/** A pod of the api in the zone at this place of the list, its containers ready. */
function startPod(place: number, port: number): KubeObject {
  const owner =
    stage.store.get('apps/deployments', 'shop', 'api') ??
    stage.store.create('apps/deployments', deployment('api', 'app:1'))
  const pod = createPod(stage.store, owner, template({app: 'api'}, 'app:1'))
  stage.store.update('pods', {
    ...pod,
    metadata: {...pod.metadata, annotations: {[HOST_PORTS]: JSON.stringify({8080: port})}},
    spec: {...pod.spec, nodeName: `gke-c-p-${ZONES[place]}`},
  })
  setReady(pod, 'True')
  return pod
}

const setReady = ({metadata}: KubeObject, status: string) =>
  stage.store.updateStatus('pods', 'shop', metadata.name, (current: KubeObject) => ({
    ...current.status,
    podIP: '127.0.0.1',
    conditions: [
      ...(current.status?.conditions ?? []).filter(({type}: {type: string}) => type !== 'ContainersReady'),
      {type: 'ContainersReady', status, lastTransitionTime: new Date().toISOString()},
    ],
  }))

const gate = ({metadata}: KubeObject) => {
  const pod = stage.store.get('pods', 'shop', metadata.name)
  return pod && conditionOf(pod, GATE)
}
const create = () => stage.store.create('services', service('api', ANNOTATIONS))

test('a service with the annotation has one group per zone and says which', async () => {
  create()
  await stage.until((store) => store.list(RECORDS).some((one) => isTrue(one, 'Synced')))
  expect([...fake.groups.keys()]).toEqual(ZONES.map((zone) => `${zone}/shop-api`))
  const [record] = stage.store.list(RECORDS)
  expect(record?.metadata.name).toBe('shop-api')
  expect(record?.status.networkEndpointGroups.map(({state}: {state: string}) => state)).toEqual([
    'ACTIVE',
    'ACTIVE',
    'ACTIVE',
  ])
  const status = stage.store.get('services', 'shop', 'api')?.metadata.annotations?.['cloud.google.com/neg-status']
  expect(JSON.parse(status!)).toEqual({network_endpoint_groups: {80: 'shop-api'}, zones: ZONES})
})

test('a pod is an endpoint of its zone while its containers are ready, and leaves when it is not or is ending', async () => {
  create()
  const [first, second] = [startPod(0, 11_001), startPod(1, 11_002)]
  await stage.until(() => fake.ports().join() === '11001,11002')
  expect(fake.groups.get('us-east1-c/shop-api')?.endpoints).toEqual([
    {ipAddress: '127.0.0.1', port: 11_002, instance: 'gke-c-p-us-east1-c'},
  ])
  setReady(first, 'False')
  await stage.until(() => fake.ports().join() === '11002')
  stage.store.delete('pods', 'shop', second.metadata.name)
  await stage.until(
    () =>
      stage.store.get('pods', 'shop', second.metadata.name)?.metadata.deletionTimestamp && fake.ports().length === 0,
  )
})

test('a pod’s gate opens when no health check asks, or when the load balancer finds it healthy', async () => {
  create()
  const early = startPod(0, 11_001)
  await stage.until(() => gate(early)?.status === 'True')
  expect(gate(early)?.reason).toBe('LoadBalancerNegWithoutHealthCheck')
  fake.state.health = 'UNHEALTHY'
  const late = startPod(1, 11_002)
  await stage.until(() => gate(late)?.reason === 'LoadBalancerNegNotReady')
  fake.state.health = 'HEALTHY'
  await stage.until(() => gate(late)?.status === 'True')
  expect(gate(late)?.reason).toBe('LoadBalancerNegReady')
})

test('what happened while the global process was away is made up for', async () => {
  create()
  await stage.until((store) => store.list(RECORDS).some((one) => isTrue(one, 'Synced')))
  fake.state.down = true
  startPod(0, 11_001)
  await stage.until((store) => conditionOf(store.list(RECORDS)[0]!, 'Synced')?.reason === 'NegSyncFailed')
  fake.state.down = false
  await stage.until((store) => isTrue(store.list(RECORDS)[0]!, 'Synced') && fake.ports().join() === '11001')
})

test('groups go with their service, as soon as nobody uses them', async () => {
  create()
  startPod(0, 11_001)
  await stage.until(() => fake.ports().length === 1)
  fake.state.inUse = true
  stage.store.delete('services', 'shop', 'api')
  await stage.until(() => fake.ports().length === 0)
  expect(stage.store.list(RECORDS)[0]?.metadata.deletionTimestamp).toBeDefined()
  fake.state.inUse = false
  await stage.until((store) => store.list(RECORDS).length === 0)
  expect(fake.groups.size).toBe(0)
})

test('a group of that name that belongs to something else is left alone', async () => {
  fake.groups.set('us-east1-b/shop-api', {description: 'made by hand', endpoints: []})
  create()
  await stage.until((store) => conditionOf(store.list(RECORDS)[0] ?? service('x'), 'Synced')?.status === 'False')
  expect(conditionOf(stage.store.list(RECORDS)[0]!, 'Synced')?.message).toContain('belongs to something else')
})
