/** Three regions: the primary is moved in order, its new region killed, and brought back; the third one's readers never fall behind. */
import pg from 'pg'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Ledger, lostOf, startLoad} from './load.ts'
import {few, openPlatform, type Platform, withoutPlatform} from './platform.ts'
import {serversOf} from './servers.ts'
import * as settled from './settled.ts'

const platformTest = test.skipIf(withoutPlatform)
const [FIRST, SECOND, THIRD] = ['us-east1', 'europe-west1', 'us-west1'] as const

let platform: Platform
beforeAll(() => {
  platform = openPlatform('rental', (text) =>
    few(text).replace(/^regions: .*/m, `regions: [${FIRST}, ${SECOND}, ${THIRD}]`),
  )
})
afterAll(() => platform?.remove())

const done = (...args: string[]) => settled.done(platform, ...args)
const expectPrimary = (region: string, roles: object) => settled.expectPrimary(platform, region, roles)

/** What the region's readers are sent to. */
async function readFrom(region: string): Promise<string> {
  const zone = `${platform.cloud().googleapis}/dns/v1/projects/rental-local/managedZones/rental-local-internal`
  const answer = await fetch(`${zone}/rrsets/db-ro-${region}.rental.ha.internal./TXT`)
  return ((await answer.json()) as {rrdatas: string[]}).rrdatas[0]!.replaceAll('"', '').split(':').at(-1)!
}

/** Readers in the region get, from an instance of this generation, every booking that was confirmed. */
async function expectFresh(region: string, generation: number, {bookings}: Pick<Ledger, 'bookings'>): Promise<void> {
  const name = `rental-local-${region}-g${generation}`
  expect(await readFrom(region)).toBe(name)
  const {url} = (await serversOf(platform.dir)).find(({instance}) => instance === name)!
  const client = new pg.Client({connectionString: url})
  await client.connect()
  try {
    const count = async () => {
      const sql = 'SELECT count(*)::int AS n, pg_is_in_recovery() AS follows FROM bookings WHERE id::text = ANY($1)'
      return (await client.query<{n: number; follows: boolean}>(sql, [[...bookings.values()]])).rows[0]
    }
    await expect.poll(count, {timeout: 15_000}).toEqual({n: bookings.size, follows: true})
  } finally {
    await client.end()
  }
}

platformTest(
  'the primary moves through three regions, in order and not, and no reader is left with an old copy',
  async () => {
    const {url} = await done('deploy')
    const planned = startLoad(url)
    const moved = await done('failover', '--region', FIRST, '--to', SECOND)
    const first = await planned.stop()
    expect(first.bookings.size).toBeGreaterThan(50)
    expect(first.failedReads).toEqual([])
    expect(await lostOf(url, first)).toEqual([])
    await expectPrimary(SECOND, {epoch: 2, generations: {[FIRST]: 2, [SECOND]: 1, [THIRD]: 2}})
    await expectFresh(FIRST, 2, first)
    await expectFresh(THIRD, 2, first)

    await platform.region(SECOND, 'kill')
    const giveUp = ['failover', '--region', SECOND, '--to', THIRD, '--unplanned', '--accept-data-loss', '2m']
    await expect.poll(async () => (await platform.ha(...giveUp, '--dry-run')).code, {timeout: 60_000}).toBe(0)
    const given = await done(...giveUp)
    const unplanned = startLoad(url)
    await expect.poll(() => unplanned.ledger.bookings.size, {timeout: 30_000}).toBeGreaterThan(20)
    const second = await unplanned.stop()
    // Nobody wrote while it was killed, and both replicas had all of it.
    expect(await lostOf(url, first)).toEqual([])
    await expectPrimary(THIRD, {epoch: 3, lost: [SECOND], generations: {[FIRST]: 3, [SECOND]: 1, [THIRD]: 2}})
    await expectFresh(FIRST, 3, second)

    await platform.region(SECOND, 'start')
    const back = ['failback', '--region', SECOND, '--soak', '1s']
    await expect.poll(async () => (await platform.ha(...back, '--dry-run')).code, {timeout: 120_000}).toBe(0)
    const returning = startLoad(url)
    await done(...back)
    const third = await returning.stop()
    expect(third.failedReads).toEqual([])
    for (const ledger of [first, second, third]) expect(await lostOf(url, ledger)).toEqual([])
    await expectPrimary(SECOND, {epoch: 4, lost: [], generations: {[FIRST]: 4, [SECOND]: 2, [THIRD]: 3}})
    await expectFresh(FIRST, 4, third)
    await expectFresh(THIRD, 3, third)
    // Every new primary could be recovered by the end, and what was replaced on the way is named.
    expect([moved, given].map(({recoverableSince}) => typeof recoverableSince)).toEqual(['number', 'number'])
    const {leftBehind, recovery, healthy} = (await platform.ha('status', '--json')).result
    expect(recovery.seen.earliest).toBeGreaterThan(given.recoverableSince)
    const names = [`${SECOND}-g1`, ...[1, 2, 3].map((n) => `${FIRST}-g${n}`), ...[1, 2].map((n) => `${THIRD}-g${n}`)]
    expect(leftBehind.map(({name}: {name: string}) => name).toSorted()).toEqual(names.map((it) => `rental-local-${it}`))
    expect(healthy).toBe(true)
    const {leftovers} = await done('destroy')
    expect(leftovers.map(({name}: {name: string}) => name)).toEqual(
      expect.arrayContaining(leftBehind.map(({name}: {name: string}) => name)),
    )
  },
)
