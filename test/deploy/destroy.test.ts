import {expect, test} from 'vitest'
import {agree} from '../../src/deploy/destroy.ts'

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
