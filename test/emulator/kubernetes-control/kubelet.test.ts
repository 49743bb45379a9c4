/** Real processes on a real store. */
import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {LogOptions} from '../../../src/emulator/kubernetes/api/api.ts'
import type {Json, KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {isTrue} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {openFrontDoors} from '../../../src/emulator/kubernetes/control/kubelet/front-doors.ts'
import {type HostPorts, openHostPorts} from '../../../src/emulator/kubernetes/control/kubelet/host-ports.ts'
import {openImages, type Registered} from '../../../src/emulator/kubernetes/control/kubelet/images.ts'
import {type Kubelet, startKubelet} from '../../../src/emulator/kubernetes/control/kubelet/kubelet.ts'
import {hostPorts} from '../../../src/emulator/kubernetes/control/pods.ts'
import {openStage, type Stage} from './plane.ts'

let stage: Stage
let ports: HostPorts
let kubelet: Kubelet
let registry: Server
let images: Registered[]
/** Containers write here what happened to them. */
let notes: string
let proxies: {args: string[]; port: number}[]

beforeEach(async () => {
  stage = await openStage()
  notes = join(stage.dir, 'notes')
  mkdirSync(notes)
  images = [{image: 'shell:1', command: 'exit 9', cwd: stage.dir}]
  registry = createServer(({url}, response) =>
    response.end(JSON.stringify(url === '/emulator/v1/edge/ports/80' ? {port: 18_080} : {images})),
  ).listen(0, '127.0.0.1')
  await new Promise((done) => registry.once('listening', done))
  ports = await openHostPorts(7)
  proxies = []
  kubelet = await open()
})
afterEach(async () => {
  await kubelet.stop(0)
  ports.close()
  registry.closeAllConnections()
  registry.close()
  await stage.close()
})

const googleapis = () => `http://127.0.0.1:${(registry.address() as {port: number}).port}`

const open = () =>
  startKubelet({
    plane: stage,
    dir: join(stage.dir, 'pods'),
    ports,
    images: openImages(googleapis(), join(stage.dir, 'images.json')),
    frontDoors: openFrontDoors(googleapis()),
    base: {PATH: process.env.PATH ?? '', NOTES: notes},
    async startProxy({args, portOf, log}) {
      proxies.push({args, port: portOf(5432)})
      log('proxy is up')
      return {close: async () => note('proxy closed')}
    },
  })

const note = (name: string) =>
  writeFileSync(join(notes, `${String(readdirSync(notes).length).padStart(2, '0')} ${name}`), '')
const noted = () => readdirSync(notes).map((name) => name.slice(3))
/** Shell: `say NAME` leaves a note. */
const SAY = `say() { : > "$NOTES/$(ls "$NOTES" | wc -l | awk '{printf "%02d", $1}') $1"; }; `

const script = (line: string, more: Json = {}): Json => ({
  name: 'main',
  image: 'shell:1',
  command: ['/bin/sh', '-c', SAY + line],
  ...more,
})

function start(spec: Json, name = 'pod'): void {
  stage.store.create('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name, namespace: 'shop'},
    spec: {nodeName: 'gke-c-p-us-east1-b', terminationGracePeriodSeconds: 5, ...spec},
  })
}

const pod = (name = 'pod') => stage.store.get('pods', 'shop', name) as KubeObject
const status = (name = 'pod') => pod(name)?.status?.containerStatuses?.[0] as Json
const ready = (name = 'pod') => pod(name) && isTrue(pod(name), 'Ready')
const gone = (name = 'pod') => pod(name) === undefined

const SERVER = `require('node:http').createServer((q, r) => {
  if (q.url === '/pid') return r.end(String(process.pid))
  r.statusCode = require('node:fs').existsSync(process.env.NOTES + '/unready') ? 503 : 200
  r.end()
}).listen(process.env.PORT, '127.0.0.1')`

const web = (more: Json = {}): Json => ({
  name: 'web',
  image: 'shell:1',
  command: ['node', '-e', SERVER],
  env: [{name: 'PORT', value: '8080'}],
  ports: [{name: 'http', containerPort: 8080}],
  readinessProbe: {httpGet: {path: '/', port: 'http'}, periodSeconds: 1, failureThreshold: 1},
  ...more,
})

test('a killed process is unready at once and starts again by itself', async () => {
  start({containers: [web()]})
  await stage.until(() => ready())
  const pid = Number(await (await fetch(`http://127.0.0.1:${hostPorts(pod()).get(8080)}/pid`)).text())
  const seen: string[] = []
  stage.store.watch('pods', ({object}) =>
    seen.push(`${isTrue(object, 'Ready')} ${object.status.containerStatuses[0].restartCount}`),
  )
  const killed = performance.now()
  process.kill(pid, 'SIGKILL')
  await stage.until(() => !ready())
  expect(performance.now() - killed).toBeLessThan(500)
  await stage.until(() => ready())
  expect(status()).toMatchObject({restartCount: 1, lastState: {terminated: {exitCode: 137, reason: 'Error'}}})
  expect(seen[0]).toBe('false 0')
})

