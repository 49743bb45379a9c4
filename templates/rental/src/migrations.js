/**
 * Brings the schema up to date: numbered SQL files, each once, each in its own transaction.
 *
 * Old instances run while this does, so every file must leave the schema usable by them: add first (expand), take away only in
 * a later release, when nothing uses it any more (contract).
 */
import {createHash} from 'node:crypto'
import {readdir, readFile} from 'node:fs/promises'

/** Only one migration at a time, from wherever; the number is this app's own. */
const LOCK = 726_341_950

/**
 * @param {import('pg').Client} client connected
 * @param {URL} folder
 * @returns {Promise<string[]>} names of the files applied now
 * @throws when a file that was applied has been changed since, or a statement fails; what went before stays
 */
export async function migrate(client, folder) {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK])
  // Better to fail and be run again than to queue up in front of everybody's queries.
  await client.query("SET lock_timeout = '5s'")
  await client.query("SET statement_timeout = '10min'")
  try {
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    const {rows} = await client.query('SELECT name, checksum FROM migrations')
    const applied = new Map(rows.map(({name, checksum}) => [name, checksum]))
    const done = []
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()) {
      const sql = await readFile(new URL(name, folder), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      if (applied.has(name)) refuseChanged(name, applied.get(name), checksum)
      else {
        await apply(client, name, sql, checksum)
        done.push(name)
      }
    }
    return done
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK])
  }
}

function refuseChanged(name, before, now) {
  if (before !== now) throw new Error(`${name} was changed after it was applied; write a new file instead.`)
}

async function apply(client, name, sql, checksum) {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query('INSERT INTO migrations (name, checksum) VALUES ($1, $2)', [name, checksum])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error(`${name}: ${error.message}`, {cause: error})
  }
}
