import {join} from 'node:path'
import {expect, test} from 'vitest'
import {readJournal} from '../../../src/emulator/kubernetes/api/journal.ts'
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'
import {CONFIG_MAPS, configMap, container, DEPLOYMENTS, deployment, PODS, pod, startCluster} from './cluster.ts'

test('discovery lists every resource, plainly and aggregated', async () => {
  await using cluster = await startCluster()
  const {body: version} = await cluster.call('GET', '/version')
  expect(version).toMatchObject({major: '1', minor: '34'})
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const {body, headers} = await cluster.call('GET', '/apis', undefined, {accept})
  expect(headers.get('content-type')).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
  const listed = body.items.flatMap((group: Json) =>
    group.versions.flatMap(({version: each, resources}: Json) =>
      resources.map(({resource}: Json) => `${group.metadata.name}/${each}/${resource}`),
    ),
  )
  const {body: groups} = await cluster.call('GET', '/apis')
  const plain: string[] = []
  for (const {name, versions} of groups.groups) {
    for (const {version: each, groupVersion} of versions) {
      const {body: list} = await cluster.call('GET', `/apis/${groupVersion}`)
      for (const resource of list.resources) {
        if (!resource.name.includes('/')) plain.push(`${name}/${each}/${resource.name}`)
      }
    }
  }
  expect(plain.sort()).toEqual(listed.sort())
  expect(plain).toContain('apps/v1/deployments')
  expect(plain).toContain('autoscaling/v1/horizontalpodautoscalers')
})

test.each(['/healthz', '/livez', '/readyz', '/readyz/etcd'])('%s says ok', async (path) => {
  await using cluster = await startCluster()
  expect(await cluster.call('GET', path)).toMatchObject({status: 200, body: 'ok'})
})

test('what a write acknowledged is on disk', async () => {
  await using cluster = await startCluster()
  const file = join(cluster.dir, 'objects.ndjson')
  const {body} = await cluster.call('POST', CONFIG_MAPS, configMap('a'))
  expect([...readJournal(file)].at(-1)?.object).toEqual(body)
  await cluster.call('DELETE', `${CONFIG_MAPS}/a`)
  expect([...readJournal(file)].at(-1)).toMatchObject({key: 'default/a', object: null})
})

test('a created object has its defaults, is answered with 201 and read back the same', async () => {
  await using cluster = await startCluster()
  const created = await cluster.call('POST', DEPLOYMENTS, deployment('api'))
  expect(created.status).toBe(201)
  expect(created.body.spec).toMatchObject({
    replicas: 1,
    strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: '25%', maxUnavailable: '25%'}},
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    template: {spec: {restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30}},
  })
  expect(created.body.metadata).toMatchObject({generation: 1, creationTimestamp: '2026-01-02T03:04:05Z'})
  expect((await cluster.call('GET', `${DEPLOYMENTS}/api`)).body).toEqual(created.body)
})

const REFUSALS: [string, string, string, Json, number, string, string][] = [
  [
    'an object that is not there',
    'GET',
    `${DEPLOYMENTS}/nope`,
    undefined,
    404,
    'NotFound',
    'deployments.apps "nope" not found',
  ],
  [
    'a path that means nothing',
    'GET',
    '/apis/apps/v1/daemonsets',
    undefined,
    404,
    'NotFound',
    'the server could not find the requested resource',
  ],
  [
    'an object that is there already',
    'POST',
    CONFIG_MAPS,
    configMap('taken'),
    409,
    'AlreadyExists',
    'configmaps "taken" already exists',
  ],
  [
    'a namespace that is not there',
    'POST',
    '/api/v1/namespaces/nowhere/configmaps',
    configMap('a', {}, {metadata: {name: 'a'}}),
    404,
    'NotFound',
    'namespaces "nowhere" not found',
  ],
  [
    'another namespace than the path names',
    'POST',
    '/api/v1/namespaces/kube-system/configmaps',
    configMap('a'),
    400,
    'BadRequest',
    'does not match the namespace sent',
  ],
  [
    'another kind than the path names',
    'POST',
    CONFIG_MAPS,
    pod('a'),
    400,
    'BadRequest',
    'the object provided is unrecognized',
  ],
  ['a body that is not JSON', 'POST', CONFIG_MAPS, '{', 400, 'BadRequest', 'error decoding body'],
  ['a method nobody speaks', 'PUT', CONFIG_MAPS, configMap('a'), 405, 'MethodNotAllowed', 'does not allow this method'],
  [
    'an update of an older version',
    'PUT',
    `${CONFIG_MAPS}/taken`,
    configMap('taken', {}, {metadata: {name: 'taken', resourceVersion: '1'}}),
    409,
    'Conflict',
    'the object has been modified',
  ],
  [
    'the end of a namespace everyone needs',
    'DELETE',
    '/api/v1/namespaces/default',
    undefined,
    403,
    'Forbidden',
    'may not be deleted',
  ],
  ['a shell in a pod', 'POST', `${PODS}/p/exec`, undefined, 501, 'NotImplemented', 'not emulated'],
]

