import {expect, test} from 'vitest'
import type {Operable, Position} from '../../src/cloud/operable.ts'
import type {Means} from '../../src/operations/means.ts'
import {awaitReplay} from '../../src/operations/steps/replay.ts'

const position: Position = {
  ...{inRecovery: true, timeline: 1, systemId: '1', lsn: 900, replayed: 880, streaming: false, paused: false},
  ...{lagSeconds: 1, oldestTransactionSeconds: 0, contactSeconds: 4},
}

const observed = (seen: Position, waiting: '0' | '1') => {
  const query = async (_: string, sql: string) => (sql.includes('wait_event') ? [[waiting]] : [['880', '777']])
  const cloud: Pick<Operable, 'position' | 'query'> = {position: async () => seen, query}
  return awaitReplay.observe!({replica: 'next'}, {cloud} as Means)
}

test('a record whose end never came is not waited for', async () => {
  expect(await observed(position, '1')).toEqual({
    done: true,
    facts: {received: 900, replayed: 880, forkLsn: 880, forkXid: 777},
  })
})

test('a primary that is heard of again is not given up; one that was paused is, though the connection stands', async () => {
  await expect(observed({...position, streaming: true, contactSeconds: 0.4}, '1')).rejects.toMatchObject({
    code: 'CLOUD_REFUSED',
  })
  expect(await observed({...position, streaming: true, contactSeconds: 6}, '1')).toMatchObject({done: true})
})

test('what can still be replayed is waited for', async () => {
  expect(await observed(position, '0')).toEqual({done: false})
  expect(await observed({...position, replayed: 900}, '0')).toMatchObject({done: true})
})
