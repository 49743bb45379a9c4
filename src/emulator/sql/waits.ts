/** What a change of roles waits for, inside one session. */
import type pg from 'pg'
import {readPosition} from './admin.ts'

const PROMOTE_MS = 60_000

/** A server that is stopped sends everything to the replicas that stream, and does not wait for one that is about to connect. */
export async function streaming(client: pg.Client, replica: string, withinMs: number): Promise<boolean> {
  const sql = "SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'"
  return becomesTrue(client, withinMs, 20, async () => Boolean((await client.query(sql, [replica])).rowCount))
}

/** Asks again and again; false: it did not within the time. */
async function becomesTrue(
  client: pg.Client,
  withinMs: number,
  pauseMs: number,
  ask: () => Promise<boolean>,
): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; ) {
    if (await ask()) return true
    await client.query('SELECT pg_sleep($1)', [pauseMs / 1_000])
  }
  return false
}

/** So that most of the checkpoint is done before anybody has to wait for it. */
export async function checkpoint(client: pg.Client): Promise<true> {
  await client.query('CHECKPOINT')
  return true
}

/** Makes a standby the primary of a new timeline, once it has replayed beyond `afterLsn`; true also when it is one already. */
export async function promoteServer(
  client: pg.Client,
  afterLsn: number | undefined,
  withinMs: number,
): Promise<boolean> {
  if (!(await readPosition(client)).inRecovery) return true
  if (afterLsn !== undefined && !(await replayedBeyond(client, afterLsn, withinMs))) return false
  // Not left to pg_promote to wait for, which looks ten times a second.
  await client.query('SELECT pg_promote(false)')
  return becomesTrue(client, PROMOTE_MS, 5, async () => {
    const {rows} = await client.query('SELECT pg_is_in_recovery() AS "isReplica"')
    return !rows[0].isReplica
  })
}

/** A replica's position is where its last record ends, so it is beyond the beginning of every record it has replayed. */
const replayedBeyond = (client: pg.Client, lsn: number, withinMs: number): Promise<boolean> =>
  becomesTrue(client, withinMs, 5, async () => (await readPosition(client)).replayLsn > lsn)
