import fastify from 'fastify'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Session} from '../../../src/emulator/provider/session.ts'
import {UNKNOWN} from '../../../src/emulator/provider/values.ts'
import {engine, openWorld} from './world.ts'

const NETWORK = 'gcp:compute/network:Network'
const SUBNET = 'gcp:compute/subnetwork:Subnetwork'
const ACCOUNT = 'gcp:serviceaccount/account:Account'
const SECRET = 'gcp:secretmanager/secret:Secret'
const CLUSTER = 'gcp:container/cluster:Cluster'
const POOL = 'gcp:container/nodePool:NodePool'

let world: ReturnType<typeof openWorld>
let session: Session
let it: ReturnType<typeof engine>
beforeEach(async () => {
  world = openWorld()
  session = world.provider.connect()
  await session.configure({project: 'demo', defaultLabels: '{"team":"a"}'})
  it = engine(session)
})
afterEach(() => world.close())

test('a type that the emulator does not know is an error, not a record', async () => {
  await expect(it.check('gcp:compute/instance:Instance', {})).rejects.toThrow(
    'The emulator does not know the resource type gcp:compute/instance:Instance.',
  )
})

test('what was given no name gets one of its own, and keeps it', async () => {
  const {inputs} = await it.check(NETWORK, {})
  expect(inputs).toMatchObject({name: 'it-0123456', project: 'demo', __defaults: ['name', 'project']})
  expect((await it.check(NETWORK, {}, {...inputs, name: 'it-fffffff'})).inputs.name).toBe('it-fffffff')
})

test('a project that nobody named is a failure', async () => {
  const nowhere = world.provider.connect()
  await nowhere.configure({})
  expect(await engine(nowhere).failures(NETWORK, {name: 'net'})).toEqual([
    'project: required field is not set: give it here or to the provider',
  ])
})

test('what follows from the inputs is known in a preview, what Google chooses is not', async () => {
  const {id, outputs} = await it.preview(SUBNET, {
    name: 'sub',
    network: 'net',
    region: 'us-east1',
    ipCidrRange: '10.0.0.0/20',
  })
  expect(id).toBe('projects/demo/regions/us-east1/subnetworks/sub')
  expect(outputs).toMatchObject({
    selfLink: `https://www.googleapis.com/compute/v1/${id}`,
    gatewayAddress: '10.0.0.1',
    creationTimestamp: UNKNOWN,
    fingerprint: UNKNOWN,
  })
})

test('what is made of something unknown is unknown itself', async () => {
  const {id, outputs} = await it.preview(ACCOUNT, {accountId: UNKNOWN})
  expect(id).toBe('')
  expect(outputs).toMatchObject({email: UNKNOWN, member: UNKNOWN, name: UNKNOWN})
})

test('a preview makes nothing', async () => {
  await it.preview(NETWORK, {name: 'net'})
  expect(world.world.records.list(NETWORK)).toEqual([])
})

test('the outputs of a preview are those of the deployment where they are known', async () => {
  const before = await it.preview(NETWORK, {name: 'net'})
  const after = await it.create(NETWORK, {name: 'net'})
  expect(before.id).toBe(after.id)
  const known = Object.entries(before.outputs).filter(([, value]) => value !== UNKNOWN)
  expect(after.outputs).toMatchObject(Object.fromEntries(known))
})

test('rules of an API wait for values that are not known yet', async () => {
  expect(await it.failures(NETWORK, {name: UNKNOWN, routingMode: UNKNOWN})).toEqual([])
  expect(await it.failures(NETWORK, {name: 'Net', routingMode: 'WORLD'})).toHaveLength(2)
})

test('a change in place keeps what was chosen at creation', async () => {
  const made = await it.create(SECRET, {secretId: 'a', replication: {auto: {}}})
  const {told} = await it.diff(SECRET, made, {secretId: 'a', replication: {auto: {}}, ttl: '3600s'})
  expect(told).toEqual(['add ttl'])
  const now = await it.update(SECRET, made, {secretId: 'a', replication: {auto: {}}, ttl: '3600s'})
  expect(now).toMatchObject({ttl: '3600s', createTime: made.outputs.createTime})
  expect((await it.read(SECRET, made.id, now, made.inputs))?.outputs).toEqual(now)
})

