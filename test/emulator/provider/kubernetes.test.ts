import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Props} from '../../../src/emulator/contract.ts'
import {createKubernetesProvider} from '../../../src/emulator/provider/kubernetes/provider.ts'
import {loadSchemas} from '../../../src/emulator/provider/schemas.ts'
import {InitFailed, type Operation, type Session} from '../../../src/emulator/provider/session.ts'
import {UNKNOWN} from '../../../src/emulator/provider/values.ts'
import {openCluster} from './cluster.ts'
import {engine} from './world.ts'

const CONFIG_MAP = 'kubernetes:core/v1:ConfigMap'
const NAMESPACE = 'kubernetes:core/v1:Namespace'
const SERVICE = 'kubernetes:core/v1:Service'
const DEPLOYMENT = 'kubernetes:apps/v1:Deployment'
const JOB = 'kubernetes:batch/v1:Job'
const PROVIDER = createKubernetesProvider(loadSchemas().kubernetes)

let cluster: Awaited<ReturnType<typeof openCluster>>
let session: Session
let it: ReturnType<typeof engine>
beforeEach(async () => {
  cluster = await openCluster()
  session = PROVIDER.connect()
  await session.configure({kubeconfig: cluster.kubeconfig})
  it = engine(session)
})
afterEach(() => cluster.close())

const configMap = (metadata: object, data: object = {a: '1'}): Props => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata,
  data,
})

const deployment = (annotations: object, more: object = {}): Props => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name: 'web', annotations},
  spec: {
    replicas: 2,
    selector: {matchLabels: {app: 'web'}},
    template: {
      metadata: {labels: {app: 'web'}},
      spec: {containers: [{name: 'web', image: 'web:1'}]},
    },
    ...more,
  },
})
const WEB = '/apis/apps/v1/namespaces/default/deployments/web'
const AVAILABLE = {
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
  conditions: [{type: 'Available', status: 'True'}],
}

/** An operation whose messages are collected; `heard` resolves with the first that contains the text. */
function told(token: string, inputs: Props, signal = new AbortController().signal) {
  const waiting: {text: string; done: () => void}[] = []
  const said: string[] = []
  const operation: Operation & {inputs: Props} = {
    token,
    name: 'it',
    urn: 'urn',
    preview: false,
    signal,
    inputs,
    say: (message) => {
      said.push(message)
      for (const {text, done} of waiting) if (message.includes(text)) done()
    },
  }
  const heard = (text: string) =>
    new Promise<void>((done) => {
      if (said.some((message) => message.includes(text))) done()
      waiting.push({text, done})
    })
  return {operation, heard}
}

/** Kept from being an unhandled rejection until it is looked at. */
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => error,
  )

test('what has no name gets one and a mark that says so, and keeps it; what has no namespace gets the default one', async () => {
  const {inputs} = await it.check(CONFIG_MAP, configMap({}))
  expect(inputs.metadata).toEqual({
    name: 'it-01234567',
    namespace: 'default',
    annotations: {'pulumi.com/autonamed': 'true'},
  })
  const olds = {...inputs, metadata: {...(inputs.metadata as object), name: 'it-old'}}
  expect((await it.check(CONFIG_MAP, configMap({}), olds)).inputs.metadata).toMatchObject({name: 'it-old'})
})

test("the outputs are the live object, without the server's notes on who owns which field", async () => {
  const {id, outputs} = await it.create(CONFIG_MAP, configMap({name: 'c'}))
  expect(id).toBe('default/c')
  expect(outputs).toMatchObject({
    data: {a: '1'},
    metadata: {name: 'c', namespace: 'default', uid: expect.any(String)},
    __fieldManager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/),
  })
  expect(outputs.metadata).not.toHaveProperty('managedFields')
})

