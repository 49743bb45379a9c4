import {appendFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {KubeObject} from '../../../src/emulator/kubernetes/api/objects.ts'
import {openStore} from '../../../src/emulator/kubernetes/api/open-store.ts'
import type {ObjectStore} from '../../../src/emulator/kubernetes/api/store.ts'
import {configMap, deployment, folder, now, pod} from './cluster.ts'

const open = (dir: string) => openStore({dir, now})

function recorded(store: ObjectStore): string[] {
  const seen: string[] = []
  store.watch('*', ({type, object}) => seen.push(`${type} ${object.kind} ${object.metadata.name}`))
  return seen
}

const owned = (object: KubeObject, owner: KubeObject): KubeObject => {
  const {apiVersion, kind, metadata} = owner
  const reference = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid!,
    controller: true,
    blockOwnerDeletion: true,
  }
  return {...object, metadata: {...object.metadata, ownerReferences: [reference]}}
}

/** A deployment, its replica set and its pod on a node. */
function workload(store: ObjectStore) {
  const top = store.create('apps/deployments', deployment('api'))
  const middle = store.create('apps/replicasets', owned({...deployment('api-1'), kind: 'ReplicaSet'}, top))
  const spec = {...pod('x').spec, nodeName: 'node-1'}
  store.create('pods', owned({...pod('api-1-x'), spec, status: {phase: 'Running'}}, middle))
}

test('what was flushed is there after a restart, with the same uid and version', async () => {
  using place = folder()
  const first = await open(place.path)
  const created = first.create('configmaps', configMap('a', {k: 'v'}))
  first.updateStatus('configmaps', 'default', 'a', {seen: true})
  const last = first.get('configmaps', 'default', 'a')
  first.create('configmaps', configMap('gone'))
  first.remove('configmaps', 'default', 'gone')
  await first.close()
  const second = await open(place.path)
  expect(second.get('configmaps', 'default', 'a')).toEqual(last)
  expect(second.get('configmaps', 'default', 'a')?.metadata.uid).toBe(created.metadata.uid)
  expect(second.get('configmaps', 'default', 'gone')).toBeUndefined()
  await second.close()
})

test('a line cut short by a crash is forgotten and everything before it is kept', async () => {
  using place = folder()
  const first = await open(place.path)
  first.create('configmaps', configMap('a'))
  await first.close()
  appendFileSync(join(place.path, 'objects.ndjson'), '{"resource":"configmaps","key":"default/b","obj')
  const second = await open(place.path)
  expect(second.list('configmaps').map(({metadata}) => metadata.name)).toEqual(['a'])
  await second.close()
})

test('versions never repeat, even over a restart', async () => {
  using place = folder()
  const first = await open(place.path)
  first.create('configmaps', configMap('a'))
  const before = Number(first.resourceVersion)
  await first.close()
  const second = await open(place.path)
  expect(Number(second.create('configmaps', configMap('b')).metadata.resourceVersion)).toBeGreaterThan(before)
  await second.close()
})

test('what the store gives cannot be changed behind its back, and what it was given may be', async () => {
  using place = folder()
  const store = await open(place.path)
  const mine = configMap('a', {k: 'v'})
  const theirs = store.create('configmaps', mine)
  mine.data.k = 'changed'
  expect(store.get('configmaps', 'default', 'a')?.data).toEqual({k: 'v'})
  expect(() => {
    theirs.data.k = 'changed'
  }).toThrow(TypeError)
  await store.close()
})

test('an update of an older version is a conflict, one that changes nothing is none and tells nobody', async () => {
  using place = folder()
  const store = await open(place.path)
  const first = store.create('apps/deployments', deployment('api'))
  const seen = recorded(store)
  const second = store.update('apps/deployments', {...first, spec: {...first.spec, replicas: 2}})
  expect(second.metadata.generation).toBe(2)
  expect(() => store.update('apps/deployments', {...first, spec: {}})).toThrow('the object has been modified')
  expect(store.update('apps/deployments', second)).toBe(second)
  store.updateStatus('apps/deployments', 'default', 'api', {replicas: 2})
  store.updateStatus('apps/deployments', 'default', 'api', (current: KubeObject) => ({...current.status}))
  expect(store.get('apps/deployments', 'default', 'api')?.metadata.generation).toBe(2)
  expect(seen).toEqual(['MODIFIED Deployment api', 'MODIFIED Deployment api'])
  await store.close()
})

test('watchers that change the store hear of everything in one order', async () => {
  using place = folder()
  const store = await open(place.path)
  store.watch('configmaps', ({type, object}) => {
    if (type === 'ADDED') store.update('configmaps', {...object, data: {touched: 'yes'}})
  })
  const seen = recorded(store)
  store.create('configmaps', configMap('a'))
  store.create('configmaps', configMap('b'))
  expect(seen).toEqual(['ADDED ConfigMap a', 'MODIFIED ConfigMap a', 'ADDED ConfigMap b', 'MODIFIED ConfigMap b'])
  await store.close()
})