test('an input that is taken away is gone from the outputs', async () => {
  const made = await it.create(NETWORK, {name: 'net', description: 'x', routingMode: 'GLOBAL'})
  const now = await it.update(NETWORK, made, {name: 'net', description: 'x'})
  expect(now.routingMode).toBe('REGIONAL')
})

test('what the program named is deleted before its replacement is made; what it did not name is not', async () => {
  const named = await it.create(NETWORK, {name: 'net', description: 'a'})
  expect(await it.diff(NETWORK, named, {name: 'net', description: 'b'})).toEqual({
    told: ['update description replaces'],
    deleteBeforeReplace: true,
  })
  const unnamed = await it.create(NETWORK, {description: 'a'})
  expect(await it.diff(NETWORK, unnamed, {description: 'b'})).toEqual({
    told: ['update description replaces'],
    deleteBeforeReplace: false,
  })
  expect(await it.diff(NETWORK, named, {name: 'other', description: 'a'})).toMatchObject({deleteBeforeReplace: false})
})

test('another project is another resource', async () => {
  const made = await it.create(NETWORK, {name: 'net'})
  expect((await it.diff(NETWORK, made, {name: 'net', project: 'other'})).told).toContain('update project replaces')
})

test('what has no update is replaced', async () => {
  const MEMBER = 'gcp:projects/iAMMember:IAMMember'
  const inputs = {project: 'demo', role: 'roles/viewer', member: 'user:a@example.com'}
  const made = await it.create(MEMBER, inputs)
  expect((await it.diff(MEMBER, made, {...inputs, role: 'roles/editor'})).told).toEqual(['update role replaces'])
})

test('ignored changes are not told', async () => {
  const made = await it.create(NETWORK, {name: 'net', mtu: 1460})
  expect((await it.diff(NETWORK, made, {name: 'net', mtu: 1500}, ['mtu'])).told).toEqual([])
})

test("the provider's labels are on everything that takes labels, and a change of them is an update", async () => {
  const made = await it.create(SECRET, {secretId: 'a', replication: {auto: {}}, labels: {own: 'b'}})
  expect(made.outputs).toMatchObject({
    labels: {own: 'b'},
    pulumiLabels: {team: 'a', own: 'b'},
    effectiveLabels: {team: 'a', own: 'b', 'goog-pulumi-provisioned': 'true'},
  })
  await session.configure({project: 'demo', defaultLabels: '{"team":"z"}'})
  expect((await it.diff(SECRET, made, {secretId: 'a', replication: {auto: {}}, labels: {own: 'b'}})).told).toEqual([
    'update effectiveLabels',
  ])
})

test('a second one of the same name is refused as Google refuses it', async () => {
  await it.create(NETWORK, {name: 'net'})
  await expect(it.create(NETWORK, {name: 'net'})).rejects.toThrow(
    "googleapi: Error 409: The resource 'projects/demo/global/networks/net' already exists, alreadyExists",
  )
})

test('a membership may be granted twice', async () => {
  const inputs = {project: 'demo', role: 'roles/viewer', member: 'user:a@example.com'}
  const first = await it.create('gcp:projects/iAMMember:IAMMember', inputs)
  expect((await it.create('gcp:projects/iAMMember:IAMMember', inputs)).id).toBe(first.id)
})

test('what is needed must exist, and cannot be deleted before what needs it', async () => {
  const inputs = {name: 'sub', network: 'net', region: 'us-east1', ipCidrRange: '10.0.0.0/20'}
  await expect(it.create(SUBNET, inputs)).rejects.toThrow(
    "Error 404: The resource 'projects/demo/global/networks/net' was not found",
  )
  const network = await it.create(NETWORK, {name: 'net'})
  const subnet = await it.create(SUBNET, inputs)
  await expect(it.delete(NETWORK, network.id, network.outputs)).rejects.toThrow(
    `is already being used by '${subnet.id}', resourceInUseByAnotherResource`,
  )
  await it.delete(SUBNET, subnet.id, subnet.outputs)
  await it.delete(NETWORK, network.id, network.outputs)
})

