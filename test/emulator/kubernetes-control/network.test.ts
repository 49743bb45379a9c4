import {once} from 'node:events'
import {connect, createServer, type Server} from 'node:net'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {endpointSlices} from '../../../src/emulator/kubernetes/control/network/endpoints.ts'
import {SERVICE_PORTS, services} from '../../../src/emulator/kubernetes/control/network/services.ts'
import {HOST_PORTS} from '../../../src/emulator/kubernetes/control/pods.ts'
import {disruptionBudgets} from '../../../src/emulator/kubernetes/control/workloads/disruption-budgets.ts'
import {openPorts} from '../../../src/emulator/ports.ts'
import {openStage, type Stage, service, template, ZONES} from './plane.ts'

let stage: Stage
const servers: Server[] = []
beforeEach(async () => {
  stage = await openStage()
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await stage.close()
})

const SLICES = 'discovery.k8s.io/endpointslices'

function pod(name: string, hostPort: number, ready = 'True'): KubeObject {
  const conditions = [{type: 'Ready', status: ready}]
  const {spec} = template({}, 'app:1')
  return stage.store.create('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      labels: {app: 'api'},
      annotations: {[HOST_PORTS]: JSON.stringify({8080: hostPort})},
    },
    spec: {...spec, nodeName: `gke-c-p-${ZONES[0]}`},
    status: {phase: 'Running', podIP: '127.0.0.1', conditions},
  })
}

test('endpoints of a service are its pods, each at its own port of the host', async () => {
  stage.run(endpointSlices(stage))
  stage.store.create('services', service('api'))
  const [first] = [pod('a', 11_001), pod('b', 11_002, 'False')]
  const found = await stage.until((store) => {
    const slices = store.list(SLICES)
    return slices.length === 2 && slices
  })
  const shown = found.map(({endpoints, ports}) => [
    ports[0].port,
    ports[0].name,
    endpoints[0].conditions.ready,
    endpoints[0].zone,
  ])
  expect(shown.sort()).toEqual([
    [11_001, 'http', true, 'us-east1-b'],
    [11_002, 'http', false, 'us-east1-b'],
  ])
  stage.store.delete('pods', 'shop', first!.metadata.name)
  await stage.until((store) =>
    store.list(SLICES).some(({endpoints}) => endpoints[0].conditions.terminating && !endpoints[0].conditions.ready),
  )
  stage.store.remove('pods', 'shop', first!.metadata.name)
  await stage.until((store) => store.list(SLICES).length === 1)
  expect(stage.store.get('endpoints', 'shop', 'api')?.subsets).toMatchObject([
    {notReadyAddresses: [{ip: '127.0.0.1'}], ports: [{port: 11_002}]},
  ])
})

async function answering(text: string): Promise<number> {
  const server = createServer((socket) => socket.end(text))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as {port: number}).port
}

const ask = (port: number) =>
  new Promise<string>((done) => {
    let text = ''
    connect(port, '127.0.0.1')
      .on('data', (chunk) => {
        text += chunk
      })
      .on('error', () => done('refused'))
      .on('close', () => done(text))
  })

test('a service’s own port reaches its ready pods, and refuses when there are none', async () => {
  stage.run(services(stage, openPorts(`${stage.dir}/ports.json`)))
  stage.store.create('services', service('api'))
  const local = await stage.until((store) => {
    const text = store.get('services', 'shop', 'api')?.metadata.annotations?.[SERVICE_PORTS]
    return text === undefined ? undefined : (JSON.parse(text)[80] as number)
  })
  expect(await ask(local)).toBe('refused')
  pod('a', await answering('a'))
  pod('b', await answering('b'))
  pod('c', await answering('c'), 'False')
  const answers = await Promise.all(Array.from({length: 40}, () => ask(local)))
  expect(new Set(answers)).toEqual(new Set(['a', 'b']))
})

test('a dead pod is passed over', async () => {
  stage.run(services(stage, openPorts(`${stage.dir}/ports.json`)))
  stage.store.create('services', service('api'))
  const local = await stage.until((store) => {
    const text = store.get('services', 'shop', 'api')?.metadata.annotations?.[SERVICE_PORTS]
    return text === undefined ? undefined : (JSON.parse(text)[80] as number)
  })
  const dead = await answering('dead')
  servers.pop()!.close()
  pod('a', dead)
  pod('b', await answering('b'))
  const answers = await Promise.all(Array.from({length: 20}, () => ask(local)))
  expect(new Set(answers)).toEqual(new Set(['b']))
})

test.each([
  [{maxUnavailable: 1}, 3, 2, 1],
  [{maxUnavailable: 1}, 2, 2, 0],
  [{minAvailable: '50%'}, 3, 2, 1],
  [{minAvailable: 3}, 3, 3, 0],
])('a disruption budget of %o with %d healthy of 3 wants %d and allows %d', async (rule, healthy, desired, allowed) => {
  stage.run(disruptionBudgets(stage))
  for (let index = 0; index < 3; index++) pod(`p${index}`, 11_001 + index, index < healthy ? 'True' : 'False')
  stage.store.create('policy/poddisruptionbudgets', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {name: 'api', namespace: 'shop'},
    spec: {selector: {matchLabels: {app: 'api'}}, ...rule},
  })
  const status = await stage.until((store) => store.get('policy/poddisruptionbudgets', 'shop', 'api')?.status)
  expect(status).toMatchObject({
    expectedPods: 3,
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
  })
})
