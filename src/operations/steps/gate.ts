/** What the gates in all pods are told: to look often, to let writers wait, and which epoch counts. */
import type {GateWord} from '../../cloud/operable.ts'
import {asHaError, HaError} from '../../errors.ts'
import {doneAt, factsOf} from '../journal.ts'
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {until} from '../waits.ts'
import {checkpoint} from './stop.ts'

const CHANGE_MS = 10_000
/** A gate that is used looks every 0.6 s (src/gate/lease.ts), and answers take their time. */
export const NOTICE_MS = 800
/** How long one may still act on what it knew: LEASE_MS of src/gate/lease.ts, and the way of the question. */
export const LEASE_MS = 950
/** What is under way when writers are held may end; what takes longer is ended by the stop. */
const QUIET_MS = 400

const BUSY = `SELECT count(*) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`

const same = (a: GateWord | undefined, b: GateWord) =>
  a !== undefined && a.epoch === b.epoch && a.state === b.state && a.timeline === b.timeline

interface Telling {
  /** Epochs over which this may be said. Any other was said by somebody who went on with the operation meanwhile. */
  readonly over: readonly number[]
  /** Also when it was said last, so that whoever read it before finds it changed. */
  readonly again?: boolean
}

/** @throws HaError LOCK_LOST */
async function tell(means: Means, word: GateWord, {over, again = false}: Telling): Promise<void> {
  const {cloud} = means
  await until(means, CHANGE_MS, 'The gates’ word kept changing', async () => {
    const now = await cloud.gate()
    if (!again && same(now?.word, word)) return true
    if (now && !over.includes(now.word.epoch)) {
      throw new HaError(
        'LOCK_LOST',
        `The gates go by epoch ${now.word.epoch} already: somebody else went on with it.`,
        {
          next: ['ha status'],
        },
      )
    }
    await means.assertHeld()
    try {
      await cloud.setGate(word, now?.generation)
      return true
    } catch (thrown) {
      if (thrown instanceof HaError && thrown.data.status === 412) return undefined
      throw thrown
    }
  })
}

const timelineOf = async ({cloud}: Means, instance: string) => (await cloud.position(instance)).timeline

/** After a change gates look often for a while, so that the next one is seen at once. */
export const wakeGates: Deed<StepInputs['wake-gates']> = {
  async act({instance, epoch}, means) {
    const timeline = await timelineOf(means, instance)
    await tell(means, {epoch, state: 'open', timeline}, {over: [epoch], again: true})
    return {toldAt: means.clock.now()}
  },
}

/** From here on nothing begins; resolves once what was under way has ended, or has had its time. */
export const holdWriters: Deed<StepInputs['hold-writers']> = {
  async observe({epoch}, {cloud}) {
    const word = (await cloud.gate())?.word
    return {done: word?.epoch === epoch && word.state === 'held'}
  },
  async act({instance, epoch, wokenAt}, means) {
    const {cloud, clock, journal} = means
    const told = doneAt(journal.entries(), wokenAt) ?? clock.now()
    // Meanwhile what the stop would otherwise have to write while everybody waits.
    await Promise.all([clock.sleep(Math.max(0, NOTICE_MS - (clock.now() - told))), checkpoint(means, instance)])
    const timeline = await timelineOf(means, instance)
    const heldAt = clock.now()
    await tell(means, {epoch, state: 'held', timeline}, {over: [epoch]})
    const quiet = await until(means, QUIET_MS, '', async () => {
      const [[busy] = []] = await cloud.query(instance, BUSY)
      return busy === '0' ? true : undefined
    }).catch((thrown) => {
      if (asHaError(thrown).code === 'TIMED_OUT') return false
      throw thrown
    })
    return {heldAt, quiet}
  },
  async undo({instance, epoch}, means) {
    const timeline = await timelineOf(means, instance).catch(() => 0)
    await tell(means, {epoch, state: 'open', timeline}, {over: [epoch], again: true})
  },
}

/**
 * Before another primary is promoted past one that cannot be asked: whatever still runs there has its sessions ended, and what it
 * says is not passed on any more. Best effort where Cloud Storage is out of reach: then the gates would not hear of it either.
 */
export const raiseEpoch: Deed<StepInputs['raise-epoch']> = {
  async act({epoch}, means) {
    try {
      await tell(means, {epoch, state: 'held', timeline: 0}, {over: [epoch - 1]})
      return {raisedAt: means.clock.now()}
    } catch (thrown) {
      if (asHaError(thrown).code !== 'CLOUD_UNREACHABLE') throw thrown
      return {unreachable: asHaError(thrown).message}
    }
  },
  undo: ({epoch}, means) =>
    tell(means, {epoch: epoch - 1, state: 'open', timeline: 0}, {over: [epoch - 1, epoch], again: true}),
}

/** Writers pass again, and only to this primary. Not before every gate that heard the old word has let go of it. */
export const passWriters: Deed<StepInputs['pass-writers']> = {
  async observe({epoch}, {cloud}) {
    const word = (await cloud.gate())?.word
    return {done: word?.epoch === epoch && word.state === 'open'}
  },
  async act({instance, epoch}, means) {
    const {clock, journal} = means
    const raised = doneAt(journal.entries(), 'raise')
    if (raised !== undefined) await clock.sleep(Math.max(0, LEASE_MS - (clock.now() - raised)))
    // As its promotion found it, which nobody should wait to be told again.
    const promoted = factsOf(journal.entries(), 'promote')?.timeline
    const timeline = typeof promoted === 'number' ? promoted : await timelineOf(means, instance)
    await tell(means, {epoch, state: 'open', timeline}, {over: [epoch - 1, epoch]})
    return {passedAt: clock.now()}
  },
}
