/** Effects happen once per key, however often a message is delivered: the key and the effect are one transaction. */
import {NotFound} from './http.js'

/**
 * Runs `apply` in the transaction that first notes `key`. Two deliveries at once: the second waits for the first to commit.
 * @returns {Promise<boolean>} whether it was this time
 */
export function once(database, {key, worker, region}, apply) {
  return database.write(async (tx) => {
    const {rows} = await tx.query(
      `INSERT INTO effects (key, worker, region) VALUES ($1, $2, $3)
       ON CONFLICT (key) DO UPDATE SET deliveries = effects.deliveries + 1 RETURNING deliveries`,
      [key, worker, region],
    )
    const isFirst = rows[0].deliveries === 1
    if (isFirst) await apply(tx)
    return isFirst
  })
}

export async function findEffect(database, key, options) {
  const sql = 'SELECT key, worker, region, deliveries, done_at AS "doneAt" FROM effects WHERE key = $1'
  const {rows, source} = await database.read(sql, [key], options)
  if (rows.length === 0) throw new NotFound('Nothing was done under this key yet.')
  return {effect: rows[0], source}
}

/** The sums that would show an effect applied twice. */
export async function sumEffects(database, options) {
  const sql = `SELECT (SELECT coalesce(sum(bookings), 0)::int FROM calendars) AS "bookingsTold",
    (SELECT coalesce(sum(events), 0)::int FROM channels) AS "webhooksProcessed",
    (SELECT count(*)::int FROM effects) AS effects,
    (SELECT count(*)::int FROM outbox WHERE sent_at IS NULL) AS unsent`
  const {rows, source} = await database.read(sql, [], options)
  return {sums: rows[0], source}
}
