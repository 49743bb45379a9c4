/** Where the histories of a former primary and its successor part. */
import type {Fence} from '../fences.ts'
import {type Entry, factsOf} from '../journal.ts'
import type {Means} from '../means.ts'

export type Fork = Required<Pick<Fence, 'forkLsn' | 'forkXid'>>

/** The last byte replayed, and the first transaction id the new primary will give away. True from the last replay on. */
export const FORK_COLUMNS = `pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, pg_snapshot_xmax(pg_current_snapshot())`

/** Of a row's columns as FORK_COLUMNS names them. */
export const forkFrom = ([lsn, xid]: readonly (string | null | undefined)[]): Fork => ({
  forkLsn: Number(lsn),
  forkXid: Number(xid),
})

/** Asked of the instance itself; undefined: it answered with no row. */
export async function askFork({cloud}: Pick<Means, 'cloud'>, instance: string): Promise<Fork | undefined> {
  const [row] = await cloud.query(instance, `SELECT ${FORK_COLUMNS}`)
  return row && forkFrom(row)
}

/** As a step of this run noted it. */
export function notedFork(entries: readonly Entry[], step: string): Fork | undefined {
  const {forkLsn, forkXid} = factsOf(entries, step) ?? {}
  return typeof forkLsn === 'number' && typeof forkXid === 'number' ? {forkLsn, forkXid} : undefined
}
