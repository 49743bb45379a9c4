/** How far a replica is. */
import {HaError} from '../../errors.ts'
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {until} from '../waits.ts'
import {FORK} from './promote.ts'

const LAST_RECORD_MS = 30_000
const REPLAY_MS = 30_000

/**
 * A shutdown's checkpoint is the only one whose redo position is its own, and the last record its primary ever wrote. Once the
 * replica has made a restart point of it, its own control data shows it. https://www.postgresql.org/docs/16/wal-configuration.html
 */
const LAST_CHECKPOINT = `
  SELECT checkpoint_lsn = redo_lsn AND pg_wal_lsn_diff(pg_last_wal_replay_lsn(), checkpoint_lsn) BETWEEN 0 AND 256
  FROM pg_control_checkpoint()`

async function hasLastRecord({cloud}: Means, replica: string): Promise<boolean> {
  await cloud.query(replica, 'CHECKPOINT')
  const [[last] = []] = await cloud.query(replica, LAST_CHECKPOINT)
  return last === 't'
}

/** Nothing the old primary acknowledged is missing. Its absence means that the primary must be started again, not that one may go on. */
export const awaitLastRecord: Deed<StepInputs['await-last-record']> = {
  settleMs: LAST_RECORD_MS,
  async observe({replica}, means) {
    const {inRecovery, replayed, timeline} = await means.cloud.position(replica)
    return {done: !inRecovery || (await hasLastRecord(means, replica)), facts: {replayed, timeline}}
  },
  async act({replica}, means) {
    await until(means, LAST_RECORD_MS, `${replica} did not show the old primary's last record`, async () =>
      (await hasLastRecord(means, replica)) ? true : undefined,
    )
    return undefined
  },
}

/** All that was received is replayed; what was never received is what the budget is for. */
export const awaitReplay: Deed<StepInputs['await-replay']> = {
  settleMs: REPLAY_MS,
  async observe({replica}, {cloud}) {
    const {inRecovery, lsn, replayed, streaming} = await cloud.position(replica)
    if (inRecovery && streaming) {
      throw new HaError('CLOUD_REFUSED', `${replica} receives changes again: its primary is alive.`, {
        next: ['Nothing needs to be given up: run the command without --unplanned.'],
      })
    }
    if (inRecovery && replayed < lsn) return {done: false}
    // Known before the promotion, so that it is not lost with an answer.
    const [[forkLsn, forkXid] = []] = inRecovery ? await cloud.query(replica, FORK) : []
    const fork = forkXid === undefined ? {} : {forkLsn: Number(forkLsn), forkXid: Number(forkXid)}
    return {done: true, facts: {received: lsn, replayed, ...fork}}
  },
  act: async () => undefined,
}

/** A replica that follows without a break for a while. */
export const soak: Deed<StepInputs['soak']> = {
  async act({replica, seconds}, {cloud, clock}) {
    const end = clock.monotonic() + seconds * 1000
    let worst = 0
    while (clock.monotonic() < end) {
      const {streaming, lagSeconds, lsn, replayed} = await cloud.position(replica)
      if (!streaming) throw new HaError('CLOUD_REFUSED', `${replica} stopped following its primary.`)
      worst = Math.max(worst, lsn > replayed ? (lagSeconds ?? 0) : 0)
      await clock.sleep(Math.min(1_000, Math.max(1, end - clock.monotonic())))
    }
    return {seconds, worstLagSeconds: worst}
  },
}
