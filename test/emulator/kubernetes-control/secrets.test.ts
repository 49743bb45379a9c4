import {createServer} from 'node:http'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {conditionOf, isTrue} from '../../../src/emulator/kubernetes/control/conditions.ts'
import {secretSync} from '../../../src/emulator/kubernetes/control/secret-sync.ts'
import {openStage, type Stage} from './plane.ts'

const SYNCS = 'secret-sync.gke.io/secretsyncs'
let stage: Stage
let versions: Record<string, string>
const manager = createServer((request, response) => {
  const value = versions[request.url ?? '']
  response.statusCode = value === undefined ? 404 : 200
  response.end(
    JSON.stringify(
      value === undefined ? {error: {message: `Secret ${request.url} not found`}} : {payload: {data: value}},
    ),
  )
})
beforeEach(async () => {
  versions = {}
  stage = await openStage()
  await new Promise<void>((done) => manager.listen(0, '127.0.0.1', done))
  stage.run(secretSync(stage, `http://127.0.0.1:${(manager.address() as {port: number}).port}`))
})
afterEach(async () => {
  manager.closeAllConnections()
  manager.close()
  await stage.close()
})

const STRIPE = 'projects/p/secrets/stripe/versions/latest'
const put = (value: string) => {
  versions[`/v1/${STRIPE}:access`] = Buffer.from(value).toString('base64')
}
const declare = () => {
  stage.store.create('secrets-store.csi.x-k8s.io/secretproviderclasses', {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: {name: 'source', namespace: 'shop'},
    spec: {provider: 'gke', parameters: {secrets: JSON.stringify([{resourceName: STRIPE, path: 'STRIPE_KEY'}])}},
  })
  stage.store.create(SYNCS, {
    apiVersion: 'secret-sync.gke.io/v1',
    kind: 'SecretSync',
    metadata: {name: 'secrets', namespace: 'shop'},
    spec: {
      secretProviderClassName: 'source',
      secretObject: {type: 'Opaque', data: [{sourcePath: 'STRIPE_KEY', targetKey: 'STRIPE_KEY'}]},
    },
  })
}
const value = () => {
  const text = stage.store.get('secrets', 'shop', 'secrets')?.data.STRIPE_KEY
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString()
}

test('a secret of Secret Manager becomes a Secret of the cluster, and comes back when it is deleted', async () => {
  put('sk_1')
  declare()
  await stage.until((store) => isTrue(store.get(SYNCS, 'shop', 'secrets')!, 'SecretSynced'))
  expect(value()).toBe('sk_1')
  put('sk_2')
  stage.store.delete('secrets', 'shop', 'secrets')
  await stage.until(() => value() === 'sk_2')
})

test('a secret without a version is asked for again until it has one, and the reason is shown', async () => {
  declare()
  await stage.until(
    (store) => conditionOf(store.get(SYNCS, 'shop', 'secrets')!, 'SecretSynced')?.reason === 'ProviderError',
  )
  expect(stage.store.get('secrets', 'shop', 'secrets')).toBeUndefined()
  put('sk_1')
  await stage.until(() => value() === 'sk_1')
})
