/** What a change of roles waits for, inside one session. */
import type pg from 'pg'
import {readPosition} from './admin.ts'

const PROMOTE_MS = 60_000

/** A server that is stopped sends everything to the replicas that stream, and does not wait for one that is about to connect. */
export async function streaming(client: pg.Client, replica: string, withinMs: number): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; ) {
    const {rowCount} = await client.query(
      "SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming'",
      [replica],
    )
    if (rowCount) return true
    await client.query('SELECT pg_sleep(0.02)')
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
  for (const deadline = performance.now() + PROMOTE_MS; performance.now() < deadline; ) {
    const {rows} = await client.query('SELECT pg_is_in_recovery() AS "isReplica"')
    if (!rows[0].isReplica) return true
    await client.query('SELECT pg_sleep(0.005)')
  }
  return false
}

/** A replica's position is where its last record ends, so it is beyond the beginning of every record it has replayed. */
async function replayedBeyond(client: pg.Client, lsn: number, withinMs: number): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; ) {
    if ((await readPosition(client)).replayLsn > lsn) return true
    await client.query('SELECT pg_sleep(0.005)')
  }
  return false
}
