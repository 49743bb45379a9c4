/** kubectl against a cluster that runs: its controllers, its kubelet and real processes. Skipped where it is not installed. */
import {once} from 'node:events'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fastify from 'fastify'
import {afterAll, beforeAll, expect} from 'vitest'
import {fetchJson} from '../../src/emulator/http.ts'
import type {Json} from '../../src/emulator/kubernetes/api/store.ts'
import {createCluster} from '../../src/emulator/kubernetes/control/cluster.ts'
import {openPorts} from '../../src/emulator/ports.ts'
import {deployment} from '../emulator/kubernetes-api/cluster.ts'
import {hasKubectl, rule, runKubectl} from '../fakes/kubectl.ts'

let close = async () => {}
let kubeconfig: string
let dir: string

beforeAll(async () => {
  if (!hasKubectl) return
  dir = mkdtempSync(join(tmpdir(), 'ha-kubectl-'))
  const image = (tag: number) => ({
    ...{image: `shop/api:${tag}`, cwd: dir},
    command: `sh -c 'while :; do echo serving ${tag}; sleep 0.2; done'`,
  })
  const google = createServer((_, response) => response.end(JSON.stringify({images: [image(1), image(2)]})))
  await once(google.listen(0, '127.0.0.1'), 'listening')
  const control = fastify()
  const cluster = createCluster(
    {
      ...{
        region: 'us-east1',
        zones: ['b', 'c', 'd'].map((zone) => `us-east1-${zone}`),
        project: 'p',
        dir,
        log: () => {},
      },
      ...{ports: openPorts(join(dir, 'ports.json')), pubsub: '127.0.0.1:1'},
      googleapis: `http://127.0.0.1:${(google.address() as {port: number}).port}`,
    },
    {startProxy: () => Promise.reject(new Error('no proxy here'))},
  )
  cluster.routes?.(control)
  await cluster.start()
  const url = await control.listen({host: '127.0.0.1', port: 0})
  const put = (path: string, body: object) => fetchJson<{endpoint: string}>(url + path, {method: 'PUT', body})
  const {endpoint} = await put('/kubernetes/cluster', {name: 'c', project: 'p'})
  await put('/kubernetes/nodes', {cluster: 'c', pool: 'p', machineType: 'e2-standard-4'})
  kubeconfig = join(dir, 'kubeconfig.json')
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      ...{apiVersion: 'v1', kind: 'Config', 'current-context': 'c'},
      clusters: [{name: 'c', cluster: {server: `http://${endpoint}`}}],
      contexts: [{name: 'c', context: {cluster: 'c', user: 'u'}}],
      users: [{name: 'u', user: {}}],
    }),
  )
  close = async () => {
    await cluster.stop()
    await control.close()
    google.closeAllConnections()
    google.close()
    rmSync(dir, {recursive: true, force: true})
  }
})
afterAll(() => close())

const kubectl = (...args: string[]) => runKubectl(kubeconfig, dir, args)
const said = async (...args: string[]) => (await kubectl(...args)).all

/** Three pods of the first image, rolled out. */
async function api(name: string): Promise<string> {
  const quick = {containers: [{name: 'api', image: 'shop/api:1'}], terminationGracePeriodSeconds: 1}
  const wanted = deployment(name)
  wanted.spec = {...wanted.spec, replicas: 3, template: {...wanted.spec.template, spec: quick}}
  const file = join(dir, `${name}.json`)
  writeFileSync(file, JSON.stringify(wanted))
  expect(await said('apply', '-f', file)).toBe(`deployment.apps/${name} created`)
  expect(await said('rollout', 'status', `deploy/${name}`)).toContain('successfully rolled out')
  return `deploy/${name}`
}

/** Pods that are not on their way out: a rollout is over before the old ones have ended. */
async function podsOf(name: string): Promise<readonly {readonly name: string; readonly image: string}[]> {
  const {items} = JSON.parse((await kubectl('get', 'pods', '-l', `app=${name}`, '-o', 'json')).stdout)
  return items
    .filter(({metadata}: Json) => !metadata.deletionTimestamp)
    .map(({metadata, spec}: Json) => ({name: metadata.name, image: spec.containers[0].image}))
}
const imagesOf = async (name: string) => (await podsOf(name)).map(({image}) => image)
const three = (image: string) => [image, image, image]

