/**
 * The two questions an observer asks of PostgreSQL each second, over one connection each that is dialled anew when it breaks.
 * Functions: https://www.postgresql.org/docs/16/functions-admin.html#FUNCTIONS-RECOVERY-INFO and functions-info.html
 */
import pg from 'pg'
import type {Heartbeat, LocalFacts, PrimaryFacts, Standby} from '../facts.ts'

/** A read-only server, or one that is being fenced: an answer, not a fault. */
const READ_ONLY = '25006'
const NO_TABLE = '42P01'
const DEADLINE_MS = 1_000

/** Into a table that a deploy made: the observer may write there and nowhere else (src/cloud/sql.ts). */
const BEAT = `INSERT INTO ha_heartbeat (region, at, lsn) VALUES ($1, clock_timestamp(), pg_current_wal_insert_lsn())
  ON CONFLICT (region) DO UPDATE SET at = excluded.at, lsn = excluded.lsn
  RETURNING lsn::text, ('x' || substr(pg_walfile_name(lsn), 1, 8))::bit(32)::int AS timeline`
const IDENTITY =
  'SELECT system_identifier::text AS "systemId", pg_is_in_recovery() AS "isReplica" FROM pg_control_system()'
const STANDBYS = `SELECT application_name AS name, state,
  pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 AS "lagBytes" FROM pg_stat_replication`
const LOCAL = `SELECT system_identifier::text AS "systemId", pg_is_in_recovery() AS "isReplica",
  pg_last_wal_receive_lsn()::text AS "receivedLsn", pg_last_wal_replay_lsn()::text AS "replayedLsn",
  CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS "isReplayPaused" FROM pg_control_system()`
const HEARTBEATS = `SELECT region, (extract(epoch FROM at) * 1000)::float8 AS at, lsn::text,
  greatest(0, extract(epoch FROM clock_timestamp() - at) * 1000)::float8 AS "ageMs" FROM ha_heartbeat ORDER BY region`

/** One connection that is opened when it is needed and given up at the first fault. */
export interface Line {
  run<T>(work: (client: pg.Client) => Promise<T>): Promise<T>
  close(): void
}

/** Every query, and opening the connection, has a second. */
export function openLine(url: string): Line {
  let client: pg.Client | undefined
  const hangUp = () => {
    const lost = client
    client = undefined
    lost?.end().catch(() => {})
  }
  async function dial(): Promise<pg.Client> {
    const fresh = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: DEADLINE_MS,
      query_timeout: DEADLINE_MS,
      application_name: 'ha-observer',
    })
    fresh.on('error', () => client === fresh && hangUp())
    await fresh.connect()
    client = fresh
    return fresh
  }
  return {
    async run(work) {
      try {
        return await work(client ?? (await dial()))
      } catch (error) {
        hangUp()
        throw error
      }
    },
    close: hangUp,
  }
}

const codeOf = (error: unknown) => (error as {code?: string}).code

/** Writes this region's heartbeat where DATABASE_URL leads, and says what is there. Rejects when nobody answers. */
export async function beat(client: pg.Client, region: string): Promise<PrimaryFacts> {
  const {rows: identities} = await client.query<{systemId: string; isReplica: boolean}>(IDENTITY)
  const {systemId, isReplica} = identities[0]!
  const written = isReplica ? undefined : await writeBeat(client, region)
  if (!written) return {systemId, isWritable: false, standbys: []}
  const {rows} = await client.query(STANDBYS)
  return {systemId, isWritable: true, ...written, standbys: rows.map((row) => withoutNulls<Standby>(row))}
}

/** Undefined: it is read-only. */
async function writeBeat(client: pg.Client, region: string): Promise<{lsn: string; timeline: number} | undefined> {
  try {
    return (await client.query<{lsn: string; timeline: number}>(BEAT, [region])).rows[0]!
  } catch (error) {
    if (codeOf(error) === READ_ONLY) return undefined
    throw error
  }
}

/** What the region's own instance holds. Rejects when it does not answer. */
export async function look(client: pg.Client): Promise<LocalFacts> {
  const {rows} = await client.query(LOCAL)
  const heartbeats = await client.query<Heartbeat>(HEARTBEATS).catch((error) => {
    if (codeOf(error) === NO_TABLE) return {rows: []}
    throw error
  })
  return {...withoutNulls<Omit<LocalFacts, 'heartbeats'>>(rows[0]), heartbeats: heartbeats.rows}
}

const withoutNulls = <T>(row: object) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T
