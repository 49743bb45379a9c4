/** The migration process, run once per release before any instance of it. */
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {isLost} from './db.js'
import {log, particulars} from './log.js'
import {migrate} from './migrations.js'
import {readSettings} from './settings.js'

const PATIENCE = 60_000

/** The database may still be starting, or be on its way to another region. */
async function connected(url) {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 5000,
      application_name: 'rental-migrate',
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (error) {
      if (!isLost(error) || performance.now() > deadline) throw error
      await sleep(500)
    }
  }
}

try {
  const client = await connected(readSettings(process.env).primaryUrl)
  const applied = await migrate(client, new URL('../migrations/', import.meta.url))
  await client.end()
  log.info(applied.length > 0 ? 'The schema is up to date now.' : 'The schema was up to date.', {applied})
} catch (error) {
  log.error('The migration failed.', particulars(error))
  process.exit(1)
}
