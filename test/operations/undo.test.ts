import {expect, test} from 'vitest'
import {planSwitchover} from '../../src/operations/switchover.ts'
import {FROM, type Stage, sceneOf, stage, TO, topologyOf} from './stage.ts'

const planOf = async (it: Stage) =>
  planSwitchover(topologyOf(it), it.roles, await sceneOf(it), {from: FROM, to: TO, keepTraffic: false})

function expectUntouched(it: Stage): void {
  expect(it.cloud.writable()).toEqual([`stay-test-${FROM}-g1`])
  expect(it.cloud.records.get('db.stay.ha.internal.')).toBe(`stay-test:${FROM}:stay-test-${FROM}-g1`)
  expect(it.cloud.records.get(`db-ro-${FROM}.stay.ha.internal.`)).toBe(`stay-test:${FROM}:stay-test-${FROM}-g1`)
  expect(it.roles).toMatchObject({epoch: 1, primary: FROM})
}

test('a replica that never shows the last record is not promoted: the old primary is started again', async () => {
  const it = stage()
  const plan = await planOf(it)
  const {query} = it.cloud
  it.cloud.query = async (name, sql) =>
    sql.includes('pg_control_checkpoint') ? [['t', 'f', '0', '777']] : query(name, sql)
  await expect(it.run(plan, 'fresh')).rejects.toMatchObject({code: 'OPERATION_UNCHANGED', exit: 18})
  expectUntouched(it)
  expect(it.cloud.begun.some(({deed}) => deed === 'promote')).toBe(false)
})

test('what fails after the point of no return is left to be finished', async () => {
  const it = stage()
  const plan = await planOf(it)
  const {setRotation} = it.cloud
  it.cloud.setRotation = async () => {
    throw new Error('no')
  }
  await expect(it.run(plan, 'fresh')).rejects.toMatchObject({code: 'OPERATION_INCOMPLETE', exit: 22})
  it.cloud.setRotation = setRotation
  await it.run(plan, 'resumed')
  expect(it.roles).toMatchObject({primary: TO, generations: {[FROM]: 2}})
})
