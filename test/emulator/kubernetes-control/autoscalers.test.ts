import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Json, KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {autoscalers} from '../../../src/emulator/kubernetes/control/autoscaling/autoscalers.ts'
import {createMetrics} from '../../../src/emulator/kubernetes/control/autoscaling/metrics.ts'
import {conditionOf} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {deployments} from '../../../src/emulator/kubernetes/control/workloads/deployments.ts'
import {replicaSets} from '../../../src/emulator/kubernetes/control/workloads/replica-sets.ts'
import {deployment, openStage, type Stage, template} from './plane.ts'

let stage: Stage
let cores: number | undefined
let backlog: number | undefined
beforeEach(async () => {
  ;[cores, backlog] = [undefined, undefined]
  stage = await openStage()
  stage.playKubelet()
  for (const controller of [deployments(stage), replicaSets(stage)]) stage.run(controller)
})
afterEach(() => stage.close())

const metrics = {
  cpu: () =>
    new Map(cores === undefined ? [] : stage.store.list('pods').map(({metadata}) => [metadata.uid!, cores!] as const)),
  async backlog() {
    if (backlog === undefined) throw new Error('connect ECONNREFUSED')
    return backlog
  },
}
const scaler = () => stage.store.get('autoscaling/horizontalpodautoscalers', 'shop', 'api') as KubeObject
const size = () => stage.store.get('apps/deployments', 'shop', 'api')?.spec.replicas
const request = template({app: 'api'}, 'app:1')
request.spec.containers[0].resources = {requests: {cpu: '100m'}}

async function scale(replicas: number, spec: Json = {}): Promise<void> {
  stage.store.create('apps/deployments', deployment('api', 'app:1', {replicas, template: request}))
  await stage.until((store) => store.get('apps/deployments', 'shop', 'api')?.status?.readyReplicas === replicas)
  stage.store.create('autoscaling/horizontalpodautoscalers', {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {name: 'api', namespace: 'shop'},
    spec: {
      scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name: 'api'},
      minReplicas: 2,
      maxReplicas: 6,
      metrics: [{type: 'Resource', resource: {name: 'cpu', target: {type: 'Utilization', averageUtilization: 50}}}],
      ...spec,
    },
  })
  stage.run(autoscalers(stage, metrics))
}

const external = {
  metric: {
    name: 'pubsub.googleapis.com|subscription|num_undelivered_messages',
    selector: {matchLabels: {'resource.labels.subscription_id': 'bookings'}},
  },
  target: {type: 'AverageValue', averageValue: '100'},
}

test('a deployment outside its bounds is put within them without any metric', async () => {
  await scale(1)
  await stage.until(() => size() === 2)
  expect(stage.store.list('events').map(({message}) => message)).toContain(
    'New size: 2; reason: Current number of replicas below Spec.MinReplicas',
  )
})

test('a deployment grows with the CPU its processes use, and says by how much', async () => {
  cores = 0.1
  await scale(2)
  await stage.until(() => size() === 4)
  expect(scaler().status).toMatchObject({
    desiredReplicas: 4,
    currentMetrics: [{resource: {current: {averageUtilization: 100, averageValue: '100m'}}}],
  })
})

/** As the adapter's stack leaves it, with the verdict of whoever looks after such objects. */
function serveMetrics(status: 'True' | 'False' = 'True') {
  const [group, version] = ['external.metrics.k8s.io', 'v1beta1']
  stage.store.create('apiregistration.k8s.io/apiservices', {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {name: `${version}.${group}`},
    spec: {group, version, service: {name: 'metrics', namespace: 'shop', port: 443}},
    status: {conditions: [{type: 'Available', status}]},
  })
}

test('workers grow with the backlog of their subscription', async () => {
  backlog = 430
  serveMetrics()
  await scale(2, {metrics: [{type: 'External', external}]})
  await stage.until(() => size() === 5)
})

test.each([
  ['nobody', 'the server could not find the requested resource'],
  ['an adapter without a ready pod', 'the server is currently unable to handle the request'],
])('workers do not grow while nobody serves external metrics: %s', async (who, why) => {
  backlog = 430
  if (who !== 'nobody') serveMetrics('False')
  await scale(2, {metrics: [{type: 'External', external}]})
  await stage.until(() => conditionOf(scaler(), 'ScalingActive')?.status === 'False')
  expect(conditionOf(scaler(), 'ScalingActive')?.message).toContain(
    `unable to fetch metrics from external metrics API: ${why} (get ${external.metric.name}.external.metrics.k8s.io)`,
  )
  expect(size()).toBe(2)
})

test('without its figures an autoscaler changes nothing and says what it lacks', async () => {
  serveMetrics()
  await scale(3, {metrics: [{type: 'External', external}]})
  await stage.until(() => conditionOf(scaler(), 'ScalingActive')?.status === 'False')
  expect(conditionOf(scaler(), 'ScalingActive')).toMatchObject({
    reason: 'FailedGetExternalMetric',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  expect(size()).toBe(3)
})

test('CPU is the time used between two looks', () => {
  let [at, cpuSeconds] = [0, 10]
  const own = createMetrics(
    () => new Map([['u', {cpuSeconds, rssBytes: 0}]]),
    {googleapis: '', project: ''},
    () => at,
  )
  expect(own.cpu().size).toBe(0)
  ;[at, cpuSeconds] = [15_000, 13]
  expect(own.cpu().get('u')).toBeCloseTo(0.2)
  ;[at, cpuSeconds] = [16_000, 99]
  expect(own.cpu().get('u')).toBeCloseTo(0.2)
  ;[at, cpuSeconds] = [31_000, 1]
  expect(own.cpu().has('u')).toBe(false)
})