test('a running pod gets its grace, a second delete may shorten it, and the kubelet ends it', async () => {
  using place = folder()
  const store = await open(place.path)
  const spec = {...pod('a').spec, nodeName: 'node-1', terminationGracePeriodSeconds: 60}
  for (const name of ['a', 'b']) store.create('pods', {...pod(name), spec, status: {phase: 'Running'}})
  const marked = store.delete('pods', 'default', 'a')
  expect(marked.metadata).toMatchObject({deletionTimestamp: '2026-01-02T03:05:05Z', deletionGracePeriodSeconds: 60})
  expect(store.delete('pods', 'default', 'a', {gracePeriodSeconds: 5}).metadata.deletionGracePeriodSeconds).toBe(5)
  expect(store.delete('pods', 'default', 'a').metadata.deletionGracePeriodSeconds).toBe(5)
  store.remove('pods', 'default', 'a')
  expect(store.get('pods', 'default', 'a')).toBeUndefined()
  store.delete('pods', 'default', 'b')
  store.delete('pods', 'default', 'b', {gracePeriodSeconds: 0})
  expect(store.get('pods', 'default', 'b')).toBeUndefined()
  await store.close()
})

test('a pod without a node, or one that has ended, goes at once', async () => {
  using place = folder()
  const store = await open(place.path)
  store.create('pods', pod('pending'))
  store.create('pods', {...pod('done'), spec: {...pod('x').spec, nodeName: 'n'}, status: {phase: 'Succeeded'}})
  for (const name of ['pending', 'done']) store.delete('pods', 'default', name)
  expect(store.list('pods')).toEqual([])
  await store.close()
})

test('an object with finalizers stays until the last one is cleared', async () => {
  using place = folder()
  const store = await open(place.path)
  const held = configMap('a', {}, {metadata: {name: 'a', namespace: 'default', finalizers: ['x/y']}})
  store.create('configmaps', held)
  const marked = store.delete('configmaps', 'default', 'a')
  expect(marked.metadata.deletionTimestamp).toBeDefined()
  const {finalizers: _, ...metadata} = marked.metadata
  store.update('configmaps', {...marked, metadata})
  expect(store.get('configmaps', 'default', 'a')).toBeUndefined()
  await store.close()
})

test('in the background what is owned follows its owner, in the foreground it goes first, and an orphan stays', async () => {
  using place = folder()
  const store = await open(place.path)
  workload(store)
  store.delete('apps/deployments', 'default', 'api')
  expect(store.list('apps/replicasets')).toEqual([])
  store.remove('pods', 'default', 'api-1-x')

  workload(store)
  const seen = recorded(store)
  store.delete('apps/deployments', 'default', 'api', {propagationPolicy: 'Foreground'})
  expect(store.get('apps/deployments', 'default', 'api')?.metadata.finalizers).toEqual(['foregroundDeletion'])
  store.remove('pods', 'default', 'api-1-x')
  expect(seen.slice(-3)).toEqual(['DELETED Pod api-1-x', 'DELETED ReplicaSet api-1', 'DELETED Deployment api'])

  workload(store)
  store.delete('apps/deployments', 'default', 'api', {propagationPolicy: 'Orphan'})
  expect(store.get('apps/replicasets', 'default', 'api-1')?.metadata.ownerReferences).toBeUndefined()
  await store.close()
})

test('a deletion that a restart interrupted is finished', async () => {
  using place = folder()
  const first = await open(place.path)
  workload(first)
  first.delete('apps/deployments', 'default', 'api', {propagationPolicy: 'Foreground'})
  await first.close()
  const second = await open(place.path)
  second.remove('pods', 'default', 'api-1-x')
  expect(second.list('apps/deployments')).toEqual([])
  await second.close()
})

test('a namespace takes its contents with it, waits for its pods and takes nothing new meanwhile', async () => {
  using place = folder()
  const store = await open(place.path)
  store.create('namespaces', {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'default'}})
  store.create('configmaps', configMap('a'))
  store.create('pods', {...pod('p'), spec: {...pod('p').spec, nodeName: 'n'}, status: {phase: 'Running'}})
  const marked = store.delete('namespaces', undefined, 'default')
  expect(marked.status).toEqual({phase: 'Terminating'})
  expect(store.list('configmaps')).toEqual([])
  expect(() => store.create('configmaps', configMap('b'))).toThrow('because it is being terminated')
  store.remove('pods', 'default', 'p')
  expect(store.list('namespaces')).toEqual([])
  await store.close()
})

test('the journal is rewritten when it is mostly stale', async () => {
  using place = folder()
  const store = await open(place.path)
  store.create('configmaps', configMap('a'))
  for (let turn = 0; turn < 12; turn += 1) {
    store.update('configmaps', configMap('a', {k: String(turn).padEnd(1 << 20, '.')}))
    await store.flush()
  }
  expect(statSync(join(place.path, 'objects.ndjson')).size).toBeLessThan(7 << 20)
  await store.close()
})
