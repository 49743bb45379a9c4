/** What a database of the rental example holds of a run. Asked of an instance directly, not through the application. */
import pg from 'pg'
import type {Row, Tally} from './check.ts'
import type {Kind} from './ledger.ts'

/**
 * Lets every row of the outbox note which timeline and which server took it, as CloudNativePG's failover tests do. The application
 * names its columns, so it does not notice. Once per environment, on the primary; again changes nothing.
 */
const NOTE_TIMELINES = `
  ALTER TABLE outbox ADD COLUMN IF NOT EXISTS taken_on int, ADD COLUMN IF NOT EXISTS taken_by int;
  ALTER TABLE outbox ALTER COLUMN taken_on
      SET DEFAULT ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int,
    ALTER COLUMN taken_by SET DEFAULT inet_server_port()`

const HAS_TIMELINES = `SELECT count(*) = 2 AS has FROM pg_attribute
  WHERE attrelid = 'outbox'::regclass AND attname IN ('taken_on', 'taken_by') AND NOT attisdropped`

/** Keys begin with the run's name. Rows come in the order of their messages. */
const rowsSql = (timeline: string, server: string) => `
  WITH writes AS (
    SELECT 'booking' AS kind, idempotency_key AS key, id::text AS id, 'booking:' || id AS message
      FROM bookings WHERE idempotency_key LIKE $1
    UNION ALL
    SELECT 'webhook', event_id, 'webhook:' || channel || ':' || event_id, 'webhook:' || channel || ':' || event_id
      FROM webhooks WHERE event_id LIKE $1
    UNION ALL
    SELECT 'price', substr(key, 7), key, key FROM outbox WHERE key LIKE 'price:' || $1
  )
  SELECT kind, writes.key, writes.id, outbox.id::int AS position, ${timeline} AS timeline, ${server} AS server,
    (SELECT count(*)::int FROM effects WHERE effects.key = message) AS effects
  FROM writes LEFT JOIN outbox ON outbox.key = message ORDER BY outbox.id`

/** One listing, and one channel of the same name, per worker. Prices have no sum: the latest wins. */
const TALLIES_SQL = `
  WITH noted AS (
    SELECT 'booking ' || listing AS name, count(*)::int AS noted
      FROM effects JOIN bookings ON effects.key = 'booking:' || bookings.id WHERE listing LIKE $1 GROUP BY 1
    UNION ALL
    SELECT 'webhook ' || channel, count(*)::int
      FROM effects JOIN webhooks ON effects.key = 'webhook:' || channel || ':' || event_id WHERE channel LIKE $1 GROUP BY 1
  ), applied AS (
    SELECT 'booking ' || listing AS name, bookings AS applied FROM calendars WHERE listing LIKE $1
    UNION ALL
    SELECT 'webhook ' || channel, events::int FROM channels WHERE channel LIKE $1
  )
  SELECT name, coalesce(noted, 0) AS noted, coalesce(applied, 0) AS applied FROM noted FULL JOIN applied USING (name)`

interface Found {
  readonly kind: Kind
  readonly key: string
  readonly id: string
  readonly position: number | null
  readonly timeline: number | null
  readonly server: number | null
  readonly effects: number
}

async function using<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 20_000})
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export const noteTimelines = (url: string) =>
  using(url, async (client) => {
    await client.query(NOTE_TIMELINES)
  })

export interface Held {
  readonly rows: readonly Row[]
  readonly tallies: readonly Tally[]
}

export const readRows = (url: string, run: string): Promise<Held> =>
  using(url, async (client) => {
    const {rows: known} = await client.query<{has: boolean}>(HAS_TIMELINES)
    const [timeline, server] = known[0]?.has ? ['taken_on', 'taken_by'] : ['NULL::int', 'NULL::int']
    // One snapshot for both, so that an effect cannot fall between them.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const {rows} = await client.query<Found>(rowsSql(timeline!, server!), [`${run}-%`])
    const {rows: tallies} = await client.query<Tally>(TALLIES_SQL, [`${run}-%`])
    await client.query('COMMIT')
    return {rows: rows.map(withoutNulls), tallies}
  })

function withoutNulls({position, timeline, server, ...row}: Found): Row {
  return {
    ...row,
    ...(position !== null && {position}),
    ...(timeline !== null && {timeline}),
    ...(server !== null && {server}),
  }
}

/** Waits until everything a run wrote has had its effect, or `ms` are over; returns what is held then. */
export async function settled(url: string, run: string, ms: number): Promise<Held> {
  const deadline = performance.now() + ms
  for (;;) {
    const held = await readRows(url, run)
    const open = held.rows.some(({effects}) => effects === 0)
    if (!open || performance.now() > deadline) return held
    await new Promise((next) => setTimeout(next, 500))
  }
}
