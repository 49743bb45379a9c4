import {expect, test} from 'vitest'
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'
import {container, DEPLOYMENTS, deployment, startCluster} from './cluster.ts'

const API = `${DEPLOYMENTS}/api`
const MERGE = {'content-type': 'application/merge-patch+json'}
const envOf = (body: Json) => body.spec.template.spec.containers[0].env?.map((each: Json) => each.name)
const withEnv = (...names: string[]) =>
  deployment('api', {}, [container({env: names.map((name) => ({name, value: '1'}))})])

test('an apply creates what is missing, and the same apply again changes nothing', async () => {
  await using cluster = await startCluster()
  const resources = {requests: {cpu: 0.5, memory: '1024Mi'}}
  const config = deployment('api', {}, [container({resources, ports: [{containerPort: 80}]})])
  const first = await cluster.apply(API, config)
  expect(first.status).toBe(201)
  expect(first.body.spec.template.spec.containers[0].resources.requests).toEqual({cpu: '500m', memory: '1Gi'})
  const second = await cluster.apply(API, config)
  expect([second.status, second.body]).toEqual([200, first.body])
})

test('a field that its only manager stops applying is removed, one that another still applies stays', async () => {
  await using cluster = await startCluster()
  await cluster.apply(API, withEnv('A', 'B'))
  await cluster.apply(API, withEnv('B'), 'fieldManager=other')
  const {body} = await cluster.apply(API, withEnv())
  expect(envOf(body)).toEqual(['B'])
  expect(envOf((await cluster.apply(API, withEnv(), 'fieldManager=other')).body) ?? []).toEqual([])
})

test("a removed container goes with everything in it, the server's defaults too", async () => {
  await using cluster = await startCluster()
  const proxy = container({name: 'proxy', image: 'proxy:1'})
  await cluster.apply(API, deployment('api', {}, [container(), proxy]))
  const {body} = await cluster.apply(API, deployment('api'))
  expect(body.spec.template.spec.containers.map((each: Json) => each.name)).toEqual(['api'])
})

test("another manager's field is a conflict unless the apply is forced", async () => {
  await using cluster = await startCluster()
  await cluster.apply(API, deployment('api', {replicas: 2}))
  const refused = await cluster.apply(API, deployment('api', {replicas: 5}), 'fieldManager=other')
  expect(refused.body).toMatchObject({
    code: 409,
    message: 'Apply failed with 1 conflict: conflict with "ha": .spec.replicas',
    details: {causes: [{reason: 'FieldManagerConflict', field: '.spec.replicas'}]},
  })
  const forced = await cluster.apply(API, deployment('api', {replicas: 5}), 'fieldManager=other&force=true')
  expect(forced.body.spec.replicas).toBe(5)
  const owners = forced.body.metadata.managedFields.filter((each: Json) => each.fieldsV1['f:spec']?.['f:replicas'])
  expect(owners.map((each: Json) => each.manager)).toEqual(['other'])
})

test('what somebody patched is theirs: an apply without that field leaves it, one with it conflicts', async () => {
  await using cluster = await startCluster()
  await cluster.apply(API, deployment('api', {replicas: 2}))
  await cluster.call('PATCH', `${API}/scale?fieldManager=kubectl`, {spec: {replicas: 9}}, MERGE)
  const conflict = await cluster.apply(API, deployment('api', {replicas: 2}))
  expect(conflict.body.message).toBe(
    'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1 at 2026-01-02T03:04:05Z: .spec.replicas',
  )
  const without = await cluster.apply(API, deployment('api'))
  expect(without.body.spec.replicas).toBe(9)
})

test('two managers that say the same share the field', async () => {
  await using cluster = await startCluster()
  await cluster.apply(API, deployment('api', {replicas: 2}))
  const shared = await cluster.apply(API, deployment('api', {replicas: 2}), 'fieldManager=other')
  expect(shared.status).toBe(200)
  const left = await cluster.apply(API, deployment('api'))
  expect(left.body.spec.replicas).toBe(2)
})

test('an apply without a manager, or with managedFields, is refused', async () => {
  await using cluster = await startCluster()
  expect((await cluster.apply(API, deployment('api'), '')).status).toBe(400)
  const config = {...deployment('api'), metadata: {name: 'api', managedFields: [{manager: 'x'}]}}
  expect((await cluster.apply(API, config)).status).toBe(400)
})
