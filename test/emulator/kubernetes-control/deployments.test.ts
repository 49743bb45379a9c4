import {afterEach, beforeEach, expect, test} from 'vitest'
import type {KubeObject, ObjectStore} from '../../../src/emulator/kubernetes/api/store.ts'
import {conditionOf} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {isActive, isReady} from '../../../src/emulator/kubernetes/control/pods.ts'
import {deployments} from '../../../src/emulator/kubernetes/control/workloads/deployments.ts'
import {replicaSets} from '../../../src/emulator/kubernetes/control/workloads/replica-sets.ts'
import {deployment, openStage, type Stage, template} from './plane.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
  stage.run(deployments(stage))
  stage.run(replicaSets(stage))
})
afterEach(() => stage.close())

const api = (store: ObjectStore) => store.get('apps/deployments', 'shop', 'api')!
const sets = (store: ObjectStore) => store.list('apps/replicasets')
const revision = ({metadata}: KubeObject) => metadata.annotations?.['deployment.kubernetes.io/revision']
const progress = (store: ObjectStore) => conditionOf(api(store), 'Progressing')?.reason
const complete = (image: string) => (store: ObjectStore) =>
  progress(store) === 'NewReplicaSetAvailable' &&
  api(store).status.observedGeneration === api(store).metadata.generation &&
  store.list('pods').every((pod) => pod.spec.containers[0].image === image)

function change(spec: object) {
  const current = api(stage.store)
  stage.store.update('apps/deployments', {...current, spec: {...current.spec, ...spec}})
}

test('a deployment makes a replica set, which makes its pods', async () => {
  stage.playKubelet()
  stage.store.create('apps/deployments', deployment('api', 'app:1'))
  await stage.until(complete('app:1'))
  const [set] = sets(stage.store)
  expect(set?.spec.selector.matchLabels).toEqual({
    app: 'api',
    'pod-template-hash': set?.metadata.labels?.['pod-template-hash'],
  })
  const pods = stage.store.list('pods')
  expect(pods.map((pod) => pod.metadata.ownerReferences?.[0]?.uid)).toEqual(Array(3).fill(set?.metadata.uid))
  expect(api(stage.store).status).toMatchObject({
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    unavailableReplicas: 0,
  })
  expect(revision(api(stage.store))).toBe('1')
})

test('a new template rolls out within surge and unavailability, an undo brings the old replica set back', async () => {
  stage.playKubelet()
  stage.store.create(
    'apps/deployments',
    deployment('api', 'app:1', {strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}),
  )
  await stage.until(complete('app:1'))
  let [most, least] = [0, 3]
  stage.store.watch('*', () => {
    most = Math.max(
      most,
      sets(stage.store).reduce((sum, set) => sum + set.spec.replicas, 0),
    )
    least = Math.min(least, stage.store.list('pods').filter((pod) => isReady(pod) && isActive(pod)).length)
  })
  change({template: template({app: 'api'}, 'app:2')})
  await stage.until(complete('app:2'))
  expect([most, least]).toEqual([4, 3])
  const old = sets(stage.store).find((set) => set.spec.replicas === 0)!
  change({template: template({app: 'api'}, 'app:1')})
  await stage.until(complete('app:1'))
  const restored = stage.store.get('apps/replicasets', 'shop', old.metadata.name)!
  expect(restored.spec.replicas).toBe(3)
  expect(revision(restored)).toBe('3')
  expect(restored.metadata.annotations?.['deployment.kubernetes.io/revision-history']).toBe('1')
  expect(sets(stage.store)).toHaveLength(2)
})

