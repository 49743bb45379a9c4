/** What is done to the primary before another takes over. */
import {asHaError, HaError} from '../../errors.ts'
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {carryOut, until} from '../waits.ts'

const BACKUP_MS = 30 * 60_000
/** PostgreSQL's fast shutdown ends with a checkpoint: minutes on a busy primary with a large cache. */
const STOP_MS = 10 * 60_000

export const takeBackup: Deed<StepInputs['take-backup']> = {
  async act({instance}, means) {
    const {id} = await carryOut(means, {deed: 'backup', instance}, BACKUP_MS)
    // So that neither the stop nor the promotion has much left to write.
    await Promise.all(
      (await means.cloud.instances())
        .filter(({active, state}) => active && state !== 'UNKNOWN')
        .map(({name}) => checkpoint(means, name)),
    )
    return {operation: id}
  },
}

/**
 * A courtesy to whoever waits for the next stop or promotion, which have the less to write for it. Needs a role Cloud SQL may not give,
 * and costs only time when it is refused.
 */
export async function checkpoint({cloud}: Pick<Means, 'cloud'>, instance: string): Promise<void> {
  try {
    await cloud.query(instance, 'CHECKPOINT')
  } catch (thrown) {
    if (!['CLOUD_REFUSED', 'CLOUD_UNREACHABLE'].includes(asHaError(thrown).code)) throw thrown
  }
}

/**
 * activationPolicy NEVER ends PostgreSQL with a fast shutdown, which ends every session, refuses new ones, and sends all of the log to
 * the replicas that stream before it exits. https://www.postgresql.org/docs/16/server-shutdown.html
 * The fence that is not replicated: roles without login or a read-only database would be fenced on the new primary as well.
 */
export const stopPrimary: Deed<StepInputs['stop-primary']> = {
  observe: async ({instance}, means) => ({done: await isStopped(means, instance)}),
  async act({instance, replica}, means) {
    const {streaming} = await means.cloud.position(replica)
    if (!streaming) {
      // The stop of an earlier try may be under way, or have come to its end since it was looked at.
      await untilFree(means, instance)
      if (await isStopped(means, instance)) return undefined
      throw new HaError('CLOUD_REFUSED', `${replica} does not receive ${instance}'s changes.`)
    }
    const stoppedAt = means.clock.now()
    await carryOut(means, {deed: 'stop', instance}, STOP_MS)
    return {stoppedAt}
  },
  async undo({instance}, means) {
    // A stop that is still under way does not show yet.
    await untilFree(means, instance)
    const facts = (await means.cloud.instances()).find(({name}) => name === instance)
    if (facts?.active === false) await carryOut(means, {deed: 'start', instance}, STOP_MS)
  },
}

async function isStopped({cloud}: Means, instance: string): Promise<boolean> {
  const [instances, running] = await Promise.all([cloud.instances(), cloud.running(instance)])
  const facts = instances.find(({name}) => name === instance)
  if (!facts) throw new HaError('ROLES_DISAGREE', `There is no instance ${instance}.`)
  return !facts.active && running.length === 0
}

const untilFree = (means: Means, instance: string): Promise<true> =>
  until(means, STOP_MS, `${instance} was not free`, async () =>
    (await means.cloud.running(instance)).length === 0 ? true : undefined,
  )
