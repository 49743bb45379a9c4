import {expect, test} from 'vitest'
import type {Config} from '../../src/config/config.ts'
import {agree, keptBackups} from '../../src/deploy/destroy.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const environment = {config: {app: 'rent', environment: 'production'}} as Parameters<typeof agree>[0]['environment']
const request = (over: {yes?: boolean; liftProtection?: boolean; interactive?: boolean}) => ({
  environment,
  surroundings: {interactive: over.interactive ?? false} as Parameters<typeof agree>[0]['surroundings'],
  yes: over.yes ?? false,
  liftProtection: over.liftProtection ?? false,
})
const DATABASE = 'Cloud SQL instance rent-production-us-east1-g1'

test('what is not protected goes with --yes, and without it there is nobody to ask', async () => {
  await agree(request({yes: true}), [])
  await expect(agree(request({}), [])).rejects.toMatchObject({code: 'PLAN_NEEDS_ANSWER'})
})

test.each([
  ['--yes alone', {yes: true}],
  ['nothing', {}],
])('with %s what is protected stays, and the hint is the flag', async (_, flags) => {
  await expect(agree(request(flags), [DATABASE])).rejects.toMatchObject({
    code: 'PLAN_UNSAFE',
    message: expect.stringContaining(DATABASE),
    next: [expect.stringContaining('--lift-protection')],
    data: {guarded: [DATABASE]},
  })
})

test('--lift-protection is no --yes: both are needed where nobody can be asked', async () => {
  await expect(agree(request({liftProtection: true}), [DATABASE])).rejects.toMatchObject({code: 'PLAN_NEEDS_ANSWER'})
  await agree(request({liftProtection: true, yes: true}), [DATABASE])
})

test('of many the first few are named, and how many more there are', async () => {
  const guarded = Array.from({length: 9}, (_, i) => `topic t${i}`)
  await expect(agree(request({yes: true}), guarded)).rejects.toMatchObject({
    message: expect.stringContaining('topic t4 and 4 more'),
  })
})

test('what outlives a cluster on Google Cloud is told, with the line that is rid of it', () => {
  const topologyOf = (over: Partial<Config>) => {
    const config = exampleConfig(over)
    return deriveTopology(config, initialRoles(config))
  }
  const [first] = keptBackups(topologyOf({}))
  expect(keptBackups(topologyOf({}))).toHaveLength(2)
  expect(first?.message).toContain('stay-test-us-east1 stay in europe-west1 for 14 days')
  // Its name is taken.
  expect(first?.message).toContain('a deploy that makes stay-test-us-east1 again stops there')
  expect(first?.next.join()).toContain(
    'backup-plans delete stay-test-us-east1 --location=europe-west1 --project=stay-test',
  )
  expect(keptBackups(topologyOf({preset: 'dev'}))).toEqual([])
  expect(keptBackups(topologyOf({target: 'local'}))).toEqual([])
})