test('a refresh finds no drift where there is none, and what is gone gone', async () => {
  await it.create(NETWORK, {name: 'net'})
  const inputs = {name: 'sub', network: 'net', region: 'us-east1', ipCidrRange: '10.0.0.0/20'}
  const made = await it.create(SUBNET, inputs)
  const found = await it.read(SUBNET, made.id, made.outputs, made.inputs)
  expect(found).toEqual({id: made.id, outputs: made.outputs, inputs: made.inputs})
  await it.delete(SUBNET, made.id, made.outputs)
  expect(await it.read(SUBNET, made.id, made.outputs, made.inputs)).toBeUndefined()
})

test('an import takes over every input that is there', async () => {
  const made = await it.create(NETWORK, {name: 'net', routingMode: 'GLOBAL'})
  const found = await it.read(NETWORK, made.id)
  expect(found?.inputs).toMatchObject({name: 'net', routingMode: 'GLOBAL', project: 'demo'})
  expect(found?.inputs).not.toHaveProperty('selfLink')
})

test.each([
  ['ABANDON leaves it in the cloud', 'ABANDON', 1, undefined],
  ['PREVENT refuses', 'PREVENT', 1, 'cannot destroy Network without setting deletion_policy="DELETE"'],
  ['DELETE deletes', 'DELETE', 0, undefined],
])('deletionPolicy %s', async (_, deletionPolicy, left, reason) => {
  const {id, outputs} = await it.create(NETWORK, {name: 'net', deletionPolicy})
  const deleted = it.delete(NETWORK, id, outputs)
  await (reason ? expect(deleted).rejects.toThrow(reason) : deleted)
  expect(world.world.records.list(NETWORK)).toHaveLength(left)
})

test('a firewall rule that a controller made through REST keeps its network from being deleted', async () => {
  const server = fastify()
  for (const {routes} of world.services) routes?.(server)
  const base = '/compute/v1/projects/demo'
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => {
    const {statusCode, payload} = await server.inject({method, url: `${base}${path}`, ...(body && {payload: body})})
    return {status: statusCode, body: JSON.parse(payload)}
  }
  const rule = {name: 'gke-1', network: 'global/networks/net', allowed: [{IPProtocol: 'tcp', ports: ['443']}]}
  expect(await call('POST', '/global/firewalls', rule)).toMatchObject({status: 404})
  const {id, outputs} = await it.create(NETWORK, {name: 'net'})
  expect(await call('POST', '/global/firewalls', rule)).toMatchObject({status: 200, body: {status: 'DONE'}})
  expect(await call('POST', '/global/firewalls', rule)).toMatchObject({status: 409})
  expect(await call('POST', '/global/firewalls', {name: 'UPPER'})).toMatchObject({status: 400})
  const {body} = await call('GET', '/global/firewalls')
  expect(body.items).toEqual([
    expect.objectContaining({name: 'gke-1', allowed: rule.allowed, network: expect.stringMatching(/\/networks\/net$/)}),
  ])
  expect((await call('GET', '/aggregated/disks')).body.items).toEqual({})
  await expect(it.delete(NETWORK, id, outputs)).rejects.toThrow('resourceInUseByAnotherResource')
  expect(await call('DELETE', '/global/firewalls/gke-1')).toMatchObject({status: 200})
  expect(await call('DELETE', '/global/firewalls/gke-1')).toMatchObject({status: 404})
  await it.delete(NETWORK, id, outputs)
  await server.close()
})

const cluster = {
  name: 'c1',
  location: 'us-east1',
  initialNodeCount: 1,
  deletionProtection: false,
  nodeLocations: ['us-east1-b', 'us-east1-c', 'us-east1-d'],
  controlPlaneEndpointsConfig: {dnsEndpointConfig: {allowExternalTraffic: true}},
}

