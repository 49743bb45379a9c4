/** A region left in order, a region killed, and the way back: the built binary, under writes, every acknowledged one looked for. */
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {Facts} from '../../src/facts.ts'
import {lostOf, startLoad} from './load.ts'
import {openPlatform, type Platform, withoutPlatform} from './platform.ts'

const platformTest = test.skipIf(withoutPlatform)
const [FIRST, SECOND] = ['us-east1', 'europe-west1'] as const
const GIVE_UP = ['failover', '--region', FIRST, '--unplanned', '--accept-data-loss', '1m'] as const

let platform: Platform
let url: string
beforeAll(() => {
  platform = openPlatform('rental')
})
afterAll(() => platform?.remove())

const status = async () => (await platform.ha('status', '--json')).result

const ofObserver = ({observer}: {observer?: {seen?: Facts}}) => ({
  lag: observer?.seen?.lag !== undefined && observer.seen.lag.seconds < 5,
  canary: observer?.seen?.canaries.read?.answer,
})

/** What would be lost, once it can be told since when the region answers nobody; seconds. */
async function untilSilent(): Promise<{bound: number; held: number}> {
  let found: RegExpExecArray | null = null
  await expect
    .poll(
      async () => {
        const {result} = await platform.ha(...GIVE_UP, '--dry-run', '--json')
        const {reason = ''} = result?.checks.find(({name}: {name: string}) => name === 'data loss') ?? {}
        found = /^at most ([\d.]+) s .* up to ([\d.]+) s ago, and us-east1 has answered nobody for the last/.exec(
          reason,
        )
        return found !== null
      },
      {timeout: 60_000},
    )
    .toBe(true)
  const [, bound, held] = found!
  return {bound: Number(bound), held: Number(held)}
}

platformTest('a planned failover loses nothing, fails no read, and leaves nothing to deploy', async () => {
  const deployed = await platform.ha('deploy', '--yes', '--json')
  expect(deployed.code, deployed.stderr).toBe(0)
  url = deployed.result.url
  const load = startLoad(url)
  const [one, other] = await Promise.all([
    platform.ha('failover', '--region', FIRST, '--yes', '--json'),
    platform.ha('failover', '--region', FIRST, '--yes', '--json'),
  ])
  const ledger = await load.stop()
  expect([one.code, other.code].sort(), one.stderr + other.stderr).toEqual([0, 75])
  expect(ledger.bookings.size).toBeGreaterThan(50)
  expect(await lostOf(url, ledger)).toEqual([])
  expect(ledger.failedReads).toEqual([])
  const {roles, healthy} = await status()
  expect(roles).toMatchObject({epoch: 2, primary: SECOND, generations: {[FIRST]: 2}, drained: [FIRST]})
  expect(healthy).toBe(true)
  // Every region is observed: heartbeats come in, and a client is answered.
  await expect
    .poll(async () => (await status()).regions.map(ofObserver), {timeout: 30_000})
    .toEqual([
      {lag: true, canary: '200'},
      {lag: false, canary: '200'},
    ])
  expect((await platform.ha('plan', '--detailed-exitcode')).code).toBe(0)
  expect((await platform.ha('plan', '--refresh', '--detailed-exitcode')).code).toBe(0)
})

platformTest('back in steps, then a killed region is given up within the bound that was stated', async () => {
  const back = await platform.ha('failback', '--region', FIRST, '--soak', '1s', '--yes', '--json')
  expect(back.code, back.stderr).toBe(0)
  expect((await status()).roles).toMatchObject({epoch: 3, primary: FIRST, drained: []})

  const alive = await platform.ha(...GIVE_UP, '--yes')
  expect(alive.code).toBe(18)
  expect(alive.stderr).toContain('alive')

  const load = startLoad(url)
  await expect.poll(() => fetch(`${url}/readyz`).then(({status: code}) => code)).toBe(200)
  await platform.region(FIRST, 'kill')
  // The longer people look at it the surer it gets; the bound does not grow meanwhile.
  const looked = [await untilSilent(), await untilSilent()]
  expect(looked[1]!.held).toBeGreaterThan(looked[0]!.held)
  expect(looked[1]!.bound).toBeLessThan(looked[0]!.bound + 1)
  const given = await platform.ha(...GIVE_UP, '--yes', '--json')
  // Before the load: writers that wait for a failover which was refused would hide why it was.
  expect(given.code, given.stderr + JSON.stringify(given.events.slice(-3))).toBe(0)
  const ledger = await load.stop()
  const {roles, safety} = await status()
  expect(roles).toMatchObject({epoch: 4, primary: SECOND, lost: [FIRST]})
  expect(JSON.stringify(safety)).toContain('not protected')
  expect(given.result.lossBoundSeconds).toBeLessThan(60)
  // Asynchronous replication may lose the last moments; with a ledger of a hundred a second that is few, and never all.
  expect((await lostOf(url, ledger)).length).toBeLessThan(100 * given.result.lossBoundSeconds)
})
