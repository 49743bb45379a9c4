/** How far a replica is. */
import {HaError} from '../../errors.ts'
import {isReceiving} from '../evidence.ts'
import type {Deed, Found, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {askFork, FORK_COLUMNS, forkFrom} from './fork.ts'

const LAST_RECORD_MS = 30_000
const REPLAY_MS = 30_000

/**
 * A shutdown's checkpoint is the only one whose redo position is its own, and the last record its primary ever wrote. Once the
 * replica has made a restart point of it, its own control data shows it. https://www.postgresql.org/docs/16/wal-configuration.html
 */
const LAST_RECORD = `
  CHECKPOINT;
  SELECT pg_is_in_recovery(),
    checkpoint_lsn = redo_lsn AND pg_wal_lsn_diff(pg_last_wal_replay_lsn(), checkpoint_lsn) BETWEEN 0 AND 256,
    ${FORK_COLUMNS}
  FROM pg_control_checkpoint()`

/** In one statement, since writers wait for it; with where the histories will part, since no more can come. */
async function seeLastRecord({cloud}: Means, replica: string): Promise<Found> {
  const [[inRecovery, last, ...fork] = []] = await cloud.query(replica, LAST_RECORD)
  if (inRecovery === 'f') return {done: true}
  return last === 't' ? {done: true, facts: {...forkFrom(fork)}} : {done: false}
}

/** Nothing the old primary acknowledged is missing. Its absence means that the primary must be started again, not that one may go on. */
export const awaitLastRecord: Deed<StepInputs['await-last-record']> = {
  settleMs: LAST_RECORD_MS,
  observe: ({replica}, means) => seeLastRecord(means, replica),
}

/**
 * What was received may end in the middle of a record, which is never replayed: then the startup process waits for the rest of it.
 * https://www.postgresql.org/docs/16/monitoring-stats.html#WAIT-EVENT-ACTIVITY-TABLE and …#WAIT-EVENT-TIMEOUT-TABLE
 */
const WANTS_MORE = `
  SELECT count(*) FROM pg_stat_activity
  WHERE backend_type = 'startup' AND wait_event IN ('RecoveryWalStream', 'RecoveryRetrieveRetryInterval')`

async function wantsMore({cloud}: Pick<Means, 'cloud'>, replica: string): Promise<boolean> {
  const [[waiting] = []] = await cloud.query(replica, WANTS_MORE)
  return waiting === '1'
}

/** All that was received is replayed; what was never received is what the budget is for. */
export const awaitReplay: Deed<StepInputs['await-replay']> = {
  settleMs: REPLAY_MS,
  async observe({replica}, {cloud}) {
    const position = await cloud.position(replica)
    const {inRecovery, lsn, replayed} = position
    if (isReceiving(position)) {
      throw new HaError('CLOUD_REFUSED', `${replica} receives changes again: its primary is alive.`, {
        next: ['Nothing needs to be given up: run the command without --unplanned.'],
      })
    }
    if (inRecovery && replayed < lsn && !(await wantsMore({cloud}, replica))) return {done: false}
    // Known before the promotion, so that it is not lost with an answer.
    const fork = inRecovery ? await askFork({cloud}, replica) : undefined
    return {done: true, facts: {received: lsn, replayed, ...fork}}
  },
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
