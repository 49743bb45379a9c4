/** Prices: asked for now, worked out by a worker, the latest request winning whatever the order of arrival. */
import {NotFound} from './http.js'
import {aCount, aText} from './input.js'
import {enqueueFrom} from './outbox.js'

const REQUEST = `
  WITH asked AS (
    SELECT $1::text AS key, $2::text AS listing, $3::int AS cents, nextval('price_versions')::text AS version
  ) ${enqueueFrom('asked', {
    queue: "'pricing'",
    key: 'key',
    payload: "jsonb_build_object('listing', listing, 'nightlyCents', cents, 'version', version)",
  })}`

/** @returns {Promise<{key: string}>} the key under which the effect can be looked up */
export async function requestPrice(database, input, {key}) {
  const listing = aText(input.listing, 'listing')
  const nightlyCents = aCount(input.nightlyCents, 'nightlyCents', 100_000_000)
  await database.writeOnce(REQUEST, [`price:${key}`, listing, nightlyCents])
  return {key: `price:${key}`}
}

export async function findPrice(database, listing, options) {
  const sql =
    'SELECT listing, nightly_cents AS "nightlyCents", version, updated_at AS "updatedAt" FROM prices WHERE listing = $1'
  const {rows, source} = await database.read(sql, [listing], options)
  if (rows.length === 0) throw new NotFound('This listing has no price.')
  return {price: rows[0], source}
}

/** What the pricing worker does. */
export async function setPrice(tx, {listing, nightlyCents, version}) {
  await tx.query(
    `INSERT INTO prices (listing, nightly_cents, version) VALUES ($1, $2, $3)
     ON CONFLICT (listing) DO UPDATE SET nightly_cents = $2, version = $3, updated_at = now() WHERE prices.version < $3`,
    [listing, nightlyCents, version],
  )
}
