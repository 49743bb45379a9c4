import {expect, test} from 'vitest'
import {listenForInterrupts} from '../../src/engine/interrupts.ts'
import {watchdog} from '../../src/engine/watchdog.ts'
import type {Unstamped} from '../../src/events/events.ts'
import {stillClock} from '../fakes/clock.ts'

function watched(state = {busy: false, ended: false}) {
  const clock = stillClock()
  const log: string[] = []
  const dog = watchdog({
    clock,
    patience: {tellMs: 20, idleMs: 100, busyMs: 1000, exitMs: 30},
    state: () => state,
    tell: (ms) => log.push(`silent ${ms}`),
    giveUp: (ms) => log.push(`gave up ${ms}`),
  })
  return {clock, log, dog, state}
}

test('silence is told of again and again, then the engine is given up once', async () => {
  const {clock, log} = watched()
  await clock.pass(500)
  expect(log).toEqual(['silent 20', 'silent 40', 'silent 60', 'silent 80', 'gave up 100'])
})

test('a sign of life starts the silence anew', async () => {
  const {clock, log, dog} = watched()
  await clock.pass(90)
  dog.touch()
  await clock.pass(90)
  expect(log).not.toContainEqual(expect.stringContaining('gave up'))
})

test('while a part is in flight the patience is longer', async () => {
  const {clock, log} = watched({busy: true, ended: false})
  await clock.pass(999)
  expect(log.at(-1)).toBe('silent 980')
  await clock.pass(1)
  expect(log.at(-1)).toBe('gave up 1000')
})

test('an engine that said it is done must exit soon', async () => {
  const {clock, log} = watched({busy: true, ended: true})
  await clock.pass(40)
  expect(log).toEqual(['silent 20', 'gave up 30'])
})

test('a stopped watchdog says nothing more', async () => {
  const {clock, log, dog} = watched()
  dog.stop()
  await clock.pass(500)
  expect(log).toEqual([])
})

test('the first interrupt cancels, the second terminates, each is told, and in the end the signals are the process’s again', () => {
  const listeners = new Map<string, () => void>()
  const events: Unstamped[] = []
  const signals = {
    on: (signal: string, listener: () => void) => listeners.set(signal, listener),
    off: (signal: string) => listeners.delete(signal),
  }
  {
    using interrupts = listenForInterrupts(signals, (event) => events.push(event))
    listeners.get('SIGINT')!()
    expect([interrupts.cancel.aborted, interrupts.terminate.aborted]).toEqual([true, false])
    expect(interrupts.cancel.reason).toMatchObject({code: 'INTERRUPTED'})
    listeners.get('SIGTERM')!()
    expect(interrupts.terminate.aborted).toBe(true)
  }
  expect(events).toEqual([1, 2].map((count) => ({kind: 'interrupt.received', count, message: expect.any(String)})))
  expect(listeners.size).toBe(0)
})
