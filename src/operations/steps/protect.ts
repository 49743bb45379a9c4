/** What makes a primary safe again: another zone beside it, backups, and a log to recover to any moment from. */
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {carryOut} from '../waits.ts'

const PROTECT_MS = 30 * 60_000

export const protect: Deed<StepInputs['protect']> = {
  async observe({instance, availability}, {cloud}) {
    const facts = (await cloud.instances()).find(({name}) => name === instance)
    return {done: facts !== undefined && facts.availability === availability && facts.backups && facts.recovery}
  },
  async act({instance, availability, recoveryDays}, means) {
    await carryOut(means, {deed: 'protect', instance, availability, recoveryDays}, PROTECT_MS)
    return undefined
  },
}