test('what exists already is not taken over unless the provider is told to', async () => {
  await it.create(CONFIG_MAP, configMap({name: 'c'}))
  await expect(it.create(CONFIG_MAP, configMap({name: 'c'}))).rejects.toThrow('configmaps "c" already exists')
  await session.configure({kubeconfig: cluster.kubeconfig, upsertExistingObjects: 'true'})
  const manager = {'pulumi.com/patchForce': 'true'}
  const taken = await it.create(CONFIG_MAP, configMap({name: 'c', annotations: manager}, {a: '2'}))
  expect(taken.outputs).toMatchObject({data: {a: '2'}})
})

test("a field that somebody else owns is a conflict, unless the object's annotation says to win", async () => {
  const made = await it.create(SERVICE, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name: 's', annotations: {'pulumi.com/skipAwait': 'true'}},
    spec: {selector: {app: 'a'}, ports: [{port: 80}]},
  })
  const path = '/api/v1/namespaces/default/services/s'
  const live = await cluster.request('GET', path)
  await cluster.request('PUT', path, {...live, spec: {...(live.spec as object), selector: {app: 'other'}}})
  const next = (annotations: object) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name: 's', annotations: {'pulumi.com/skipAwait': 'true', ...annotations}},
    spec: {selector: {app: 'mine'}, ports: [{port: 80}]},
  })
  await expect(it.update(SERVICE, made, next({}))).rejects.toThrow('Server-Side Apply field conflict detected')
  const won = await it.update(SERVICE, made, next({'pulumi.com/patchForce': 'true'}))
  expect(won).toMatchObject({spec: {selector: {app: 'mine'}}})
})

test('a field that is no longer given is taken away, one that another wrote stays', async () => {
  const made = await it.create(CONFIG_MAP, configMap({name: 'c'}, {a: '1', b: '2'}))
  const path = '/api/v1/namespaces/default/configmaps/c'
  const live = await cluster.request('GET', path)
  await cluster.request('PUT', path, {...live, data: {...(live.data as object), theirs: '3'}})
  expect((await it.update(CONFIG_MAP, made, configMap({name: 'c'}, {a: '1'}))).data).toEqual({a: '1', theirs: '3'})
})

const state = async (token: string, inputs: Props) => {
  const checked = (await it.check(token, inputs)).inputs
  return {id: 'default/x', inputs: checked, outputs: checked}
}

test.each([
  ['the data of a ConfigMap', CONFIG_MAP, configMap({name: 'c'}), configMap({name: 'c'}, {a: '2'}), true, true],
  ['the data of a ConfigMap without a name', CONFIG_MAP, configMap({}), configMap({}, {a: '2'}), true, false],
  [
    'a label of a ConfigMap',
    CONFIG_MAP,
    configMap({name: 'c'}),
    configMap({name: 'c', labels: {a: 'b'}}),
    false,
    false,
  ],
  ['a name', CONFIG_MAP, configMap({name: 'c'}), configMap({name: 'd'}), true, false],
  ['a namespace', CONFIG_MAP, configMap({name: 'c'}), configMap({name: 'c', namespace: 'n'}), true, false],
  [
    'the selector of a Deployment',
    DEPLOYMENT,
    deployment({}),
    deployment({}, {selector: {matchLabels: {app: 'web', more: 'x'}}}),
    true,
    true,
  ],
  ['the replicas of a Deployment', DEPLOYMENT, deployment({}), deployment({}, {replicas: 3}), false, false],
])('%s changes', async (_, token, before, after, replaces, deleteBeforeReplace) => {
  const {told: changes, ...decided} = await it.diff(token, await state(token, before), after)
  expect(changes.some((change) => change.endsWith('replaces'))).toBe(replaces)
  expect(changes.length).toBeGreaterThan(0)
  expect(decided.deleteBeforeReplace).toBe(deleteBeforeReplace)
})

test('a Deployment is waited for until every pod of the new version is available, and its progress is told', async () => {
  const {operation, heard} = told(DEPLOYMENT, (await it.check(DEPLOYMENT, deployment({}))).inputs)
  const created = session.create(operation)
  await heard('waiting for the rollout to begin')
  await cluster.setStatus(WEB, {replicas: 2, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1})
  await heard('1 of 2 pods updated')
  await cluster.setStatus(WEB, {...AVAILABLE, replicas: 3})
  await heard('1 old pods still to end')
  await cluster.setStatus(WEB, AVAILABLE)
  expect((await created).outputs).toMatchObject({status: {availableReplicas: 2}})
})

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name: 'web-1', namespace: 'default', labels: {app: 'web'}},
  spec: {containers: [{name: 'web', image: 'web:1'}]},
}

