import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {type CheckName, checkOnline, type Finding} from '../../src/cloud/checks.ts'
import type {Wires} from '../../src/cloud/wires.ts'
import {HaError} from '../../src/errors.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const config = {
  ...exampleConfig(),
  target: 'gcp' as const,
  preset: 'critical' as const,
  project: 'p',
  domain: 'api.example.com',
}
const topology = deriveTopology(config, initialRoles(config))
const tier = topology.database!.instances[0]!.tier
const names = topology.regions.map(({name}) => name)

/** Google's answers when all is well; a test replaces some. Shapes as Google's reference pages and its own errors have them. */
const regionPage = (name: string, limit = 1000) => ({
  status: 'UP',
  zones: topology.regions
    .find((region) => region.name === name)!
    .zones.map((zone) => `https://www.googleapis.com/compute/v1/projects/p/zones/${zone}`),
  quotas: [{metric: 'N2_CPUS', limit, usage: 0}],
})
const WELL: Record<string, unknown> = {
  '/v3/projects/p': {state: 'ACTIVE'},
  '/v1/projects/p/billingInfo': {billingEnabled: true},
  '/v1/projects/p/services/serviceusage.googleapis.com': {state: 'ENABLED'},
  '/v1/projects/p/services/cloudresourcemanager.googleapis.com': {state: 'ENABLED'},
  ...Object.fromEntries(names.map((name) => [`/compute/v1/projects/p/regions/${name}`, regionPage(name)])),
  '/sql/v1beta4/projects/p/tiers': {items: [{tier, region: names}]},
}
const failure = (code: number, status: string, message: string) => ({code, error: {code, status, message}})

let server: Server
let base: string
let answers: Record<string, unknown>
beforeEach(async () => {
  answers = {...WELL}
  server = createServer((request, response) => {
    const answer = answers[request.url!] as {code?: number} | undefined
    const body = answer ?? failure(404, 'NOT_FOUND', `${request.url} was not found`)
    response
      .writeHead((body as {code?: number}).code ?? 200, {'content-type': 'application/json'})
      .end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const nameservers = async (zone: string) => {
  if (zone === 'example.com') return ['ns1.example.net']
  throw new Error('ENOTFOUND')
}
const check = (more: {skip?: readonly CheckName[]; wires?: Partial<Wires>; nameservers?: typeof nameservers} = {}) =>
  checkOnline({
    wires: {base: () => base, token: async () => 'abc', ...more.wires},
    topology,
    nameservers: more.nameservers ?? nameservers,
    skip: more.skip ?? [],
  })
const of = (findings: readonly Finding[], name: CheckName) => findings.find((finding) => finding.name === name)!

test('when all is well every check says so', async () => {
  expect((await check()).filter(({verdict}) => verdict !== 'ok')).toEqual([])
})

test('without credentials only what needs none is asked', async () => {
  const token = async () => {
    throw new HaError('CREDENTIALS_MISSING', 'none', {next: ['sign in']})
  }
  const findings = await check({wires: {token}})
  expect(of(findings, 'credentials')).toMatchObject({verdict: 'bad', next: ['sign in']})
  expect(of(findings, 'quotas').verdict).toBe('skipped')
  expect(of(findings, 'domain').verdict).toBe('ok')
})

test('a check that is skipped is not asked', async () => {
  answers = {}
  const findings = await check({skip: ['project', 'billing', 'apis', 'regions', 'quotas', 'database']})
  expect(findings.filter(({verdict}) => verdict === 'bad')).toEqual([])
  expect(of(findings, 'billing').what).toBe('skipped, as asked')
})

const DISABLED = failure(
  403,
  'PERMISSION_DENIED',
  'Compute Engine API has not been used in project 123 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=123 then retry.',
)

test.each<[CheckName, string, unknown, Finding['verdict'], RegExp]>([
  [
    'project',
    '/v3/projects/p',
    failure(403, 'PERMISSION_DENIED', 'The caller does not have permission'),
    'bad',
    /roles\/viewer/,
  ],
  ['project', '/v3/projects/p', {state: 'DELETE_REQUESTED'}, 'bad', /DELETE_REQUESTED/],
  ['project', '/v3/projects/p', failure(404, 'NOT_FOUND', 'Project p not found'), 'bad', /Check project in ha\.yaml/],
  ['billing', '/v1/projects/p/billingInfo', {billingEnabled: false}, 'bad', /gcloud billing projects link p/],
  [
    'apis',
    '/v1/projects/p/services/cloudresourcemanager.googleapis.com',
    {state: 'DISABLED'},
    'bad',
    /gcloud services enable cloudresourcemanager\.googleapis\.com --project=p/,
  ],
  [
    'regions',
    `/compute/v1/projects/p/regions/${names[0]}`,
    {...regionPage(names[0]!), status: 'DOWN'},
    'bad',
    new RegExp(names[0]!),
  ],
  ['regions', `/compute/v1/projects/p/regions/${names[0]}`, {status: 'UP', zones: []}, 'bad', /zones are not offered/],
  [
    'regions',
    `/compute/v1/projects/p/regions/${names[0]}`,
    DISABLED,
    'warn',
    /gcloud services enable compute\.googleapis\.com/,
  ],
  [
    'quotas',
    `/compute/v1/projects/p/regions/${names[1]}`,
    regionPage(names[1]!, 4),
    'bad',
    /N2_CPUS allows 4, \d+ are needed at rest/,
  ],
  [
    'quotas',
    `/compute/v1/projects/p/regions/${names[1]}`,
    regionPage(names[1]!, 24),
    'warn',
    /carry a lost region’s load/,
  ],
  [
    'database',
    '/sql/v1beta4/projects/p/tiers',
    {items: [{tier, region: [names[0]]}]},
    'bad',
    new RegExp(`does not offer ${tier} in ${names[1]}`),
  ],
  [
    'billing',
    '/v1/projects/p/billingInfo',
    failure(503, 'UNAVAILABLE', 'The service is currently unavailable.'),
    'bad',
    /currently unavailable/,
  ],
])('%s: %s answering otherwise is found', async (name, path, answer, verdict, said) => {
  answers[path] = answer
  const finding = of(await check(), name)
  expect(finding.verdict).toBe(verdict)
  expect([finding.what, ...finding.next].join(' ')).toMatch(said)
})

test('a domain nobody serves is found before its certificate waits for ever', async () => {
  const nobody = async () => Promise.reject(new Error('ENOTFOUND'))
  expect(of(await check({nameservers: nobody}), 'domain')).toMatchObject({verdict: 'bad'})
})
