/** The point of no return, in the two forms Cloud SQL has. */
import {withFence} from '../fences.ts'
import type {Deed, Found, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {statusOfRefusal} from '../refusals.ts'
import {carryOut} from '../waits.ts'
import {askFork, notedFork} from './fork.ts'

const PROMOTE_MS = 10 * 60_000
const DESIGNATE_MS = 10 * 60_000

async function isPrimary({cloud}: Means, instance: string): Promise<Found> {
  try {
    const {inRecovery, timeline} = await cloud.position(instance)
    return {done: !inRecovery, facts: {timeline}}
  } catch (thrown) {
    // A failback of a lost region promotes an instance that it makes itself: before that there is none.
    if (statusOfRefusal(thrown) === 404) return {done: false}
    throw thrown
  }
}

const isBusy = async ({cloud}: Means, instance: string) => (await cloud.running(instance)).length > 0

/**
 * instances.promoteReplica. Without `failover` the old primary stays a primary of its own: it must be fenced, before or after. With it
 * Cloud SQL makes it a replica once it is back, which a stop of ours would only hinder.
 */
export const promote: Deed<StepInputs['promote']> = {
  observe: ({instance}, means) => isPrimary(means, instance),
  underWay: ({instance}, means) => isBusy(means, instance),
  async act({instance, old, oldRegion, failover, epoch}, means) {
    const begunAt = means.clock.now()
    await carryOut(means, {deed: 'promote', instance, failover}, PROMOTE_MS)
    // Known before where the old primary was seen to have sent its last.
    const fork = notedFork(means.journal.entries(), 'last-record') ?? (await askFork(means, instance))
    const times = {begunAt, promotedAt: means.clock.now()}
    if (failover) return {...fork, ...times}
    const isStopped = (await means.fences.read()).some((fence) => fence.instance === old && fence.state === 'confirmed')
    await means.fences.change((now) =>
      withFence(now, {
        instance: old,
        region: oldRegion,
        epoch,
        since: begunAt,
        state: isStopped ? 'confirmed' : 'pending',
        ...fork,
      }),
    )
    return {...fork, ...times}
  },
}

/**
 * instances.switchover (Enterprise Plus): stops, proves, promotes and turns the old primary into a replica, or undoes itself. Only to
 * the designated replica: https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery
 */
export const switchover: Deed<StepInputs['switchover']> = {
  observe: ({instance}, means) => isPrimary(means, instance),
  underWay: ({instance}, means) => isBusy(means, instance),
  async act({instance, old}, means) {
    const primary = (await means.cloud.instances()).find(({name}) => name === old)
    if (primary?.role === 'primary' && primary.drReplica !== instance)
      await carryOut(means, {deed: 'designate', instance: old, replica: instance}, DESIGNATE_MS)
    const stoppedAt = means.clock.now()
    await carryOut(means, {deed: 'switchover', instance, timeoutSeconds: PROMOTE_MS / 1000}, PROMOTE_MS + 60_000)
    return {stoppedAt, promotedAt: means.clock.now()}
  },
}
