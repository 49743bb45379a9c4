/**
 * kill -9 of `ha` at points of the planned failover, the unplanned one and both ways back, under load: `ha failover resume` finishes
 * what was left, and then one server takes writes, the ledger is clean and the plan is empty. Here a sample, its seed printed;
 * `node test/bench/failover-kills.ts` goes through all points.
 */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {beginStretch, type LegKind, runLeg, type Stretch, stepsOf} from './operations.ts'
import {few, openPlatform, type Platform, withoutPlatform} from './platform.ts'
import {pointsOf, random} from './points.ts'

const platformTest = test.skipIf(withoutPlatform)
const seed = Number(process.env.HA_TEST_SEED ?? (Date.now() % 1_000_000) + 1)
const next = random(seed)
const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!

let platform: Platform
let stretch: Stretch
beforeAll(async () => {
  if (withoutPlatform) return
  process.stdout.write(`The points are those of HA_TEST_SEED=${seed}.\n`)
  platform = openPlatform('rental', few)
  stretch = await beginStretch(platform, 60)
})
afterAll(() => platform?.remove())

/** Kills it at a point of the seed's choosing. */
async function survives(kind: LegKind): Promise<void> {
  const point = oneOf(pointsOf(await stepsOf(stretch, kind)))
  const leg = await runLeg(stretch, kind, point)
  process.stdout.write(`${JSON.stringify(leg)}\n`)
  expect(leg.wrong, `${kind}, killed: ${leg.killed}, ${point.step}, ${point.phase}`).toEqual([])
  if (kind !== 'unplanned') expect(leg.lost).toBe(0)
}

/** More of them with HA_TEST_ROUNDS. */
const rounds = Number(process.env.HA_TEST_ROUNDS ?? 1)

platformTest('a planned failover and the way back, each killed at a point, lose nothing', async () => {
  for (let round = 0; round < rounds; round++) {
    await survives('planned')
    await survives('failback')
  }
})

platformTest('an unplanned failover and the return of the lost region, each killed at a point', async () => {
  for (let round = 0; round < rounds; round++) {
    await survives('unplanned')
    await survives('failback of lost')
  }
})
