/** A replica where the old primary was, under the next generation's name: names cannot be used again for a week. */
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {statusOfRefusal} from '../refusals.ts'
import {carryOut} from '../waits.ts'

const CREATE_MS = 90 * 60_000
const STREAM_MS = 10 * 60_000

export const replicate: Deed<StepInputs['replicate']> = {
  settleMs: STREAM_MS,
  async observe({instance, primary}, {cloud}) {
    const all = await cloud.instances()
    const facts = all.find(({name}) => name === instance)
    if (facts?.state !== 'RUNNABLE') return {done: false}
    const {streaming, timeline, inRecovery} = await cloud.position(instance)
    // A later step may have stopped its primary: then it cannot follow, and is a replica all the same.
    const isStopped = all.find(({name}) => name === primary)?.active === false
    return {done: inRecovery && (streaming || isStopped), facts: {timeline}}
  },
  async act({instance, region, primary, like}, means) {
    try {
      await carryOut(means, {deed: 'replicate', instance, region, primary, like}, CREATE_MS)
    } catch (thrown) {
      // 409: it exists already, made by a try whose answer was lost; the observation says whether it follows.
      if (statusOfRefusal(thrown) !== 409) throw thrown
    }
    return undefined
  },
}