test("a Deployment without progress fails with the pods' reasons, and the engine is told that it exists", async () => {
  const {operation, heard} = told(DEPLOYMENT, (await it.check(DEPLOYMENT, deployment({}))).inputs)
  const created = outcomeOf(session.create(operation))
  await heard('waiting for the rollout to begin')
  await cluster.request('POST', '/api/v1/namespaces/default/pods', POD)
  const waiting = {reason: 'ImagePullBackOff', message: 'Back-off pulling image "web:1"'}
  await cluster.setStatus('/api/v1/namespaces/default/pods/web-1', {
    containerStatuses: [{name: 'web', ready: false, restartCount: 0, image: '', imageID: '', state: {waiting}}],
  })
  const progressing = {type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out'}
  await cluster.setStatus(WEB, {conditions: [progressing]})
  const failure = await created
  expect(failure).toBeInstanceOf(InitFailed)
  expect(failure).toMatchObject({
    id: 'default/web',
    reasons: [
      'the rollout of web made no progress (ProgressDeadlineExceeded: timed out)',
      'container web: ImagePullBackOff: Back-off pulling image "web:1"',
    ],
    outputs: {metadata: {name: 'web'}, __fieldManager: expect.any(String)},
  })
})

test('waiting ends after the time the object allows', async () => {
  const inputs = deployment({'pulumi.com/timeoutSeconds': '0.05'})
  await expect(it.create(DEPLOYMENT, inputs)).rejects.toThrow('web was not ready within 0.05 s')
})

test('waiting ends at once when the engine cancels', async () => {
  const cancel = new AbortController()
  const {operation, heard} = told(DEPLOYMENT, (await it.check(DEPLOYMENT, deployment({}))).inputs, cancel.signal)
  const created = outcomeOf(session.create(operation))
  await heard('waiting')
  cancel.abort(new Error('The engine cancelled the operation.'))
  expect(await created).toMatchObject({message: 'The engine cancelled the operation.'})
})

test('what says skipAwait is not waited for', async () => {
  const {outputs} = await it.create(DEPLOYMENT, deployment({'pulumi.com/skipAwait': 'true'}))
  expect(outputs).toMatchObject({metadata: {name: 'web'}})
})

const job: Props = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {name: 'once'},
  spec: {template: {spec: {restartPolicy: 'Never', containers: [{name: 'once', image: 'once:1'}]}}},
}

test.each([
  ['Complete', 'done'],
  ['Failed', {message: 'once failed (BackoffLimitExceeded: too often)'}],
])('a Job is waited for until it is %s', async (type, outcome) => {
  const {operation, heard} = told(JOB, (await it.check(JOB, job)).inputs)
  const created = outcomeOf(session.create(operation))
  await heard('0 of 1 completed')
  await cluster.setStatus('/apis/batch/v1/namespaces/default/jobs/once', {
    startTime: '2026-01-01T00:00:00Z',
    completionTime: '2026-01-01T00:00:01Z',
    conditions: [{type, status: 'True', reason: 'BackoffLimitExceeded', message: 'too often'}],
  })
  expect([await created]).toMatchObject([outcome])
})

test('a Service with a selector is waited for until it has an endpoint', async () => {
  const inputs = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name: 's'},
    spec: {selector: {app: 'a'}, ports: [{port: 80}]},
  }
  const {operation, heard} = told(SERVICE, (await it.check(SERVICE, inputs)).inputs)
  const created = session.create(operation)
  await heard('waiting for endpoints')
  await cluster.request('POST', '/api/v1/namespaces/default/endpoints', {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {name: 's', namespace: 'default'},
    subsets: [{addresses: [{ip: '127.0.0.1'}], ports: [{port: 80}]}],
  })
  expect((await created).id).toBe('default/s')
})

