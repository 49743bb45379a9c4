import {describe, expect, test} from 'vitest'
import {parseEntries} from '../../src/operations/journal.ts'
import type {Plan} from '../../src/operations/plan.ts'
import {planSwitchover} from '../../src/operations/switchover.ts'
import {planUnplanned} from '../../src/operations/unplanned.ts'
import {FROM, type Stage, sceneOf, stage, TO, topologyOf} from './stage.ts'

const planned = async (it: Stage): Promise<Plan> =>
  planSwitchover(topologyOf(it), it.roles, await sceneOf(it), {from: FROM, to: TO, keepTraffic: false})

const unplanned = async (it: Stage): Promise<Plan> => {
  it.cloud.gone.add(FROM)
  return planUnplanned(topologyOf(it), it.roles, await sceneOf(it), {from: FROM, to: TO})
}

const PROCEDURES = [
  ['switchover, standard', 'standard', planned],
  ['switchover, critical', 'critical', planned],
  ['failover', 'standard', unplanned],
] as const

async function expectMoved(it: Stage): Promise<void> {
  const [old, primary] = [`stay-test-${FROM}-g1`, `stay-test-${TO}-g1`]
  const reachable = it.cloud.writable().filter((name) => !it.cloud.gone.has(it.cloud.servers.get(name)!.facts.region))
  expect(reachable).toEqual([primary])
  expect(it.cloud.records.get('db.stay.ha.internal.')).toBe(`stay-test:${TO}:${primary}`)
  expect(it.roles).toMatchObject({epoch: 2, primary: TO})
  expect(it.cloud.shares.get(FROM)).toBe(0)
  expect(it.cloud.begun.filter(({deed}) => deed === 'promote' || deed === 'switchover')).toHaveLength(1)
  expect(it.reconciled).toBeGreaterThan(0)
  const entries = parseEntries(await it.lines(), 'run-1')
  expect(entries.at(-1)).toMatchObject({what: 'finished', outcome: 'done'})
  if (it.cloud.servers.get(old)!.facts.role === 'primary') {
    expect(it.fences.map(({instance}) => instance)).toContain(old)
    if (it.cloud.gone.size > 0) expect(it.fences[0]).toMatchObject({state: 'pending', forkXid: 777})
  }
}

describe.each(PROCEDURES)('%s', (_, preset, planOf) => {
  test('moves the primary', async () => {
    using it = stage(preset)
    await it.run(await planOf(it), 'fresh')
    await expectMoved(it)
  })

  test.each([false, true])(
    'killed at any moment (its last deed done: %s) and resumed, it ends with one primary and a whole journal',
    async (after) => {
      let kills = 0
      for (let left = 1; ; left++) {
        using it = stage(preset)
        const plan = await planOf(it)
        it.fuse = {left, after}
        const died = await it.run(plan, 'fresh').then(
          () => false,
          () => true,
        )
        it.fuse = undefined
        if (!died) break
        kills += 1
        expect(it.cloud.writable().length, `two primaries after ${left} deeds`).toBeLessThanOrEqual(
          it.cloud.gone.size > 0 ? 2 : 1,
        )
        await it.run(plan, 'resumed')
        await expectMoved(it)
      }
      expect(kills).toBeGreaterThan(15)
    },
  )
})
