/** What is looked at before an operation, where it takes more than asking. */
import {expect, test} from 'vitest'
import {deriveTopology} from '../../src/topology/derive.ts'
import {FROM, type Stage, sceneOf, stage, TO} from './stage.ts'

const OUTBOX = 'SELECT 12.5 -- seconds'

function asking(answer: (instance: string) => (string | null)[][]): {it: Stage; asked: unknown[][]} {
  const base = stage()
  const config = {...base.config, operations: {blocked: [], outbox: OUTBOX}}
  const it = {...base, config}
  const asked: unknown[][] = []
  const {query} = it.cloud
  it.cloud.query = async (instance, sql, database) => {
    if (!sql.includes(OUTBOX)) return query(instance, sql, database)
    asked.push([instance, sql, database])
    return answer(instance)
  }
  return {it, asked}
}

test('the outbox is asked where the app keeps it, and what is asked may neither write nor outlast the look', async () => {
  const {it, asked} = asking((instance) => [[instance.includes(FROM) ? '12.5' : null]])
  const {outbox} = await sceneOf(it)
  expect(outbox).toEqual({[`stay-test-${FROM}-g1`]: {seen: 12.5}, [`stay-test-${TO}-g1`]: {seen: null}})
  const {name} = deriveTopology(it.config, it.roles).database!
  for (const [, sql, database] of asked) {
    expect(sql).toMatch(/^SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = \d+; SELECT /)
    expect(database).toBe(name)
  }
})

test('an app whose outbox nobody told of is not asked', async () => {
  expect((await sceneOf(stage())).outbox).toEqual({})
})
