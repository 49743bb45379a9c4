/** A region whose processes are stopped, so that it takes every call and answers none: what is in the other one is changed all the same. */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Ended, openPlatform, type Platform, withoutPlatform} from './platform.ts'

const platformTest = test.skipIf(withoutPlatform)
/** Three questions of three seconds each, for the preview and for the update, and what a busy machine takes for the rest. */
const BOUND_MS = 90_000

let platform: Platform
beforeAll(() => {
  platform = openPlatform('rental')
})
afterAll(() => platform?.remove())

const region = (verb: 'pause' | 'resume') => platform.region('europe-west1', verb)
const stacksOf = ({result}: Ended): string[] =>
  result.stacks.filter(({verdict}: {verdict: string}) => verdict === 'change').map(({stack}: {stack: string}) => stack)
/** Wanted instances of the API, as the region's own cluster says; undefined where it does not answer. */
async function desired(name: string) {
  const {regions} = (await platform.ha('status', '--json')).result
  const {services} = regions.find((it: {name: string}) => it.name === name)
  return services.seen?.find((it: {name: string}) => it.name === 'api').desired
}

platformTest('with one region stopped, plan names it and shows what changes in the other', async () => {
  expect(await platform.ha('deploy', '--yes')).toMatchObject({code: 0})
  await region('pause')
  platform.edit((text) => text.replace('min: 3, max: 30', 'min: 4, max: 30').replace('100GiB', '110GiB'))
  const plan = await platform.ha('plan', '--json', '--detailed-exitcode')
  expect(plan).toMatchObject({code: 2, result: {silent: ['europe-west1']}})
  expect(stacksOf(plan)).toEqual(['data', 'app-us-east1'])
  expect(JSON.stringify(plan.result.stacks)).not.toContain('europe-west1-g1')
  expect(plan.result.warnings[0]).toContain('europe-west1 does not answer')
  expect(plan.ms).toBeLessThan(BOUND_MS)
})

platformTest(
  'deploy changes the other region in bounded time, names what it left alone, and ends with 22',
  async () => {
    const deployed = await platform.ha('deploy', '--yes', '--json')
    expect(deployed.code, deployed.stderr).toBe(22)
    expect(deployed.ms).toBeLessThan(BOUND_MS)
    expect(deployed.events).toContainEqual(
      expect.objectContaining({kind: 'stack.skipped', stack: 'app-europe-west1', reason: 'region-silent'}),
    )
    expect(deployed.events.at(-1)).toMatchObject({
      kind: 'error.raised',
      code: 'REGION_SILENT',
      data: {regions: ['europe-west1'], left: ['app-europe-west1']},
    })
    expect([await desired('us-east1'), await desired('europe-west1')]).toEqual([4, undefined])
  },
)

platformTest(
  'when the region goes on, the next deploy brings it up to date, and then nothing is left to do',
  async () => {
    await region('resume')
    const deployed = await platform.ha('deploy', '--yes', '--json')
    expect(deployed, deployed.stderr).toMatchObject({code: 0, result: {changed: true}})
    expect(deployed.events.filter(({kind}) => kind === 'stack.finished').map(({stack}) => stack)).toEqual(
      expect.arrayContaining(['data', 'app-europe-west1']),
    )
    expect(await desired('europe-west1')).toBe(4)
    expect((await platform.ha('plan', '--json')).result).toMatchObject({changes: false, silent: []})
  },
)

platformTest(
  'destroy deletes nothing while the region is silent, says so in bounded time, and when it goes on all is gone',
  async () => {
    await region('pause')
    const refused = await platform.ha('destroy', '--yes', '--lift-protection', '--json')
    expect(refused.code, refused.stderr).toBe(69)
    expect(refused.ms).toBeLessThan(BOUND_MS)
    expect(refused.events.at(-1)).toMatchObject({code: 'CLOUD_UNREACHABLE', data: {regions: ['europe-west1']}})
    const next = JSON.stringify(refused.events.at(-1)?.next)
    expect(next).toContain('run.js destroy')
    expect(next).not.toContain('deploy')
    expect(refused.events.filter(({kind}) => kind === 'stack.started')).toEqual([])
    await region('resume')
    expect(await platform.ha('destroy', '--yes', '--lift-protection', '--json')).toMatchObject({code: 0})
  },
)