test.each(REFUSALS)(
  '%s is refused with a Status as Kubernetes words it',
  async (_, method, path, body, code, reason, message) => {
    await using cluster = await startCluster()
    await cluster.call('POST', CONFIG_MAPS, configMap('taken'))
    const refused = await cluster.call(method, path, body)
    expect(refused.body).toMatchObject({kind: 'Status', status: 'Failure', code, reason})
    expect(refused.body.message).toContain(message)
    expect(refused.status).toBe(code)
  },
)

test('generateName ends in five characters of the server', async () => {
  await using cluster = await startCluster()
  const {body} = await cluster.call('POST', CONFIG_MAPS, {metadata: {generateName: 'job-'}})
  expect(body.metadata.name).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('a dry run answers what would be and changes nothing', async () => {
  await using cluster = await startCluster()
  const dry = await cluster.call('POST', `${DEPLOYMENTS}?dryRun=All`, deployment('api'))
  expect(dry.body.spec.replicas).toBe(1)
  expect(dry.body.metadata.uid).toBeDefined()
  expect(cluster.store.list('apps/deployments')).toEqual([])
  await cluster.call('POST', DEPLOYMENTS, deployment('api'))
  await cluster.call('DELETE', `${DEPLOYMENTS}/api?dryRun=All`)
  expect(cluster.store.list('apps/deployments')).toHaveLength(1)
})

test('an unknown field is dropped with a warning, and refused under strict validation', async () => {
  await using cluster = await startCluster()
  const wrong = deployment('api', {replica: 3})
  const strict = await cluster.call('POST', `${DEPLOYMENTS}?fieldValidation=Strict`, wrong)
  expect(strict).toMatchObject({
    status: 400,
    body: {message: expect.stringContaining('strict decoding error: unknown field "spec.replica"')},
  })
  const lax = await cluster.call('POST', DEPLOYMENTS, wrong)
  expect(lax.headers.get('warning')).toBe('299 - "unknown field \\"spec.replica\\""')
  expect(lax.body.spec.replica).toBeUndefined()
})

test('a value of the wrong type is refused', async () => {
  await using cluster = await startCluster()
  const {status, body} = await cluster.call('POST', DEPLOYMENTS, deployment('api', {replicas: '3'}))
  expect(status).toBe(400)
  expect(body.message).toContain('cannot unmarshal string into Go struct field Deployment.spec.replicas of type int32')
})

test('the four kinds of patch do what their type says', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', DEPLOYMENTS, deployment('api'))
  const patch = async (type: string, body: Json) =>
    (await cluster.call('PATCH', `${DEPLOYMENTS}/api`, body, {'content-type': `application/${type}`})).body
  const strategic = await patch('strategic-merge-patch+json', {
    spec: {template: {spec: {containers: [{name: 'proxy', image: 'proxy:1'}]}}},
  })
  expect(strategic.spec.template.spec.containers.map((each: Json) => each.name)).toEqual(['api', 'proxy'])
  const merge = await patch('merge-patch+json', {metadata: {annotations: {a: 'b'}}, spec: {replicas: 4}})
  expect([merge.spec.replicas, merge.metadata.annotations, merge.metadata.generation]).toEqual([4, {a: 'b'}, 3])
  const json = await patch('json-patch+json', [{op: 'replace', path: '/spec/replicas', value: 5}])
  expect(json.spec.replicas).toBe(5)
  const apply = await cluster.apply(`${DEPLOYMENTS}/api`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {labels: {x: 'y'}},
  })
  expect(apply.body.metadata.labels).toEqual({x: 'y'})
  const other = await cluster.call('PATCH', `${DEPLOYMENTS}/api`, {}, {'content-type': 'text/plain'})
  expect(other).toMatchObject({status: 415, body: {reason: 'UnsupportedMediaType'}})
})