test("a cluster is made in its region's process, and its endpoint is that process's", async () => {
  const {id, outputs} = await it.create(CLUSTER, cluster)
  expect(id).toBe('projects/demo/locations/us-east1/clusters/c1')
  expect(outputs).toMatchObject({
    endpoint: '127.0.0.1',
    controlPlaneEndpointsConfig: {dnsEndpointConfig: {allowExternalTraffic: true, endpoint: '127.0.0.1:4321'}},
  })
  await it.create(POOL, {name: 'p1', cluster: 'c1', location: 'us-east1', nodeConfig: {machineType: 'e2-standard-4'}})
  expect(world.calls.map(({method, path, body}) => ({method, path, body}))).toMatchObject([
    {method: 'PUT', path: '/kubernetes/cluster', body: {name: 'c1', zones: cluster.nodeLocations, project: 'demo'}},
    {method: 'PUT', path: '/kubernetes/nodes', body: {cluster: 'c1', pool: 'p1', machineType: 'e2-standard-4'}},
  ])
})

test("a cluster's endpoint is unknown in a preview, and known in one of a change", async () => {
  const endpoint = (outputs: object) =>
    (outputs as {controlPlaneEndpointsConfig: {dnsEndpointConfig: {endpoint: string}}}).controlPlaneEndpointsConfig
      .dnsEndpointConfig.endpoint
  expect(endpoint((await it.preview(CLUSTER, cluster)).outputs)).toBe(UNKNOWN)
  const made = await it.create(CLUSTER, cluster)
  expect(endpoint(await it.update(CLUSTER, made, {...cluster, resourceLabels: {a: 'b'}}, true))).toBe('127.0.0.1:4321')
})

test('a protected cluster is not deleted before the protection is taken off', async () => {
  const {deletionProtection: _, ...unsaid} = cluster
  const made = await it.create(CLUSTER, unsaid)
  await expect(it.delete(CLUSTER, made.id, made.outputs)).rejects.toThrow('deletion_protection is set to true')
  const open = await it.update(CLUSTER, made, cluster)
  await it.delete(CLUSTER, made.id, open)
  expect(world.calls.at(-1)).toMatchObject({method: 'DELETE', path: '/kubernetes/cluster?name=c1'})
})

const window = (hours: number, days: string) => ({
  maintenancePolicy: {
    recurringWindow: {
      startTime: '2026-01-01T00:00:00Z',
      endTime: `2026-01-01T${String(hours).padStart(2, '0')}:00:00Z`,
      recurrence: `FREQ=WEEKLY;BYDAY=${days}`,
    },
  },
})

test.each([
  ['a zone of another region', CLUSTER, {...cluster, nodeLocations: ['us-east4-a']}, 'nodeLocations[0]'],
  ['a window of four hours a week', CLUSTER, {...cluster, ...window(4, 'MO')}, 'maintenancePolicy.recurringWindow'],
  ['a name of 41 letters', CLUSTER, {...cluster, name: 'a'.repeat(41)}, 'name'],
  ['a channel that is none', CLUSTER, {...cluster, releaseChannel: {channel: 'SLOW'}}, 'releaseChannel.channel'],
  [
    'network policies with Dataplane V2',
    CLUSTER,
    {...cluster, datapathProvider: 'ADVANCED_DATAPATH', networkPolicy: {enabled: true}},
    'networkPolicy.enabled',
  ],
  ['a range with host bits', SUBNET, {network: 'n', region: 'r', ipCidrRange: '10.0.0.1/20'}, 'ipCidrRange'],
  ['an account of five letters', ACCOUNT, {accountId: 'short'}, 'accountId'],
  [
    'a member without a kind',
    'gcp:projects/iAMMember:IAMMember',
    {role: 'roles/viewer', member: 'a@b.c', project: 'p'},
    'member',
  ],
  [
    'two kinds of replication',
    SECRET,
    {secretId: 'a', replication: {auto: {}, userManaged: {replicas: []}}},
    'replication.auto',
  ],
  [
    'an objective of 99.999 %',
    'gcp:monitoring/slo:Slo',
    {service: 's', goal: 0.99999, rollingPeriodDays: 28, basicSli: {latency: {threshold: '1s'}}},
    'goal',
  ],
])('%s is refused before anything is made', async (_, token, inputs, property) => {
  const {failures} = await it.check(token, inputs)
  expect(failures.map((failure) => failure.property)).toEqual([property])
})

test('twelve hours of maintenance a week are enough', async () => {
  expect(await it.failures(CLUSTER, {...cluster, ...window(12, 'MO')})).toEqual([])
})
