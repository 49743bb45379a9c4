import {expect, test} from 'vitest'
import {LEASE_MS, type Lease, openLease, type Said} from '../../src/gate/lease.ts'
import type {Word} from '../../src/gate/word.ts'
import {type StillClock, stillClock} from '../fakes/clock.ts'

interface Setting {
  readonly clock: StillClock
  readonly lease: Lease
  readonly changes: Word[]
  asked: number
  says: Said | undefined | Error
}

function open(says: Setting['says']): Setting & Disposable {
  const clock = stillClock()
  const changes: Word[] = []
  const setting = {clock, changes, asked: 0, says} as Setting
  const ask = async () => {
    setting.asked += 1
    if (setting.says instanceof Error) throw setting.says
    return setting.says
  }
  const lease = openLease({
    ask,
    clock,
    log: () => {},
    expecting: () => false,
    changed: (word) => void changes.push(word),
  })
  return Object.assign(setting, {lease, [Symbol.dispose]: () => lease.stop()})
}

const said = (epoch: number, state: Word['state'] = 'open', generation = `${epoch}${state}`): Said => ({
  word: {epoch, state, timeline: 1},
  generation,
})

/** Lets time pass while something passes the gate, every tenth of a second. */
async function pass({clock, lease}: Setting, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.pass(100)
    lease.fresh()
  }
}

test('a word is good for a while from when it was asked for, and is asked for anew before that', async () => {
  using it = open(said(1))
  for (let seconds = 0; seconds < 60; seconds++) {
    await pass(it, 1_000)
    expect(it.lease.fresh()).toEqual(said(1).word)
  }
  expect(it.asked).toBeLessThan(230)
})

test('while nothing passes hardly anything is asked, and the first to pass asks', async () => {
  using it = open(said(1))
  await it.clock.pass(60_000)
  const before = it.asked
  await it.clock.pass(65_000)
  expect(it.asked - before).toBeLessThanOrEqual(7)
  expect(it.lease.fresh()).toBeUndefined()
  it.says = said(2)
  expect((await it.lease.renew()).epoch).toBe(2)
})

test('a process that was stopped goes by nothing it knew before', async () => {
  const clock = stillClock()
  let jump = 0
  const stopped = {...clock, monotonic: () => clock.monotonic() + jump}
  const answers = [said(1)]
  const lease = openLease({
    ask: async () => answers.at(-1),
    clock: stopped,
    log: () => {},
    expecting: () => false,
    changed: () => {},
  })
  await clock.pass(0)
  expect(lease.fresh()?.epoch).toBe(1)
  jump = LEASE_MS
  expect(lease.fresh()).toBeUndefined()
  answers.push(said(2))
  expect((await lease.renew()).epoch).toBe(2)
  lease.stop()
})

test('after a change the next one is looked for often, and later no more', async () => {
  using it = open(said(1))
  await pass(it, 30_000)
  const before = it.asked
  it.says = said(1, 'open', 'touched')
  // Noticed with the next question, and from then on looked for every tenth of a second.
  await pass(it, 1_000)
  const touched = it.asked
  await pass(it, 5_000)
  expect(touched - before).toBeLessThanOrEqual(11)
  expect(it.asked - touched).toBeGreaterThanOrEqual(30)
  await pass(it, 30_000)
  const calm = it.asked
  await pass(it, 10_000)
  expect(it.asked - calm).toBeLessThanOrEqual(18)
})

test('who waits for writers to pass waits until they do, but not for ever', async () => {
  using it = open(said(1, 'held'))
  await it.clock.pass(0)
  let passed = 0
  it.lease.opened().then(() => passed++)
  await it.clock.pass(5_000)
  expect(passed).toBe(0)
  it.says = said(2)
  await it.clock.pass(200)
  expect(passed).toBe(1)
  it.says = said(3, 'held')
  await pass(it, 200)
  it.lease.opened().then(() => passed++)
  await it.clock.pass(14_000)
  expect(passed).toBe(1)
  await it.clock.pass(2_000)
  expect(passed).toBe(2)
  expect((await it.lease.renew()).state).toBe('open')
})

test('while nobody can be asked the last word stands, after a moment without one', async () => {
  using it = open(said(4))
  await it.clock.pass(0)
  it.says = new Error('unreachable')
  await it.clock.pass(2_000)
  expect(it.lease.fresh()).toBeUndefined()
  await pass(it, 3_000)
  expect(it.lease.fresh()?.epoch).toBe(4)
  it.says = said(5)
  await pass(it, 2_000)
  expect(it.lease.fresh()?.epoch).toBe(5)
  expect(it.changes.map(({epoch}) => epoch)).toEqual([4, 5])
})

test('before anything was said writers pass', async () => {
  using it = open(undefined)
  await it.clock.pass(0)
  expect(it.lease.fresh()).toMatchObject({epoch: 0, state: 'open'})
})