test('the status subresource changes the status alone, and the object itself leaves it alone', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', DEPLOYMENTS, {...deployment('api'), status: {replicas: 9}})
  expect(cluster.store.get('apps/deployments', 'default', 'api')?.status).toBeUndefined()
  const body = {...deployment('api', {replicas: 7}), status: {replicas: 1}}
  const {body: written} = await cluster.call('PUT', `${DEPLOYMENTS}/api/status`, body)
  expect([written.spec.replicas, written.status]).toEqual([1, {replicas: 1}])
})

test('a deployment is scaled by its scale subresource', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', DEPLOYMENTS, deployment('api'))
  const merge = {'content-type': 'application/merge-patch+json'}
  const {body} = await cluster.call('PATCH', `${DEPLOYMENTS}/api/scale`, {spec: {replicas: 3}}, merge)
  expect(body).toMatchObject({kind: 'Scale', spec: {replicas: 3}, status: {selector: 'app=api'}})
  expect(cluster.store.get('apps/deployments', 'default', 'api')?.spec.replicas).toBe(3)
})

test('lists are selected by labels and fields and come in pages', async () => {
  await using cluster = await startCluster()
  for (const name of ['a', 'b', 'c']) await cluster.call('POST', PODS, pod(name))
  const names = async (query: string) =>
    (await cluster.call('GET', `${PODS}?${query}`)).body.items.map((each: Json) => each.metadata.name)
  expect(await names('labelSelector=app%20in%20(a,c)')).toEqual(['a', 'c'])
  expect(await names('labelSelector=app!=a')).toEqual(['b', 'c'])
  expect(await names('labelSelector=!app')).toEqual([])
  expect(await names('fieldSelector=metadata.name=b,status.phase=Pending')).toEqual(['b'])
  const unknown = await cluster.call('GET', `${PODS}?fieldSelector=spec.colour=red`)
  expect(unknown).toMatchObject({status: 400, body: {message: 'field label not supported: spec.colour'}})
  const {body: first} = await cluster.call('GET', `${PODS}?limit=2`)
  expect([first.items.length, first.metadata.remainingItemCount]).toEqual([2, 1])
  expect(await names(`limit=2&continue=${first.metadata.continue}`)).toEqual(['c'])
})

test('deleting a collection takes what is selected', async () => {
  await using cluster = await startCluster()
  for (const name of ['a', 'b']) await cluster.call('POST', PODS, pod(name))
  await cluster.call('DELETE', `${PODS}?labelSelector=app=a`)
  expect(cluster.store.list('pods').map(({metadata}) => metadata.name)).toEqual(['b'])
})

test('a pod deleted by name is answered as it was last, anything else by a Status', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', PODS, pod('a'))
  await cluster.call('POST', CONFIG_MAPS, configMap('a'))
  expect((await cluster.call('DELETE', `${PODS}/a`)).body.kind).toBe('Pod')
  expect((await cluster.call('DELETE', `${CONFIG_MAPS}/a`)).body).toMatchObject({kind: 'Status', status: 'Success'})
})

test('an eviction that a disruption budget forbids is 429, and one it allows spends it', async () => {
  await using cluster = await startCluster()
  const {store} = cluster
  const ready = {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]}
  for (const name of ['a', 'b']) {
    const labels = {app: 'api'}
    store.create('pods', {...pod(name), metadata: {name, namespace: 'default', labels}, status: ready})
  }
  store.create('policy/poddisruptionbudgets', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {name: 'api', namespace: 'default'},
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: 'api'}}},
    status: {disruptionsAllowed: 1},
  })
  expect((await cluster.call('POST', `${PODS}/a/eviction`, {})).status).toBe(201)
  const second = await cluster.call('POST', `${PODS}/b/eviction`, {})
  expect(second).toMatchObject({
    status: 429,
    body: {reason: 'TooManyRequests', details: {causes: [{reason: 'DisruptionBudget'}]}},
  })
})

test('a service gets an address of its own and keeps it', async () => {
  await using cluster = await startCluster()
  const path = '/api/v1/namespaces/default/services'
  const service = {metadata: {name: 'api'}, spec: {selector: {app: 'api'}, ports: [{port: 80}]}}
  const {body} = await cluster.call('POST', path, service)
  expect(body.spec).toMatchObject({type: 'ClusterIP', ports: [{port: 80, targetPort: 80, protocol: 'TCP'}]})
  expect(body.spec.clusterIP).toMatch(/^34\.118\./)
  const {body: replaced} = await cluster.call('PUT', `${path}/api`, service)
  expect(replaced.spec.clusterIP).toBe(body.spec.clusterIP)
  const moved = {...service, spec: {...service.spec, clusterIP: '34.118.224.9'}}
  expect((await cluster.call('PUT', `${path}/api`, moved)).status).toBe(422)
})

