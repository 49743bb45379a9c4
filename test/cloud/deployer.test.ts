/** Every call that ha makes to Google and Kubernetes, made once, and held against the table of what a deployer must be allowed. */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {parse} from 'yaml'
import {systemClock} from '../../src/clock.ts'
import {encrypt, findBucket, makeBucket, makeKey} from '../../src/cloud/bootstrap.ts'
import {checkOnline} from '../../src/cloud/checks.ts'
import type {Cloud} from '../../src/cloud/cloud.ts'
import {CALLS, callRow} from '../../src/cloud/deployer/calls.ts'
import {deployerRoleFile} from '../../src/cloud/deployer/role.ts'
import {createCloud} from '../../src/cloud/google.ts'
import type {Operable, SqlDeed} from '../../src/cloud/operable.ts'
import {createOperable} from '../../src/cloud/operate.ts'
import type {Api} from '../../src/cloud/wires.ts'
import {openBucket} from '../../src/store/bucket.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

let server: Server
let base: string
const asked: {api: Api | 'kubernetes'; method: string; path: string}[] = []
beforeAll(async () => {
  server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** In one answer what any of the callers goes on with. */
const ITEM = {name: 'x', metadata: {name: 'x'}, spec: {template: {spec: {containers: []}}}, status: {phase: 'Running'}}
const ANYTHING = {
  ...{name: 'operations/1', status: 'DONE', done: false, items: [ITEM], version: 1, generation: '1'},
  ...{backends: [{group: '/zones/us-east1-b/networkEndpointGroups/x'}], fingerprint: 'f', results: [], topic: 't'},
  ...{expireTime: '2026-01-01T00:00:00Z', rrdatas: ['"i"']},
}
const FAILED = {status: {conditions: [{type: 'Failed', status: 'True'}]}}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const {pathname, search} = new URL(request.url!, base)
  const [, api, rest] = /^\/([^/]+)(.*)$/.exec(pathname)!
  asked.push({api: api as Api, method: request.method!, path: decodeURIComponent(rest!)})
  request.resume()
  // What is absent is made; what failed is made again.
  const absent = request.method === 'GET' && /\/(databases|snapshots)\/|secrets\/new/.test(pathname)
  if (search.includes('watch')) return void response.writeHead(200).write(`${JSON.stringify({object: FAILED})}\n`)
  const body = pathname.includes('/jobs/')
    ? FAILED
    : pathname.includes('operations/1')
      ? {...ANYTHING, done: true}
      : ANYTHING
  response.writeHead(absent ? 404 : 200, {'content-type': 'application/json'}).end(JSON.stringify(body))
}

const topology = deriveTopology(exampleConfig(), initialRoles(exampleConfig()))
const gate = {image: 'i', bucket: 'gate', location: 'US', object: 'word.json'}
const signal = AbortSignal.timeout(30_000)
const place = {project: 'p', location: 'us', key: 'k'} as const

/** An entry per method, which the compiler asks for: a new one cannot be forgotten here. */
const OF_CLOUD: {readonly [K in keyof Cloud]: (cloud: Cloud) => Promise<unknown>} = {
  leftovers: (cloud) => cloud.leftovers({project: 'p', network: 'n', clusters: []}),
  answers: (cloud) => cloud.answers(`${base}/kubernetes`),
  observe: (cloud) => cloud.observe(topology, {'us-east1': `${base}/kubernetes`}),
  instances: (cloud) => cloud.instances('p'),
  prepareDatabase: (cloud) =>
    cloud.prepareDatabase({project: 'p', instance: 'i', database: 'd', users: ['u'], observer: 'o'}),
  openGate: (cloud) => cloud.openGate(gate, 1),
  discoverEndpoints: (cloud) => cloud.discoverEndpoints({project: 'p', negs: {}, deadlineMs: 1, signal}),
  hasSecret: (cloud) => cloud.hasSecret('p', 's'),
  addSecret: (cloud) => cloud.addSecret('p', 's', 'v'),
  runJob: (cloud) =>
    cloud.runJob({
      ...{endpoint: `${base}/kubernetes`, namespace: 'n', namespaceLabels: {}, name: 'j', spec: {}},
      ...{serviceAccount: {name: 'a', annotations: {}}, deadlineMs: 5_000, signal},
    }),
  logs: (cloud) =>
    cloud.logs({
      ...{endpoint: `${base}/kubernetes`, namespace: 'n', service: 's', follow: false, signal},
      onLine: () => {},
    }),
}

const [instance, to] = ['i', 'other']
const DEEDS: {readonly [K in SqlDeed['deed']]: Extract<SqlDeed, {deed: K}>} = {
  stop: {deed: 'stop', instance} as never,
  start: {deed: 'start', instance} as never,
  backup: {deed: 'backup', instance} as never,
  unprotect: {deed: 'unprotect', instance} as never,
  promote: {deed: 'promote', instance, failover: true},
  designate: {deed: 'designate', instance, replica: to},
  switchover: {deed: 'switchover', instance, timeoutSeconds: 1},
  replicate: {deed: 'replicate', instance: to, region: 'r', primary: instance, like: instance},
  protect: {deed: 'protect', instance, availability: 'REGIONAL', recoveryDays: 7},
}

const ROTATION = {fingerprint: 'f', groups: [{group: 'g', region: 'us-east1', share: 1}]}
const OF_OPERABLE: {readonly [K in keyof Operable]: (operable: Operable) => Promise<unknown>} = {
  instances: (it) => it.instances(),
  position: (it) => it.position(instance),
  lastBackup: (it) => it.lastBackup(instance),
  recoveryWindow: (it) => it.recoveryWindow(instance),
  queue: (it) => it.queue({topic: 't', subscription: 's', deadLetterSubscription: 'd'}),
  redeliver: (it) => it.redeliver({subscription: 's', since: 1, now: 2, mark: 'm'}),
  redelivered: (it) => it.redelivered('m'),
  query: (it) => it.query(instance, 'SELECT 1'),
  begin: (it) => Promise.all(Object.values(DEEDS).map((deed) => it.begin(deed))),
  operation: (it) => it.operation('o'),
  running: (it) => it.running(instance),
  record: (it) => it.record('db.x.'),
  moveRecord: (it) => it.moveRecord('db.x.', instance, to),
  gate: (it) => it.gate(),
  setGate: (it) => it.setGate({epoch: 1, state: 'open', timeline: 0}, '1'),
  rotation: (it) => it.rotation('b'),
  setRotation: (it) => it.setRotation('b', ROTATION),
  health: (it) => it.health('b', ROTATION),
  workloads: (it) => it.workloads('us-east1'),
  observed: (it) => it.observed('us-east1'),
}

async function callEverything(): Promise<void> {
  const wires = {base: (api: Api) => `${base}/${api}`, token: async () => 't', caller: async () => 'ada@example.com'}
  const cloud = createCloud(wires, systemClock)
  const operable = createOperable({
    ...{
      wires,
      project: 'p',
      clock: systemClock,
      zone: 'z',
      namespace: 'n',
      gate,
      endpoints: {'us-east1': `${base}/kubernetes`},
    },
    observer: {namespace: 'o', name: 'o'},
  })
  const bucket = openBucket('state', {base: `${base}/storage`, token: async () => 't'})
  await Promise.allSettled([
    ...Object.values(OF_CLOUD).map((call) => call(cloud)),
    ...Object.values(OF_OPERABLE).map((call) => call(operable)),
    ...[findBucket(wires, 'b'), makeBucket(wires, 'p', 'b', 'us'), makeKey(wires, systemClock, place)],
    encrypt(wires, place, 'x'),
    ...[bucket.get('a'), bucket.put('a', 'x', '0'), bucket.list('a'), bucket.remove('a', '1')],
    checkOnline({wires, topology, skip: [], nameservers: async () => []}),
  ])
}

test('of every call it is written down what it must be allowed, and nothing is allowed that no call needs', async () => {
  await callEverything()
  const unknown = asked.filter(({api, method, path}) => callRow(api, method, path) === undefined)
  expect(unknown).toEqual([])
  const used = new Set(asked.map(({api, method, path}) => callRow(api, method, path)))
  expect(CALLS.filter((row) => !used.has(row)).map(({api, method, path}) => `${api} ${method} ${path}`)).toEqual([])
})

test('the role’s file is what gcloud takes: a title and permissions of Google’s form, each once', () => {
  const role = parse(deployerRoleFile('shop')) as {title: string; stage: string; includedPermissions: string[]}
  expect(role).toMatchObject({title: 'ha deployer', stage: 'GA'})
  expect(role.includedPermissions.filter((each) => !/^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$/.test(each))).toEqual([])
  expect(new Set(role.includedPermissions).size).toBe(role.includedPermissions.length)
  expect(role.includedPermissions).toContain('pubsub.snapshots.create')
  // Nobody's data, and no way to hand out keys.
  expect(role.includedPermissions.join()).not.toMatch(/secretmanager\.versions\.access|serviceAccountKeys|owner/)
})
