/** Run once per release, before any instance of it. */
import pg from 'pg'

const client = new pg.Client({connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 10_000})
await client.connect()
await client.query(
  'CREATE TABLE IF NOT EXISTS notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)',
)
await client.end()
