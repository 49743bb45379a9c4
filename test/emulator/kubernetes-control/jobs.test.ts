import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Json, ObjectStore} from '../../../src/emulator/kubernetes/api/store.ts'
import {conditionOf, isTrue} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {jobs} from '../../../src/emulator/kubernetes/control/workloads/jobs.ts'
import {openStage, type Stage, template} from './plane.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
  stage.run(jobs(stage))
})
afterEach(() => stage.close())

const create = (spec: Json = {}) =>
  stage.store.create('batch/jobs', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {name: 'migrate', namespace: 'shop'},
    spec: {template: template({job: 'migrate'}, 'app:1', {restartPolicy: 'Never'}), ...spec},
  })
const job = (store: ObjectStore) => store.get('batch/jobs', 'shop', 'migrate')!

test('a job is complete when enough of its pods succeeded', async () => {
  stage.playKubelet(() => 'succeeded')
  create({completions: 3, parallelism: 2})
  await stage.until((store) => isTrue(job(store), 'Complete'))
  expect(job(stage.store).status).toMatchObject({
    succeeded: 3,
    failed: 0,
    active: 0,
    completionTime: expect.any(String),
  })
})

test('a job has failed when more pods failed than its limit', async () => {
  stage.playKubelet(() => 'failed')
  create({backoffLimit: 0})
  await stage.until((store) => isTrue(job(store), 'Failed'))
  expect(conditionOf(job(stage.store), 'Failed')?.reason).toBe('BackoffLimitExceeded')
  expect(job(stage.store).status).toMatchObject({failed: 1, succeeded: 0})
})

test('a job waits before it replaces a failed pod', async () => {
  stage.playKubelet(() => 'failed')
  create({backoffLimit: 3})
  await stage.until((store) => job(store).status?.failed === 1)
  expect(stage.store.list('pods')).toHaveLength(1)
  expect(isTrue(job(stage.store), 'Failed')).toBe(false)
})

test('a job over its deadline fails and its pods are ended', async () => {
  stage.playKubelet()
  create({activeDeadlineSeconds: 1})
  await stage.until((store) => isTrue(job(store), 'Failed'))
  expect(conditionOf(job(stage.store), 'Failed')?.reason).toBe('DeadlineExceeded')
  await stage.until((store) => store.list('pods').length === 0)
})

test('a finished job is deleted after its time to live', async () => {
  stage.playKubelet(() => 'succeeded')
  create({ttlSecondsAfterFinished: 1})
  await stage.until((store) => isTrue(job(store), 'Complete'))
  await stage.until((store) => store.list('batch/jobs').length === 0 && store.list('pods').length === 0)
})

test('a suspended job has no pods', async () => {
  stage.playKubelet()
  create({suspend: true})
  await stage.until((store) => isTrue(job(store), 'Suspended'))
  expect(stage.store.list('pods')).toHaveLength(0)
})

test('a job whose pods its namespace refuses says so, and has none', async () => {
  const {store} = stage
  const shop = store.get('namespaces', undefined, 'shop')!
  const labels = {'pod-security.kubernetes.io/enforce': 'restricted'}
  store.update('namespaces', {...shop, metadata: {...shop.metadata, labels}})
  create()
  const told = await stage.until(() => store.list('events').find(({reason}) => reason === 'FailedCreate'))
  expect(told.message).toMatch(/^Error creating: pods "migrate-\w+" is forbidden: violates PodSecurity/)
  expect(store.list('pods')).toEqual([])
})
