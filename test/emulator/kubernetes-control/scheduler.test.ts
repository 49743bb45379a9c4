import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Json, KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {conditionOf} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {declareNodes} from '../../../src/emulator/kubernetes/control/nodes.ts'
import {chooseNode, scheduler} from '../../../src/emulator/kubernetes/control/scheduler.ts'
import {openStage, type Stage, template, ZONES} from './plane.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.close())

const pod = (name: string, spec: Json = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name, namespace: 'shop', labels: {app: 'api'}},
  ...{spec: {...template({}, 'app:1').spec, ...spec}},
})

function place(count: number, spec: Json = {}): string[] {
  const placed: KubeObject[] = []
  for (let index = 0; index < count; index++) {
    const next = pod(`p${index}`, spec)
    const choice = chooseNode(next, stage.store.list('nodes'), placed)
    if (typeof choice === 'string') return [choice]
    placed.push({...next, spec: {...next.spec, nodeName: choice.metadata.name}})
  }
  return placed.map(({spec: {nodeName}}) => nodeName)
}

test('pods are spread over the zones', () => {
  const zones = place(6).map((node) => node.slice(-10))
  expect(ZONES.map((zone) => zones.filter((one) => one === zone).length)).toEqual([2, 2, 2])
})

test('a new revision is spread by itself', () => {
  const constraint = {
    topologyKey: 'topology.kubernetes.io/zone',
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: {matchLabels: {app: 'api'}},
    matchLabelKeys: ['pod-template-hash'],
  }
  const nodes = stage.store.list('nodes')
  const labelled = (name: string, hash: string, nodeName?: string): KubeObject => {
    const one = pod(name, {topologySpreadConstraints: [constraint], ...(nodeName && {nodeName})})
    return {...one, metadata: {...one.metadata, labels: {app: 'api', 'pod-template-hash': hash}}}
  }
  const old = nodes.slice(1).map((node, index) => labelled(`old${index}`, 'a', node.metadata.name))
  const young = labelled('new0', 'b', nodes[0]!.metadata.name)
  const choice = chooseNode(labelled('new1', 'b'), nodes, [...old, young]) as KubeObject
  expect(choice.metadata.name).not.toBe(nodes[0]!.metadata.name)
})

test('a node selector is obeyed', () => {
  const nodes = place(3, {nodeSelector: {'topology.kubernetes.io/zone': 'us-east1-c'}})
  expect(new Set(nodes)).toEqual(new Set(['gke-c-p-us-east1-c']))
})

test.each([
  [{nodeSelector: {disk: 'ssd'}}, "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."],
  [
    {containers: [{name: 'a', image: 'x', resources: {requests: {cpu: '5'}}}]},
    '0/3 nodes are available: 3 Insufficient cpu.',
  ],
  [
    {containers: [{name: 'a', image: 'x', resources: {requests: {memory: '20Gi'}}}]},
    '0/3 nodes are available: 3 Insufficient memory.',
  ],
])('a pod that fits nowhere is told why: %o', (spec, why) => {
  expect(place(1, spec)).toEqual([why])
})

test('a pod without a place is Pending and gets the first one there is', async () => {
  stage.run(scheduler(stage))
  stage.store.create('pods', pod('late', {nodeSelector: {'cloud.google.com/gke-nodepool': 'big'}}))
  const late = () => stage.store.get('pods', 'shop', 'late')!
  await stage.until(() => conditionOf(late(), 'PodScheduled')?.reason === 'Unschedulable')
  expect(stage.store.list('events').map(({reason}) => reason)).toContain('FailedScheduling')
  declareNodes(
    stage.store,
    {cluster: 'c', region: 'us-east1', zones: ZONES},
    {pool: 'big', machineType: 'e2-standard-8'},
    new Date(),
  )
  await stage.until(() => late().spec.nodeName?.startsWith('gke-c-big'))
  expect(conditionOf(late(), 'PodScheduled')?.status).toBe('True')
})
