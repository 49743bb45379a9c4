import fc from 'fast-check'
import {expect, test} from 'vitest'
import {Timers} from '../../../src/emulator/pubsub/timers.ts'
import {fakeClock} from './bench.ts'

test('timers fire in order of their deadlines, cancelled ones never', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ms: fc.nat(1_000), cancelled: fc.boolean()})), (specs) => {
      const clock = fakeClock(0)
      const timers = new Timers(clock)
      const fired: number[] = []
      const made = specs.map(({ms}) => timers.schedule(ms, () => fired.push(ms)))
      for (const [index, {cancelled}] of specs.entries()) if (cancelled) timers.cancel(made[index])
      clock.advance(1_000)
      expect(fired).toEqual(
        specs
          .filter(({cancelled}) => !cancelled)
          .map(({ms}) => ms)
          .sort((a, b) => a - b),
      )
      expect(clock.waiting).toBe(0)
    }),
  )
})

test('any number of deadlines is one timer of the process', () => {
  const clock = fakeClock()
  const timers = new Timers(clock)
  for (let ms = 1_000; ms > 0; ms--) timers.schedule(ms, () => {})
  expect(clock.waiting).toBe(1)
})

test('a deadline beyond what Node can wait is still met', () => {
  const clock = fakeClock()
  let fired = 0
  new Timers(clock).schedule(31 * 86_400_000, () => fired++)
  clock.advance(31 * 86_400_000 - 1)
  expect(fired).toBe(0)
  clock.advance(1)
  expect(fired).toBe(1)
})

test('nothing fires after the end, also what is scheduled then', () => {
  const clock = fakeClock()
  const timers = new Timers(clock)
  let fired = 0
  timers.schedule(1, () => fired++)
  timers.close()
  timers.schedule(1, () => fired++)
  clock.advance(10)
  expect(fired).toBe(0)
})
