/** SQL without a way into the instance's network: instances.executeSql. Source: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances/executeSql */
import {HaError} from '../errors.ts'
import type {Position} from './operable.ts'
import type {Reach} from './reach.ts'
import {callJson} from './rest.ts'
import {instanceUrl} from './sql-deeds.ts'

interface Answer {
  readonly results?: readonly {
    readonly rows?: readonly {readonly values?: readonly {readonly value?: string; readonly nullValue?: boolean}[]}[]
  }[]
  readonly status?: {readonly message: string}
}

/** executeSql itself gives up after 30 s. */
const DEADLINE_MS = 30_000
const POSITION_DEADLINE_MS = 2_500

export async function executeSql(
  reach: Reach,
  instance: string,
  sqlStatement: string,
  database = 'postgres',
  deadlineMs = DEADLINE_MS,
): Promise<readonly (readonly (string | null)[])[]> {
  const call = await reach.signed({method: 'POST', body: {sqlStatement, database, autoIamAuthn: true}, deadlineMs})
  const {results = [], status} = await callJson<Answer>(`${instanceUrl(reach, instance)}/executeSql`, call)
  // The call succeeds even when the statement does not.
  if (status) throw new HaError('CLOUD_REFUSED', `${instance}: ${status.message}`, {data: {status: 400}})
  const rows = results.at(-1)?.rows ?? []
  return rows.map(({values = []}) => values.map(({value, nullValue}) => (nullValue ? null : (value ?? ''))))
}

/**
 * A replica that was just cloned has replayed no transaction yet, but all that came before the checkpoint it started from.
 * Functions: https://www.postgresql.org/docs/16/functions-admin.html and …/functions-info.html
 */
const POSITION = `
  SELECT r,
    CASE WHEN r THEN coalesce(w.received_tli, (SELECT timeline_id FROM pg_control_checkpoint()))
      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
    (SELECT system_identifier FROM pg_control_system()),
    pg_wal_lsn_diff(CASE WHEN r THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
      ELSE pg_current_wal_flush_lsn() END, '0/0')::bigint,
    pg_wal_lsn_diff(CASE WHEN r THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END, '0/0')::bigint,
    coalesce(w.status = 'streaming', false),
    CASE WHEN r THEN extract(epoch FROM clock_timestamp() - greatest(pg_last_xact_replay_timestamp(),
      (SELECT checkpoint_time FROM pg_control_checkpoint()))) ELSE 0 END,
    (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
    extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time),
    CASE WHEN r THEN pg_is_wal_replay_paused() ELSE false END
  FROM (SELECT pg_is_in_recovery() AS r) x LEFT JOIN pg_stat_wal_receiver w ON true`

export async function readPosition(reach: Reach, instance: string): Promise<Position> {
  const [row] = await executeSql(reach, instance, POSITION, 'postgres', POSITION_DEADLINE_MS)
  const [recovery, timeline, systemId, lsn, replayed, streaming, lag, oldest, contact, paused] = row ?? []
  return {
    inRecovery: recovery === 't',
    timeline: Number(timeline),
    systemId: systemId ?? '',
    lsn: Number(lsn),
    replayed: Number(replayed),
    streaming: streaming === 't',
    paused: paused === 't',
    lagSeconds: lag === null || lag === undefined ? null : Number(lag),
    oldestTransactionSeconds: Number(oldest),
    contactSeconds: contact === null || contact === undefined ? null : Number(contact),
  }
}