test('readiness follows the probe, both ways', async () => {
  start({containers: [web()]})
  await stage.until(() => ready())
  writeFileSync(join(notes, 'unready'), '')
  await stage.until(() => !ready())
  expect(status()).toMatchObject({ready: false, restartCount: 0, state: {running: {}}})
})

test('pods with one port each stand on ports of their own, and are told', async () => {
  start({containers: [web()]}, 'a')
  start({containers: [web()]}, 'b')
  await stage.until(() => ready('a') && ready('b'))
  expect(hostPorts(pod('a')).get(8080)).not.toBe(hostPorts(pod('b')).get(8080))
})

test('a deleted pod has its preStop hook, then SIGTERM, then it is gone', async () => {
  const line = `trap 'say term; exit 0' TERM; say up; while :; do sleep 0.02; done`
  const lifecycle = {preStop: {exec: {command: ['/bin/sh', '-c', `${SAY}say hook`]}}}
  start({containers: [script(line, {lifecycle})]})
  await stage.until(() => ready())
  const {uid} = pod().metadata
  while (!noted().includes('up')) await new Promise((done) => setTimeout(done, 10))
  stage.store.delete('pods', 'shop', 'pod')
  await stage.until(() => gone())
  expect(noted()).toEqual(['up', 'hook', 'term'])
  expect(existsSync(join(stage.dir, 'pods', uid!))).toBe(false)
})

test('a pod that ignores SIGTERM is killed after its grace', async () => {
  start({terminationGracePeriodSeconds: 1, containers: [script(`trap '' TERM; while :; do sleep 0.1; done`)]})
  await stage.until(() => ready())
  const began = performance.now()
  stage.store.delete('pods', 'shop', 'pod')
  await stage.until(() => gone())
  expect(performance.now() - began).toBeGreaterThan(900)
})

test('a pod deleted without grace is gone at once, with its processes', async () => {
  const stubborn = web({command: ['node', '-e', `process.on('SIGTERM', () => {}); ${SERVER}`]})
  start({terminationGracePeriodSeconds: 60, containers: [stubborn]})
  await stage.until(() => ready())
  const url = `http://127.0.0.1:${hostPorts(pod()).get(8080)}/`
  stage.store.delete('pods', 'shop', 'pod')
  stage.store.delete('pods', 'shop', 'pod', {gracePeriodSeconds: 0})
  expect(gone()).toBe(true)
  const answers = () =>
    fetch(url).then(
      () => true,
      () => false,
    )
  const began = performance.now()
  while (await answers()) await new Promise((done) => setTimeout(done, 10))
  expect(performance.now() - began).toBeLessThan(2_000)
})

test('init containers run in order before the others, and a sidecar starts before them and ends after them', async () => {
  const initContainers = [
    {
      name: 'proxy',
      image: 'registry/cloud-sql-proxy:2',
      restartPolicy: 'Always',
      args: ['--port=5432', 'db.shop.internal'],
    },
    script('say init', {name: 'one'}),
    script('say init2', {name: 'two'}),
  ]
  const line = `trap 'say ended; exit 0' TERM; say main; while :; do sleep 0.02; done`
  start({initContainers, containers: [script(line, {env: [{name: 'DB', value: 'postgresql://127.0.0.1:5432/x'}]})]})
  await stage.until(() => ready())
  while (!noted().includes('main')) await new Promise((done) => setTimeout(done, 10))
  expect(proxies).toEqual([{args: ['--port=5432', 'db.shop.internal'], port: hostPorts(pod()).get(5432)}])
  stage.store.delete('pods', 'shop', 'pod')
  await stage.until(() => gone())
  expect(noted()).toEqual(['init', 'init2', 'main', 'ended', 'proxy closed'])
})

test('Google’s metrics adapter needs no registered program: the pod is ready, and nothing of it stays behind', async () => {
  const image = 'gcr.io/gke-release/custom-metrics-stackdriver-adapter:v1'
  const readinessProbe = {httpGet: {path: '/healthz', port: 'https', scheme: 'HTTPS'}, periodSeconds: 1}
  const ports = [{name: 'https', containerPort: 10250}]
  start({containers: [{name: 'main', image, command: ['/adapter', '--secure-port=10250'], ports, readinessProbe}]})
  await stage.until(() => ready())
  const port = hostPorts(pod()).get(10250)
  stage.store.delete('pods', 'shop', 'pod')
  await stage.until(() => gone())
  await expect(fetch(`https://127.0.0.1:${port}/healthz`)).rejects.toMatchObject({cause: {code: 'ECONNREFUSED'}})
})