test('a rollout without progress in its time says so, and the old pods stay', async () => {
  stage.playKubelet((pod) => (pod.spec.containers[0].image === 'app:1' ? 'ready' : 'unready'))
  const strategy = {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  stage.store.create('apps/deployments', deployment('api', 'app:1', {progressDeadlineSeconds: 1, strategy}))
  await stage.until(complete('app:1'))
  change({template: template({app: 'api'}, 'app:2')})
  await stage.until((store) => progress(store) === 'ProgressDeadlineExceeded')
  expect(conditionOf(api(stage.store), 'Progressing')?.status).toBe('False')
  expect(api(stage.store).status).toMatchObject({availableReplicas: 3, unavailableReplicas: 1, updatedReplicas: 1})
})

test('a paused rollout changes nothing but its size', async () => {
  stage.playKubelet()
  stage.store.create('apps/deployments', deployment('api', 'app:1'))
  await stage.until(complete('app:1'))
  change({paused: true, template: template({app: 'api'}, 'app:2'), replicas: 5})
  await stage.until((store) => api(store).status.availableReplicas === 5)
  expect(progress(stage.store)).toBe('DeploymentPaused')
  expect(sets(stage.store)).toHaveLength(1)
  change({paused: false})
  await stage.until(complete('app:2'))
})

test('recreate ends every old pod before it starts a new one', async () => {
  stage.playKubelet()
  stage.store.create('apps/deployments', deployment('api', 'app:1', {strategy: {type: 'Recreate'}}))
  await stage.until(complete('app:1'))
  const images = new Set<number>()
  stage.store.watch('pods', () =>
    images.add(new Set(stage.store.list('pods').map((pod) => pod.spec.containers[0].image)).size),
  )
  change({template: template({app: 'api'}, 'app:2')})
  await stage.until(complete('app:2'))
  expect(Math.max(...images)).toBe(1)
})

test('of old replica sets only the history limit is kept', async () => {
  stage.playKubelet()
  stage.store.create('apps/deployments', deployment('api', 'app:1', {replicas: 1, revisionHistoryLimit: 1}))
  await stage.until(complete('app:1'))
  for (const image of ['app:2', 'app:3', 'app:4']) {
    change({template: template({app: 'api'}, image)})
    await stage.until(complete(image))
  }
  await stage.until((store) => sets(store).length === 2)
  expect(sets(stage.store).map(revision).sort()).toEqual(['3', '4'])
})

test('a ready pod counts as available after minReadySeconds', async () => {
  stage.playKubelet()
  stage.store.create('apps/deployments', deployment('api', 'app:1', {replicas: 1, minReadySeconds: 1}))
  await stage.until((store) => api(store).status?.readyReplicas === 1)
  expect(api(stage.store).status.availableReplicas).toBe(0)
  await stage.until((store) => api(store).status?.availableReplicas === 1)
})

test('a pod that is gone is replaced', async () => {
  stage.playKubelet()
  stage.store.create('apps/deployments', deployment('api', 'app:1'))
  await stage.until(complete('app:1'))
  const [pod] = stage.store.list('pods')
  stage.store.delete('pods', 'shop', pod!.metadata.name)
  await stage.until(
    (store) => !store.get('pods', 'shop', pod!.metadata.name) && api(store).status.availableReplicas === 3,
  )
})

test('a deployment whose pods its namespace refuses says so, and has none', async () => {
  const {store} = stage
  const shop = store.get('namespaces', undefined, 'shop')!
  const labels = {'pod-security.kubernetes.io/enforce': 'restricted'}
  store.update('namespaces', {...shop, metadata: {...shop.metadata, labels}})
  store.create('apps/deployments', deployment('api', 'app:1'))
  const why = await stage.until(() => conditionOf(api(store), 'ReplicaFailure')?.message)
  expect(why).toMatch(/^pods "api-\w+-\w+" is forbidden: violates PodSecurity "restricted:latest": allowPrivilege/)
  const told = store.list('events').find(({reason}) => reason === 'FailedCreate')
  expect(told).toMatchObject({type: 'Warning', involvedObject: {kind: 'ReplicaSet'}})
  expect(told!.message).toMatch(/^Error creating: pods "api-\w+-\w+" is forbidden: /)
  expect(store.list('pods')).toEqual([])
})
