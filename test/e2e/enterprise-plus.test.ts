/** The preset critical, whose database exchanges roles itself: there in order, the new primary killed, and back. */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {lostOf, startLoad} from './load.ts'
import {few, openPlatform, type Platform, withoutPlatform} from './platform.ts'
import {serversOf} from './servers.ts'
import * as settled from './settled.ts'

const platformTest = test.skipIf(withoutPlatform)
const [FIRST, SECOND] = ['us-east1', 'europe-west1'] as const

let platform: Platform
beforeAll(() => {
  platform = openPlatform('rental', (text) => few(text).replace('target: local', 'target: local\n    preset: critical'))
})
afterAll(() => platform?.remove())

const done = (...args: string[]) => settled.done(platform, ...args)
const kindsOf = ({journal}: {journal: {what: string; plan?: {steps: {kind: string; input: object}[]}}[]}) =>
  journal[0]!.plan!.steps

async function expectPrimary(region: string, roles: object): Promise<void> {
  await settled.expectPrimary(platform, region, roles)
  const writable = (await serversOf(platform.dir)).filter((it) => it.writable)
  expect(writable.map((it) => it.region)).toEqual([region])
}

platformTest(
  'roles are exchanged, a lost primary is left to Cloud SQL, and its region comes back as it was',
  async () => {
    const {url} = await done('deploy')
    const load = startLoad(url)

    const planned = await done('failover', '--region', FIRST, '--keep-traffic')
    expect(kindsOf(planned).map(({kind}) => kind)).toContain('switchover')
    await expectPrimary(SECOND, {epoch: 2})
    const before = await load.stop()
    expect(await lostOf(url, before)).toEqual([])
    expect(before.failedReads).toEqual([])

    await platform.region(SECOND, 'kill')
    const giveUp = ['failover', '--region', SECOND, '--unplanned', '--accept-data-loss', '2m']
    await expect.poll(async () => (await platform.ha(...giveUp, '--dry-run')).code, {timeout: 60_000}).toBe(0)
    const given = await done(...giveUp)
    expect(kindsOf(given).find(({kind}) => kind === 'promote')).toMatchObject({input: {failover: true}})
    await expectPrimary(FIRST, {epoch: 3, lost: [SECOND]})
    expect(await lostOf(url, before)).toEqual([])

    await platform.region(SECOND, 'start')
    const back = ['failback', '--region', SECOND, '--soak', '1s']
    await expect.poll(async () => (await platform.ha(...back, '--dry-run')).code, {timeout: 120_000}).toBe(0)
    expect(kindsOf(await done(...back)).map(({kind}) => kind)).not.toContain('replicate')
    await expectPrimary(SECOND, {epoch: 4, lost: [], drained: [], generations: {[FIRST]: 1, [SECOND]: 1}})
    expect(await lostOf(url, before)).toEqual([])
  },
)
