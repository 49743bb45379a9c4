/** The statements with which the emulator operates a server. Every call opens a session and closes it: an idle one costs memory. */
import pg from 'pg'
import type {Upstream} from './base-backup.ts'
import {ADMIN, slotOf} from './settings.ts'

export interface AdminOptions {
  readonly database?: string
  readonly timeoutMs?: number
}

/** Runs `work` in a superuser session; the session and every statement in it end after `timeoutMs` (5 s). */
export async function asAdmin<T>(
  server: Upstream,
  work: (client: pg.Client) => Promise<T>,
  {database = 'postgres', timeoutMs = 5_000}: AdminOptions = {},
): Promise<T> {
  const client = new pg.Client({
    ...server,
    database,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: ADMIN,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

export const identifier = (name: string) => pg.escapeIdentifier(name)
export const literal = (value: string) => pg.escapeLiteral(value)

/** The roles every Cloud SQL instance has; members of the two IAM groups log in without a password, so nobody else may be one. https://cloud.google.com/sql/docs/postgres/users */
export async function createBuiltInRoles(client: pg.Client, rootPassword: string | undefined): Promise<void> {
  await client.query(`
    CREATE ROLE cloudsqlsuperuser CREATEDB CREATEROLE;
    GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO cloudsqlsuperuser WITH ADMIN OPTION;
    CREATE ROLE cloudsqliamuser; CREATE ROLE cloudsqliamserviceaccount;
    CREATE ROLE postgres LOGIN CREATEDB CREATEROLE IN ROLE cloudsqlsuperuser;
    ALTER DATABASE postgres OWNER TO cloudsqlsuperuser`)
  if (rootPassword) await client.query(`ALTER ROLE postgres PASSWORD ${literal(rootPassword)}`)
}

export type UserType = 'BUILT_IN' | 'CLOUD_IAM_USER' | 'CLOUD_IAM_SERVICE_ACCOUNT'

export interface UserSpec {
  readonly name: string
  readonly type: UserType
  readonly password?: string
  readonly databaseRoles?: readonly string[]
}

const GROUPS: Record<UserType, string> = {
  BUILT_IN: 'cloudsqlsuperuser',
  CLOUD_IAM_USER: 'cloudsqliamuser',
  CLOUD_IAM_SERVICE_ACCOUNT: 'cloudsqliamserviceaccount',
}

/** Idempotent. Built-in users may create databases and roles, IAM users only log in until they are granted more. */
export async function putUser(client: pg.Client, {name, type, password, databaseRoles = []}: UserSpec): Promise<void> {
  const role = identifier(name)
  const exists = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])
  const rights = type === 'BUILT_IN' ? 'LOGIN CREATEDB CREATEROLE' : 'LOGIN'
  const secret = type === 'BUILT_IN' && password !== undefined ? ` PASSWORD ${literal(password)}` : ''
  await client.query(`${exists.rowCount ? 'ALTER' : 'CREATE'} ROLE ${role} ${rights}${secret}`)
  for (const group of new Set([GROUPS[type], ...databaseRoles]))
    await client.query(`GRANT ${identifier(group)} TO ${role}`)
}

/** PostgreSQL refuses while the role owns anything. */
export async function dropUser(client: pg.Client, name: string): Promise<void> {
  await client.query(`DROP ROLE IF EXISTS ${identifier(name)}`)
}

export interface UserRow {
  readonly name: string
  readonly type: UserType
}

export async function listUsers(client: pg.Client): Promise<UserRow[]> {
  const {rows} = await client.query<UserRow>(`
    SELECT r.rolname AS name, CASE
      WHEN EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
        WHERE m.member = r.oid AND g.rolname = 'cloudsqliamserviceaccount') THEN 'CLOUD_IAM_SERVICE_ACCOUNT'
      WHEN EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
        WHERE m.member = r.oid AND g.rolname = 'cloudsqliamuser') THEN 'CLOUD_IAM_USER'
      ELSE 'BUILT_IN' END AS type
    FROM pg_roles r WHERE r.rolcanlogin AND r.rolname <> '${ADMIN}' ORDER BY 1`)
  return rows
}

/** Idempotent; owned by cloudsqlsuperuser, as Cloud SQL's are. */
export async function putDatabase(client: pg.Client, name: string): Promise<void> {
  const exists = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
  if (!exists.rowCount) await client.query(`CREATE DATABASE ${identifier(name)} OWNER cloudsqlsuperuser`)
}

export async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`)
}

export async function listDatabases(client: pg.Client): Promise<string[]> {
  const {rows} = await client.query('SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')
  return rows.map(({datname}) => datname)
}

/** So that the primary keeps what this replica has not received. Idempotent. */
export async function putSlot(client: pg.Client, replica: string): Promise<void> {
  const slot = slotOf(replica)
  const known = await client.query('SELECT 1 FROM pg_replication_slots WHERE slot_name = $1', [slot])
  if (!known.rowCount) await client.query('SELECT pg_create_physical_replication_slot($1, true)', [slot])
}

/** Drops one slot, or every slot nobody uses; a slot in use is left alone. */
export async function dropSlots(client: pg.Client, replica?: string): Promise<void> {
  await client.query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
     WHERE NOT active AND ($1::text IS NULL OR slot_name = $1)`,
    [replica === undefined ? null : slotOf(replica)],
  )
}

export interface Position {
  readonly inRecovery: boolean
  readonly timeline: number
  /** Written by a primary, received by a replica; bytes from 0/0. */
  readonly lsnBytes: number
  /** Replayed by a replica; a primary's own position. */
  readonly replayLsn: number
  /** Age of the last transaction replayed, 0 when all that was received is replayed; null when nothing was ever replayed. */
  readonly lagSeconds: number | null
  /** Replica only: whether it is connected to its primary. */
  readonly streaming: boolean
}

export async function readPosition(client: pg.Client): Promise<Position> {
  const {rows} = await client.query(`
    SELECT r AS "inRecovery",
      CASE WHEN r THEN coalesce(w.received_tli, (SELECT timeline_id FROM pg_control_checkpoint()))
        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline,
      pg_wal_lsn_diff(CASE WHEN r THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
        ELSE pg_current_wal_lsn() END, '0/0')::float8 AS "lsnBytes",
      pg_wal_lsn_diff(CASE WHEN r THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::float8 AS "replayLsn",
      CASE WHEN NOT r OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 END AS "lagSeconds",
      coalesce(w.status = 'streaming', false) AS streaming
    FROM (SELECT CASE WHEN pg_is_in_recovery() THEN true ELSE false END AS r) x
    LEFT JOIN pg_stat_wal_receiver w ON true`)
  return rows[0]
}
