import {afterEach, beforeEach, expect, test} from 'vitest'
import {apiServices} from '../../../src/emulator/kubernetes/control/api-services.ts'
import {conditionOf} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {endpointSlices} from '../../../src/emulator/kubernetes/control/network/endpoints.ts'
import {replicaSets} from '../../../src/emulator/kubernetes/control/workloads/replica-sets.ts'
import {openStage, type Stage, service, template} from './plane.ts'

const API_SERVICES = 'apiregistration.k8s.io/apiservices'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
  for (const controller of [apiServices(stage), endpointSlices(stage), replicaSets(stage)]) stage.run(controller)
})
afterEach(() => stage.close())

const available = () => {
  const api = stage.store.get(API_SERVICES, undefined, 'v1beta1.example.com')
  const {status, reason} = (api && conditionOf(api, 'Available')) ?? {}
  return `${status} ${reason}`
}

test('an API that others add is available while a ready pod stands behind its service', async () => {
  stage.store.create(API_SERVICES, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {name: 'v1beta1.example.com'},
    spec: {group: 'example.com', version: 'v1beta1', service: {name: 'api', namespace: 'shop', port: 80}},
  })
  await stage.until(() => available() === 'False ServiceNotFound')
  stage.store.create('services', service('api'))
  await stage.until(() => available() === 'False EndpointsNotFound')

  let state: 'ready' | 'unready' = 'ready'
  stage.playKubelet(() => state)
  const labels = {app: 'api'}
  stage.store.create('apps/replicasets', {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {name: 'api', namespace: 'shop'},
    spec: {replicas: 1, selector: {matchLabels: labels}, template: template(labels, 'adapter:1')},
  })
  await stage.until(() => available() === 'True Passed')
  state = 'unready'
  const [pod] = stage.store.list('pods')
  stage.store.update('pods', {...pod!, metadata: {...pod!.metadata, labels: {...labels, touched: 'yes'}}})
  await stage.until(() => available() === 'False MissingEndpoints')
})

test('an API of the server’s own needs nobody', async () => {
  stage.store.create(API_SERVICES, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {name: 'v1beta1.example.com'},
    spec: {group: 'example.com', version: 'v1beta1'},
  })
  await stage.until(() => available() === 'True Local')
  expect(stage.store.list('services')).toEqual([])
})
