/** The commands of an environment on Google Cloud, on a machine that has no account: each ends at once, and says what to do. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {startGcs} from '../fakes/gcs.ts'
import {openPlatform, type Platform} from './platform.ts'

let home: string
let platform: Platform
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'ha-nobody-'))
  platform = openPlatform('rental')
})
afterAll(async () => {
  await platform?.remove()
  rmSync(home, {recursive: true, force: true})
})

const ABSENT = ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'CLOUDSDK_CONFIG', 'GCE_METADATA_HOST']
/** Nobody is signed in, and nothing is installed but Node. */
const bare = () => ({
  ...Object.fromEntries(ABSENT.map((name) => [name, ''])),
  HOME: home,
  PATH: dirname(process.execPath),
})
const ha = (...args: string[]) => platform.under(bare(), ...args, '-e', 'production')

test.each([
  ['plan'],
  ['deploy', '--yes'],
  ['status'],
  ['destroy', '--yes'],
  ['failover', '--region', 'us-east1', '--yes'],
])('without credentials ha %s says how to get some', async (...args) => {
  const {code, stderr} = await ha(...args)
  expect(stderr).toContain('[CREDENTIALS_MISSING]')
  expect(stderr).toContain('gcloud auth application-default login')
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(code).toBe(69)
})

test('the graph of a first deploy can be seen without an account', async () => {
  const {code, stderr, stdout} = await ha('graph')
  expect(code, stderr).toBe(0)
  expect(stderr).toContain('Without credentials')
  expect(stdout).toMatch(/foundation[\s\S]+cell-us-east1[\s\S]+edge/)
})

test('with credentials, but nothing to sign in to clusters with, a plan ends before anything is asked of Google', async () => {
  const gcs = await startGcs([])
  const variables = {...bare(), GOOGLE_OAUTH_ACCESS_TOKEN: 'x', STORAGE_EMULATOR_HOST: new URL(gcs.base).host}
  const {code, stderr} = await platform.under(variables, 'plan', '-e', 'production')
  await gcs.close()
  expect(stderr).toContain('[TOOL_MISSING]')
  expect(stderr).toContain('gcloud components install gke-gcloud-auth-plugin')
  expect(code).toBe(69)
})