test('a pod that runs to its end has succeeded, one that fails for good has failed', async () => {
  start({restartPolicy: 'Never', containers: [script('echo done')]}, 'good')
  start({restartPolicy: 'Never', containers: [script('exit 4')]}, 'bad')
  await stage.until(() => pod('good').status?.phase === 'Succeeded' && pod('bad').status?.phase === 'Failed')
  expect(status('bad').state.terminated).toMatchObject({exitCode: 4, reason: 'Error'})
})

test('a pod whose image is unknown waits until somebody registers it', async () => {
  start({restartPolicy: 'Never', containers: [{name: 'main', image: 'late:1'}]})
  await stage.until(() => status()?.state.waiting?.reason === 'ErrImagePull')
  expect(status().state.waiting.message).toContain('late:1')
  images = [...images, {image: 'late:1', command: 'exit 0', cwd: stage.dir}]
  await stage.until(() => pod().status?.phase === 'Succeeded')
})

test('known images start while the global process is away', async () => {
  start({restartPolicy: 'Never', containers: [script('exit 0')]}, 'before')
  await stage.until(() => pod('before').status?.phase === 'Succeeded')
  registry.closeAllConnections()
  registry.close()
  start({restartPolicy: 'Never', containers: [script('exit 0')]}, 'after')
  await stage.until(() => pod('after').status?.phase === 'Succeeded')
})

test('after a restart of the node its pods start again in place, one restart more', async () => {
  start({containers: [web()]})
  start({restartPolicy: 'Never', containers: [script('sleep 60')]}, 'job')
  await stage.until(() => ready() && status('job')?.state.running)
  const before = hostPorts(pod()).get(8080)
  await kubelet.stop(0)
  expect(pod().status.phase).toBe('Running')
  kubelet = await open()
  await stage.until(() => status()?.restartCount === 1 && ready())
  expect(typeof before).toBe('number')
  expect(pod('job').status.phase).toBe('Failed')
})

async function read(options: Partial<LogOptions> = {}, name = 'pod'): Promise<string> {
  const base = {
    follow: false,
    previous: false,
    timestamps: false,
    tailLines: undefined,
    since: undefined,
    limitBytes: undefined,
  }
  let text = ''
  for await (const part of kubelet.logs(pod(name), 'main', {...base, signal: AbortSignal.timeout(4_000), ...options}))
    text += part
  return text
}

test('a pod reaches the load balancer’s address where it listens on this machine', async () => {
  // Also where that port's number is one of the container's own.
  const env = [
    {name: 'DOOR', value: 'http://203.0.113.9'},
    {name: 'OTHER', value: 'http://192.0.2.9/'},
  ]
  start({restartPolicy: 'Never', containers: [script('echo "$DOOR $OTHER"', {env, ports: [{containerPort: 18_080}]})]})
  await stage.until(() => status()?.state.terminated)
  expect(await read()).toBe('http://127.0.0.1:18080 http://192.0.2.9/\n')
})

test('logs are kept per run, and can be cut and stamped', async () => {
  start({
    containers: [script(`echo first; echo second; [ -e "$NOTES/once" ] && exec sleep 60; : > "$NOTES/once"; exit 1`)],
  })
  await stage.until(() => status()?.restartCount === 1 && status().state.running)
  await stage.until(() => ready())
  expect(await read({previous: true})).toBe('first\nsecond\n')
  while ((await read()) !== 'first\nsecond\n') await new Promise((done) => setTimeout(done, 10))
  expect(await read({tailLines: 1})).toBe('second\n')
  expect(await read({limitBytes: 3})).toBe('fir')
  expect(await read({timestamps: true})).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z first\n/)
})

test('a log that is followed ends with its container', async () => {
  start({restartPolicy: 'Never', containers: [script('echo first; sleep 0.3; echo last')]})
  await stage.until(() => status()?.state.running)
  expect(await read({follow: true})).toBe('first\nlast\n')
})

test('the port of a pod rests before another pod gets it', async () => {
  let now = 0
  const own = await openHostPorts(3, () => now)
  const [first] = (await own.reserve([80])).values()
  own.release([first!])
  const taken = await Promise.all(Array.from({length: 20}, () => own.reserve([80])))
  expect(taken.map((one) => one.get(80))).not.toContain(first)
  expect(new Set(taken.map((one) => one.get(80))).size).toBe(20)
  expect((await own.reserve([80], new Map([[80, first!]]))).get(80)).not.toBe(first)
  now = 31_000
  expect((await own.reserve([80], new Map([[80, first!]]))).get(80)).toBe(first)
  own.close()
})
