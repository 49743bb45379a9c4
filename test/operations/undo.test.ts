import {appendFileSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {undo} from '../../src/operations/execute.ts'
import {parseEntries} from '../../src/operations/journal.ts'
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
  using it = stage()
  const plan = await planOf(it)
  const {query} = it.cloud
  it.cloud.query = async (name, sql) => (sql.includes('pg_control_checkpoint') ? [['f']] : query(name, sql))
  await expect(it.run(plan, 'fresh')).rejects.toMatchObject({code: 'OPERATION_UNCHANGED', exit: 18})
  expectUntouched(it)
  expect(it.cloud.begun.some(({deed}) => deed === 'promote')).toBe(false)
})

test('what fails after the point of no return is left to be finished', async () => {
  using it = stage()
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

test('abort takes back what a killed run had done, at every moment before the point of no return', async () => {
  for (let left = 1; ; left++) {
    using it = stage()
    const plan = await planOf(it)
    it.fuse = {left, after: true}
    await it.run(plan, 'fresh').catch(() => {})
    it.fuse = undefined
    if (it.cloud.begun.some(({deed}) => deed === 'promote')) {
      await expect(undo(plan, await it.means())).rejects.toMatchObject({code: 'OPERATION_INCOMPLETE'})
      break
    }
    await undo(plan, await it.means())
    expectUntouched(it)
  }
})

test('a torn last line is written over, a changed one is found out', async () => {
  using it = stage()
  const plan = await planOf(it)
  it.fuse = {left: 6, after: true}
  await it.run(plan, 'fresh').catch(() => {})
  it.fuse = undefined
  const path = join(it.folder, 'run-1', 'journal.jsonl')
  appendFileSync(path, '{"what":"int')
  await it.run(plan, 'resumed')
  expect(parseEntries(await it.lines(), 'run-1').at(-1)).toMatchObject({outcome: 'done'})
  writeFileSync(path, readFileSync(path, 'utf8').replace('"epoch":2', '"epoch":3'))
  expect(() => parseEntries(readFileSync(path, 'utf8').split('\n').slice(0, -1), 'run-1')).toThrow('not what ha wrote')
})

test('a journal that is lost costs nothing: the world tells how far it went', async () => {
  using it = stage()
  const plan = await planOf(it)
  await it.run(plan, 'fresh')
  writeFileSync(join(it.folder, 'run-1', 'journal.jsonl'), '')
  await it.run(plan, 'resumed')
  expect(it.cloud.writable()).toEqual([`stay-test-${TO}-g1`])
  expect(it.cloud.begun.filter(({deed}) => deed === 'promote')).toHaveLength(1)
})