test("a job's template carries labels of its own", async () => {
  await using cluster = await startCluster()
  const template = {spec: {restartPolicy: 'Never', containers: [container()]}}
  const {body} = await cluster.call('POST', '/apis/batch/v1/namespaces/default/jobs', {
    metadata: {name: 'migrate'},
    spec: {template},
  })
  const uid = body.metadata.uid
  expect(body.spec.selector).toEqual({matchLabels: {'batch.kubernetes.io/controller-uid': uid}})
  expect(body.spec.template.metadata.labels).toMatchObject({'job-name': 'migrate', 'controller-uid': uid})
})

test('an autoscaler is the same object in both versions', async () => {
  await using cluster = await startCluster()
  const spec = {
    scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name: 'api'},
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 70,
  }
  const path = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
  const {body} = await cluster.call('POST', path('v1'), {metadata: {name: 'api'}, spec})
  expect(body).toMatchObject({apiVersion: 'autoscaling/v1', spec: {minReplicas: 1, targetCPUUtilizationPercentage: 70}})
  const {body: second} = await cluster.call('GET', `${path('v2')}/api`)
  expect(second.spec.metrics[0].resource.target).toEqual({type: 'Utilization', averageUtilization: 70})
})

test('every namespace has a service account of its own', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', '/api/v1/namespaces', {metadata: {name: 'shop'}})
  const {body} = await cluster.call('GET', '/api/v1/serviceaccounts')
  expect(body.items.map((each: Json) => each.metadata.namespace)).toContain('shop')
})

test('a table has a cell per column and a row per object', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', DEPLOYMENTS, deployment('api', {replicas: 3}))
  cluster.store.updateStatus('apps/deployments', 'default', 'api', {
    readyReplicas: 2,
    updatedReplicas: 3,
    availableReplicas: 2,
  })
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
  const {body} = await cluster.call('GET', DEPLOYMENTS, undefined, {accept})
  expect(body.columnDefinitions.map((each: Json) => each.name).slice(0, 5)).toEqual([
    'Name',
    'Ready',
    'Up-to-date',
    'Available',
    'Age',
  ])
  expect(body.rows[0].cells.slice(0, 5)).toEqual(['api', '2/3', 3, 2, '0s'])
  expect(body.rows[0].object.kind).toBe('PartialObjectMetadata')
})

test("a pod's log is streamed while it is followed, and its options reach the kubelet", async () => {
  const asked: Json[] = []
  await using cluster = await startCluster({
    podLogs: async function* (_pod, name, {signal: _, ...options}) {
      asked.push({name, ...options})
      yield 'one\n'
      yield 'two\n'
    },
  })
  await cluster.call('POST', PODS, pod('p'))
  const {body} = await cluster.call('GET', `${PODS}/p/log?follow=true&tailLines=5&sinceSeconds=65&timestamps=true`)
  expect(body).toBe('one\ntwo\n')
  expect(asked).toEqual([
    {
      name: 'api',
      follow: true,
      tailLines: 5,
      timestamps: true,
      previous: false,
      limitBytes: undefined,
      since: new Date('2026-01-02T03:03:00Z'),
    },
  ])
  expect((await cluster.call('GET', `${PODS}/p/log?container=x`)).body.message).toBe(
    'container x is not valid for pod p',
  )
})

test('a service proxy forwards to where the service really listens', async () => {
  await using other = await startCluster()
  await using cluster = await startCluster({
    proxy: ({name, port}) => (name === 'api' && port === 'http' ? other.url : undefined),
  })
  const path = '/api/v1/namespaces/default/services'
  for (const name of ['api', 'down']) await cluster.call('POST', path, {metadata: {name}, spec: {ports: [{port: 80}]}})
  expect((await cluster.call('GET', `${path}/api:http/proxy/readyz?x=1`)).body).toBe('ok')
  const down = await cluster.call('GET', `${path}/down:http/proxy/`)
  expect(down).toMatchObject({status: 503, body: {message: 'no endpoints available for service "down:http"'}})
})
