import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect} from 'vitest'
import {rule, runKubectl} from '../../fakes/kubectl.ts'
import {type Cluster, container, DEPLOYMENTS, deployment, pod, startCluster} from './cluster.ts'

function kubectl(cluster: Cluster, ...args: string[]) {
  const file = join(cluster.dir, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{name: 'c', cluster: {server: cluster.url}}],
    contexts: [{name: 'c', context: {cluster: 'c', user: 'u'}}],
    users: [{name: 'u', user: {}}],
    'current-context': 'c',
  }
  writeFileSync(file, JSON.stringify(config))
  return runKubectl(file, cluster.dir, args)
}

function manifest(cluster: Cluster, object: unknown): string {
  const file = join(cluster.dir, 'manifest.json')
  writeFileSync(file, JSON.stringify(object))
  return file
}

rule('kubectl applies plainly and from the server, twice without a change', async () => {
  await using cluster = await startCluster()
  const file = manifest(cluster, deployment('api'))
  expect((await kubectl(cluster, 'apply', '-f', file)).all).toBe('deployment.apps/api created')
  expect((await kubectl(cluster, 'apply', '-f', file)).all).toBe('deployment.apps/api unchanged')
  expect((await kubectl(cluster, 'apply', '--server-side', '-f', file)).all).toBe(
    'deployment.apps/api serverside-applied',
  )
  const wrong = manifest(cluster, deployment('api', {replica: 1}))
  expect((await kubectl(cluster, 'apply', '-f', wrong)).all).toContain('unknown field "spec.replica"')
})

rule('kubectl get prints the usual columns', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', DEPLOYMENTS, deployment('api', {replicas: 3}))
  const {all} = await kubectl(cluster, 'get', 'deploy', '-o', 'wide')
  expect(all?.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
    ['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR'],
    ['api', '0/3', '0', '0', '0s', 'api', 'shop/api:1', 'app=api'],
  ])
})

rule('kubectl scales, restarts, sets an image, labels and waits for a rollout', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', DEPLOYMENTS, deployment('api'))
  expect((await kubectl(cluster, 'scale', 'deploy/api', '--replicas=2')).all).toContain('scaled')
  expect((await kubectl(cluster, 'rollout', 'restart', 'deploy/api')).all).toContain('restarted')
  expect((await kubectl(cluster, 'set', 'image', 'deploy/api', 'api=shop/api:2')).all).toContain('image updated')
  expect((await kubectl(cluster, 'label', 'deploy/api', 'tier=web')).all).toContain('labeled')
  const {metadata, spec} = cluster.store.get('apps/deployments', 'default', 'api')!
  expect([spec.replicas, spec.template.spec.containers[0].image, metadata.labels]).toEqual([
    2,
    'shop/api:2',
    {tier: 'web'},
  ])
  const waiting = kubectl(cluster, 'rollout', 'status', 'deploy/api', '--timeout=5s')
  const counts = {replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2}
  cluster.store.updateStatus('apps/deployments', 'default', 'api', {observedGeneration: metadata.generation, ...counts})
  expect((await waiting).all).toContain('successfully rolled out')
})

rule('kubectl describes and logs a pod, and delete waits until the kubelet has ended it', async () => {
  await using cluster = await startCluster({
    podLogs: async function* () {
      yield 'hello\n'
    },
  })
  const spec = {containers: [container()], nodeName: 'node-1', terminationGracePeriodSeconds: 30}
  cluster.store.create('pods', {...pod('p'), spec, status: {phase: 'Running'}})
  expect((await kubectl(cluster, 'logs', '-f', 'p')).all).toBe('hello')
  expect((await kubectl(cluster, 'describe', 'pod', 'p')).all).toMatch(/Name:\s+p\n/)
  cluster.store.watch('pods', ({type}) => {
    if (type === 'MODIFIED') setImmediate(() => cluster.store.remove('pods', 'default', 'p'))
  })
  expect((await kubectl(cluster, 'delete', 'pod', 'p')).all).toContain('pod "p" deleted')
})
