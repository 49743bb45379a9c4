import {readdirSync, statSync} from 'node:fs'
import {join} from 'node:path'
import type {FastifyInstance} from 'fastify'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {mountControl} from '../../../src/emulator/control.ts'
import {createServices} from '../../../src/emulator/global.ts'
import {createGoogleapis} from '../../../src/emulator/googleapis.ts'
import {GCP_TOKENS} from '../../../src/emulator/provider/tokens.ts'
import {createSupervisor} from '../../../src/emulator/supervisor.ts'
import {engine, openWorld} from '../provider/world.ts'

let world: ReturnType<typeof openWorld>
let server: FastifyInstance
let ready: boolean
beforeEach(async () => {
  ready = true
  world = openWorld()
  server = createGoogleapis(
    () => {},
    () => ready,
  )
  for (const service of world.services) service.routes?.(server)
  const {dir, records, googleapis, log} = world.world
  const supervisor = createSupervisor({dir, log, googleapis, pubsub: () => ''})
  mountControl(server, {records, supervisor, info: () => ({}), shutdown: () => {}})
})
afterEach(async () => {
  await server.close()
  world.close()
})

async function call(method: 'GET' | 'POST', url: string, body?: object) {
  const response = await server.inject({method, url, ...(body && {payload: body})})
  return {status: response.statusCode, body: response.json()}
}
async function create(token: string, inputs: object) {
  const session = world.provider.connect()
  await session.configure({project: 'demo'})
  return engine(session).create(token, {...inputs})
}

test('every type in tokens.ts has a service, and every service only types in tokens.ts', () => {
  const ensure = () => Promise.reject(new Error('no regions here'))
  const services = createServices(world.world, {ensure, edgePort: undefined})
  const types = services.flatMap(({resources}) => resources.map(({token}) => token))
  expect([...types].sort()).toEqual([...GCP_TOKENS].sort())
})

test('an image is registered for one container or for all, and the exact one wins', async () => {
  await call('POST', '/emulator/v1/images', {image: 'a:1', command: 'any', cwd: '/'})
  await call('POST', '/emulator/v1/images', {image: 'a:1', container: 'web', command: 'web', cwd: '/'})
  const commandOf = async (query: string) => (await call('GET', `/emulator/v1/images?${query}`)).body.command
  expect(await commandOf('image=a:1&container=web')).toBe('web')
  expect(await commandOf('image=a:1&container=other')).toBe('any')
  expect(await commandOf('image=a:1')).toBe('any')
  expect(await call('GET', '/emulator/v1/images?image=b:1')).toEqual({
    status: 404,
    body: {error: {code: 404, message: 'No command is registered for the image b:1.', status: 'NOT_FOUND'}},
  })
})

test.each([
  ['an image without a command', '/emulator/v1/images', {image: 'a:1', cwd: '/'}, 400],
  ['an image with a relative folder', '/emulator/v1/images', {image: 'a:1', command: 'x', cwd: 'here'}, 400],
  ['a region nobody started', '/emulator/v1/regions/us-east1:kill', {}, 404],
  ['a path that is none', '/nowhere', {}, 404],
])('%s is refused as Google words it', async (_, url, body, status) => {
  const answer = await call('POST', url, body)
  expect(answer.status).toBe(status)
  expect(answer.body.error).toMatchObject({code: status, message: expect.any(String), status: expect.any(String)})
})

test('until it is ready it says so', async () => {
  ready = false
  expect(await call('GET', '/emulator/v1/regions')).toMatchObject({status: 503, body: {error: {status: 'UNAVAILABLE'}}})
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

test("a secret's newest version is what `latest` gives, and every version stays", async () => {
  await create('gcp:secretmanager/secret:Secret', {secretId: 'key', replication: {auto: {}}})
  const secret = '/v1/projects/demo/secrets/key'
  for (const text of ['one', 'two']) {
    expect((await call('POST', `${secret}:addVersion`, {payload: {data: base64(text)}})).status).toBe(200)
  }
  const payload = async (version: string) => (await call('GET', `${secret}/versions/${version}:access`)).body.payload
  expect(await payload('latest')).toEqual({data: base64('two')})
  expect(await payload('1')).toEqual({data: base64('one')})
  expect((await call('GET', `${secret}/versions`)).body).toMatchObject({
    totalSize: 2,
    versions: [{name: expect.stringMatching(/\/versions\/2$/), state: 'ENABLED'}, {state: 'ENABLED'}],
  })
})

test('only the owner may read the file of a secret, and the file goes with the secret', async () => {
  const {id, outputs} = await create('gcp:secretmanager/secret:Secret', {secretId: 'key', replication: {auto: {}}})
  await call('POST', '/v1/projects/demo/secrets/key:addVersion', {payload: {data: base64('one')}})
  const folder = join(world.world.dir, 'secretmanager', 'demo')
  expect(statSync(join(folder, 'key', '1.json')).mode & 0o077).toBe(0)
  await engine(world.provider.connect()).delete('gcp:secretmanager/secret:Secret', id, outputs)
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['a secret that is none', 'GET', '/v1/projects/demo/secrets/none', undefined, 404],
  [
    'a version of a secret that is none',
    'POST',
    '/v1/projects/demo/secrets/none:addVersion',
    {payload: {data: 'eA=='}},
    404,
  ],
  ['an empty payload', 'POST', '/v1/projects/demo/secrets/key:addVersion', {payload: {}}, 400],
  [
    'a payload over 64 KiB',
    'POST',
    '/v1/projects/demo/secrets/key:addVersion',
    {payload: {data: base64('x'.repeat(65_537))}},
    400,
  ],
  ['the latest version of none', 'GET', '/v1/projects/demo/secrets/key/versions/latest:access', undefined, 404],
] as const)('%s is refused', async (_, method, url, body, status) => {
  await create('gcp:secretmanager/secret:Secret', {secretId: 'key', replication: {auto: {}}})
  expect((await call(method, url, body)).status).toBe(status)
})

test('clusters are listed and described as gcloud asks for them', async () => {
  const cluster = {name: 'c1', location: 'us-east1', nodeLocations: ['us-east1-b'], initialNodeCount: 1}
  await create('gcp:container/cluster:Cluster', cluster)
  await create('gcp:container/nodePool:NodePool', {name: 'p1', cluster: 'c1', location: 'us-east1'})
  const expected = {name: 'c1', location: 'us-east1', status: 'RUNNING', currentNodeCount: 1, nodePools: [{name: 'p1'}]}
  expect((await call('GET', '/v1/projects/demo/locations/-/clusters')).body).toMatchObject({clusters: [expected]})
  expect((await call('GET', '/v1/projects/demo/locations/us-east1/clusters/c1')).body).toMatchObject(expected)
  expect((await call('GET', '/v1/projects/demo/locations/europe-west1/clusters')).body).toEqual({clusters: []})
  expect((await call('GET', '/v1/projects/demo/locations/us-east1/clusters/none')).status).toBe(404)
})