test('deleting waits until the object is gone, finalizers included', async () => {
  const made = await it.create(CONFIG_MAP, configMap({name: 'c', finalizers: ['example.com/wait']}))
  const path = '/api/v1/namespaces/default/configmaps/c'
  let gone = false
  const deleted = it.delete(CONFIG_MAP, made.id, made.outputs).then(() => {
    gone = true
  })
  await expect.poll(async () => (await cluster.request('GET', path)).metadata).toHaveProperty('deletionTimestamp')
  expect(gone).toBe(false)
  const live = await cluster.request('GET', path)
  await cluster.request('PUT', path, {...live, metadata: {...live.metadata, finalizers: []}})
  await deleted
  await it.delete(CONFIG_MAP, made.id, made.outputs)
})

test('a refresh sees what changed in what was asked for, and what is gone', async () => {
  const made = await it.create(CONFIG_MAP, configMap({name: 'c'}))
  const path = '/api/v1/namespaces/default/configmaps/c'
  const live = await cluster.request('GET', path)
  expect((await it.read(CONFIG_MAP, made.id, made.outputs, made.inputs))?.inputs).toEqual(made.inputs)
  await cluster.request('PUT', path, {...live, data: {a: 'drifted', b: 'new'}})
  const found = await it.read(CONFIG_MAP, made.id, made.outputs, made.inputs)
  expect(found?.inputs).toMatchObject({data: {a: 'drifted'}})
  await cluster.request('DELETE', path)
  expect(await it.read(CONFIG_MAP, made.id, made.outputs, made.inputs)).toBeUndefined()
})

test('a preview asks the API server, makes nothing, and leaves the status unknown', async () => {
  const {outputs} = await it.preview(DEPLOYMENT, deployment({}))
  expect(outputs).toMatchObject({metadata: {name: 'web'}, status: UNKNOWN})
  await expect(cluster.request('GET', WEB)).rejects.toThrow('not found')
  const wrong = deployment({}, {selector: {matchLabels: {app: 'other'}}})
  await expect(it.preview(DEPLOYMENT, wrong)).rejects.toThrow(/selector/)
})

test('a preview in a namespace that does not exist yet goes on', async () => {
  const {outputs} = await it.preview(CONFIG_MAP, configMap({name: 'c', namespace: 'later'}))
  expect(outputs).toMatchObject({metadata: {namespace: 'later'}})
})

test.each([
  ['is not known yet', UNKNOWN, 'its kubeconfig is not known yet'],
  ['leads nowhere', '{"clusters":[{"cluster":{"server":"http://127.0.0.1:1"}}]}', 'http://127.0.0.1:1 is unreachable'],
  ['is no kubeconfig', '{}', 'the kubeconfig names no server'],
])('when the cluster %s a preview goes on and a deployment fails at once', async (_, kubeconfig, reason) => {
  const blind = PROVIDER.connect()
  await blind.configure({kubeconfig})
  const other = engine(blind)
  expect(
    (await other.preview(NAMESPACE, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'n'}})).outputs,
  ).toMatchObject({
    metadata: {name: 'n'},
  })
  await expect(other.create(NAMESPACE, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'n'}})).rejects.toThrow(
    reason,
  )
})

test.each([
  [
    'the identifier',
    {clusterIdentifier: 'a', kubeconfig: '1'},
    {clusterIdentifier: 'b', kubeconfig: '1'},
    ['clusterIdentifier'],
  ],
  [
    'the kubeconfig beside an identifier',
    {clusterIdentifier: 'a', kubeconfig: '1'},
    {clusterIdentifier: 'a', kubeconfig: '2'},
    [],
  ],
  ['the kubeconfig alone', {kubeconfig: '1'}, {kubeconfig: '2'}, ['kubeconfig']],
])('%s decides whether it is another cluster', (_, olds, news, replaces) => {
  expect(session.diffConfig(olds, news)).toEqual(replaces)
})
