/** What does not answer holds nothing up. */
import {expect, test} from 'vitest'
import {attempt, attemptWithin} from '../../src/cloud/attempt.ts'
import {stillClock} from '../fakes/clock.ts'

test('an answer is seen, and what was thrown instead of one is told', async () => {
  expect(await attempt(async () => 1)).toEqual({seen: 1})
  expect(await attempt(() => Promise.reject(new Error('silent')))).toEqual({unseen: 'silent'})
  expect(
    await attempt(async () => {
      throw new TypeError('unreadable')
    }),
  ).toEqual({unseen: 'unreadable'})
})

test('who takes longer than allowed is not waited for', async () => {
  const clock = stillClock()
  const asked = attemptWithin(clock, 2_500)(() => new Promise(() => {}))
  await clock.pass(2_500)
  expect(await asked).toEqual({unseen: 'no answer within 2.5 s'})
})
