import {generateKeyPairSync} from 'node:crypto'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {findCredentials, identityOf, requireCredentials} from '../../src/cloud/credentials.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ha-credentials-'))
})
afterEach(() => rmSync(home, {recursive: true, force: true}))

const look = (env: Record<string, string> = {}, product = '') => ({env, home, product: () => product})
const signIn = (folder: string) => {
  mkdirSync(folder, {recursive: true})
  const path = join(folder, 'application_default_credentials.json')
  writeFileSync(path, JSON.stringify({type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r'}))
  return path
}

test('without credentials it says what to type, at a desk and in a pipeline', () => {
  expect(() => requireCredentials(look())).toThrow(
    expect.objectContaining({
      code: 'CREDENTIALS_MISSING',
      exit: 69,
      next: expect.arrayContaining([expect.stringContaining('gcloud auth application-default login')]),
    }),
  )
})

test('they are found where gcloud leaves them, also when it was told another folder', () => {
  const usual = signIn(join(home, '.config', 'gcloud'))
  expect(findCredentials(look())).toEqual({kind: 'file', path: usual})
  const other = signIn(join(home, 'other'))
  expect(findCredentials(look({CLOUDSDK_CONFIG: join(home, 'other')}))).toEqual({kind: 'file', path: other})
})

test('a file that is named wins, and one that is not there is an error rather than another identity', () => {
  signIn(join(home, '.config', 'gcloud'))
  const named = signIn(join(home, 'named'))
  expect(findCredentials(look({GOOGLE_APPLICATION_CREDENTIALS: named}))).toEqual({kind: 'file', path: named})
  expect(() => findCredentials(look({GOOGLE_APPLICATION_CREDENTIALS: join(home, 'gone.json')}))).toThrow(/gone\.json/)
})

test.each([
  ['a virtual machine of Google’s', {}, 'Google Compute Engine'],
  ['Cloud Run', {K_SERVICE: 'x'}, ''],
  ['a build that says where to ask', {GCE_METADATA_HOST: 'metadata.google.internal'}, ''],
])('on %s the machine says who it is', (_, env, product) => {
  expect(findCredentials(look(env as Record<string, string>, product))).toEqual({kind: 'machine'})
})

test('a token that was passed in is used as it is', async () => {
  const found = requireCredentials(look({GOOGLE_OAUTH_ACCESS_TOKEN: 'abc'}))
  expect(await identityOf(found, 'p').token()).toBe('abc')
})

test('whom they speak for is read from a service account’s file, and from nowhere else where that says it', async () => {
  const path = join(home, 'key.json')
  const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048})
  const key = privateKey.export({type: 'pkcs8', format: 'pem'})
  const email = 'deployer@stay.iam.gserviceaccount.com'
  writeFileSync(path, JSON.stringify({type: 'service_account', client_email: email, private_key: key}))
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', path)
  expect(await identityOf({kind: 'file', path}, 'p').caller()).toBe(email)
  vi.unstubAllEnvs()
})
