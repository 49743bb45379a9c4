import {expect, test} from 'vitest'
import {HaError} from '../../src/errors.ts'
import {carryOut} from '../../src/operations/waits.ts'
import {stage, TO} from './stage.ts'

const instance = `stay-test-${TO}-g1`
const promote = {deed: 'promote', instance, failover: false} as const

test('an operation whose progress cannot be asked for is waited for until it can', async () => {
  const it = stage()
  const means = await it.means()
  const {operation} = means.cloud
  let silent = 3
  const cloud = {
    ...means.cloud,
    operation: async (id: string) => {
      if (silent-- > 0) throw new HaError('CLOUD_UNREACHABLE', 'no answer')
      return operation(id)
    },
  }
  expect((await carryOut({...means, cloud}, promote, 60_000)).done).toBe(true)
  expect(it.cloud.begun.filter(({deed}) => deed === 'promote')).toHaveLength(1)
})

test('an operation that nobody answers for is given up after its time, not begun again', async () => {
  const it = stage()
  const means = await it.means()
  const operation = () => Promise.reject(new HaError('CLOUD_UNREACHABLE', 'no answer'))
  const ended = carryOut({...means, cloud: {...means.cloud, operation}}, promote, 60_000)
  await expect(ended).rejects.toMatchObject({code: 'TIMED_OUT'})
  expect(it.cloud.begun.filter(({deed}) => deed === 'promote')).toHaveLength(1)
})
