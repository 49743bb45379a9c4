/** What makes a primary safe again: another zone beside it, backups, and a log to recover to any moment from. */
import {asHaError} from '../../errors.ts'
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {answered, carryOut, until} from '../waits.ts'

const PROTECT_MS = 30 * 60_000
/** Log is uploaded every five minutes or sooner. https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr */
const WINDOW_MS = 15 * 60_000

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

/**
 * The service is up by then and nothing is undone for it, so that a window that stays shut is told, not a failure. Facts:
 * `recoverableSince`, milliseconds since the epoch, or null.
 */
export const awaitRecovery: Deed<StepInputs['await-recovery']> = {
  async act({instance}, means) {
    try {
      const ask = () => answered(() => means.cloud.recoveryWindow(instance))
      const {earliest} = await until(means, WINDOW_MS, `${instance} cannot be recovered`, ask)
      return {recoverableSince: earliest}
    } catch (thrown) {
      if (asHaError(thrown).code !== 'TIMED_OUT') throw thrown
      return {recoverableSince: null}
    }
  },
}