rule('kubectl rolls an image out, tells its history, takes it back and restarts it, pod by pod', async () => {
  const name = await api('rolled')
  expect(await said('set', 'image', name, 'api=shop/api:2')).toContain('image updated')
  expect(await said('rollout', 'status', name)).toContain('successfully rolled out')
  expect(await imagesOf('rolled')).toEqual(three('shop/api:2'))
  const history = await said('rollout', 'history', name)
  expect(history?.split('\n').flatMap((line) => /^(\d+)\s/.exec(line)?.[1] ?? [])).toEqual(['1', '2'])
  expect(await said('rollout', 'history', name, '--revision=1')).toContain('shop/api:1')
  expect(await said('rollout', 'undo', name)).toContain('rolled back')
  expect(await said('rollout', 'status', name)).toContain('successfully rolled out')
  expect(await imagesOf('rolled')).toEqual(three('shop/api:1'))
  const before = (await podsOf('rolled')).map((it) => it.name)
  expect(await said('rollout', 'restart', name)).toContain('restarted')
  expect(await said('rollout', 'status', name)).toContain('successfully rolled out')
  const after = (await podsOf('rolled')).map((it) => it.name)
  expect(after).toHaveLength(3)
  expect(after.filter((pod) => before.includes(pod))).toEqual([])
})

rule('kubectl pauses a rollout, and resumes it', async () => {
  const name = await api('paused')
  expect(await said('rollout', 'pause', name)).toContain('paused')
  await said('set', 'image', name, 'api=shop/api:2')
  expect(await said('rollout', 'status', name, '--timeout=1s')).toContain('timed out')
  expect(await imagesOf('paused')).toEqual(three('shop/api:1'))
  expect(await said('rollout', 'resume', name)).toContain('resumed')
  expect(await said('rollout', 'status', name)).toContain('successfully rolled out')
  expect(await imagesOf('paused')).toEqual(three('shop/api:2'))
})

rule('kubectl scales up and down, and waits for it', async () => {
  const name = await api('scaled')
  const waitFor = (replicas: number) =>
    said('wait', name, `--for=jsonpath={.status.readyReplicas}=${replicas}`, '--timeout=30s')
  expect(await said('scale', name, '--replicas=5')).toContain('scaled')
  expect(await waitFor(5)).toContain('condition met')
  expect(await said('scale', name, '--replicas=1', '--current-replicas=5')).toContain('scaled')
  expect(await waitFor(1)).toContain('condition met')
  expect(await said('scale', name, '--replicas=2', '--current-replicas=5')).toContain(
    'Expected replicas to be 5, was 1',
  )
})

rule('kubectl follows a pod’s logs until the pod ends, and a deleted pod is replaced', async () => {
  const name = await api('logged')
  const pod = (await podsOf('logged'))[0]!.name
  const following = kubectl('logs', '-f', pod, '--tail=1')
  const lines: string[] = []
  for await (const line of following) {
    if (lines.push(line) === 5) break
  }
  expect(lines).toEqual(Array.from({length: 5}, () => 'serving 1'))
  const until = kubectl('logs', '-f', pod, '--tail=1')
  expect(await said('delete', 'pod', pod)).toContain(`pod "${pod}" deleted`)
  expect(await until).toMatchObject({exitCode: 0, failed: false})
  expect(await said('rollout', 'status', name)).toContain('successfully rolled out')
  expect((await podsOf('logged')).map((it) => it.name)).not.toContain(pod)
})

rule('kubectl create sends protobuf, which is refused with the way that works', async () => {
  const create = ['create', 'deployment', 'made', '--image=shop/api:1']
  const {exitCode, all} = await kubectl(...create)
  expect(exitCode).not.toBe(0)
  expect(all).toContain('add `--dry-run=client -o json` and pipe that into `kubectl apply -f -`')
  const {stdout: input} = await kubectl(...create, '--dry-run=client', '-o', 'json')
  const applied = await runKubectl(kubeconfig, dir, ['apply', '-f', '-'], input)
  expect(applied.all).toBe('deployment.apps/made created')
})
