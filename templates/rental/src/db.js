/**
 * Two ways to the database: the primary, for what must be true, and the nearest replica, for what may be a second old.
 *
 * The primary can die or move. A connection that shows it (read-only, shut down, refused, reset) is dropped together with all
 * others, since they lead to the same place; the next one is dialled anew and finds the primary wherever it is by then.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'

// Dates stay text: a date has no time zone, and JavaScript's Date insists on one.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text)

/** The primary cannot be reached for now; the caller may say so and be asked again. */
export class Unavailable extends Error {
  name = 'Unavailable'
}

/** Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOST =
  /^(25006|57P0[1-5]|08\w{3}|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/
const COLLIDED = /^(40001|40P01)$/
/** Faults of the connection that pg reports without a code. */
const LOST_MESSAGE = /connection terminated|query read timeout|not queryable|connection ended/i
/** Every connection was at work for as long as one may wait for one. They are good: to drop them would slow a busy server further. */
const CROWDED_MESSAGE = /timeout exceeded when trying to connect/i

/** Too slow or too busy: trying again at once would make it worse. */
const BUSY = /^(57014|55P03|53\w{3})$/

/** Whether the server on the other end is gone, or is no primary any more. */
export const isLost = (error) =>
  typeof error?.code === 'string'
    ? LOST.test(error.code)
    : error?.code === undefined && LOST_MESSAGE.test(error?.message ?? '')

const isCrowded = (error) => CROWDED_MESSAGE.test(error?.message ?? '')
/** Another attempt may fare better, here or elsewhere. */
const isPassing = (error) => isLost(error) || isCrowded(error)

/**
 * @param {{primaryUrl: string, replicaUrl: string, connections?: number, patience?: number}} options
 *   patience: milliseconds a write may wait for a primary.
 */
export function openDatabase({primaryUrl, replicaUrl, connections = 4, patience = 3000}) {
  const primary = openPool(primaryUrl, connections)
  const replica = replicaUrl === primaryUrl ? primary : openPool(replicaUrl, connections)

  /** Runs `work` in one transaction on the primary. It may run again, so it must be safe to: give it an idempotency key. */
  const write = (work) => insist(() => primary.transaction(work))

  /**
   * As `write`, for what one statement can say: rows, after one journey to the primary instead of three or more, each of which takes
   * a tenth of a second when the primary is an ocean away.
   */
  const writeOnce = (sql, values) => insist(() => primary.query(sql, values))

  async function insist(attemptOnce) {
    const deadline = performance.now() + patience
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptOnce()
      } catch (error) {
        if (BUSY.test(error?.code)) throw new Unavailable('The primary is busy.', {cause: error})
        if (!isPassing(error) && !COLLIDED.test(error?.code)) throw error
        const pause = pauseAfter(attempt)
        if (performance.now() + pause > deadline) throw new Unavailable('The primary is out of reach.', {cause: error})
        await sleep(pause)
      }
    }
  }

  /** Rows from the nearest replica, or from the primary if asked to or if the replica is gone; says which. Waits as `write` does. */
  async function read(sql, values, {strong = false} = {}) {
    const sources = strong
      ? [['primary', primary]]
      : [
          ['replica', replica],
          ['primary', primary],
        ]
    const deadline = performance.now() + patience
    for (let attempt = 1; ; attempt++) {
      let last
      for (const [source, pool] of sources) {
        try {
          return {rows: await pool.query(sql, values), source}
        } catch (error) {
          if (!isPassing(error) && !BUSY.test(error?.code)) throw error
          last = error
        }
      }
      const pause = pauseAfter(attempt)
      if (BUSY.test(last.code) || performance.now() + pause > deadline)
        throw new Unavailable(strong ? 'The primary is out of reach.' : 'No database is in reach.', {cause: last})
      await sleep(pause)
    }
  }

  const close = () => Promise.all([...new Set([primary, replica])].map((pool) => pool.close()))
  return {write, writeOnce, read, close}
}

/** Longer each time, and not the same for all who wait. */
const pauseAfter = (attempt) => Math.min(50 * 2 ** attempt, 800) * (0.5 + Math.random() / 2)

/** A pool that starts over when its server is lost. */
function openPool(url, connections) {
  const options = {
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 1500,
    idleTimeoutMillis: 30_000,
    // Half-open connections to a dead region are noticed by these, not by TCP's minutes.
    query_timeout: 3500,
    statement_timeout: 3000,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: 'rental',
  }
  let pool = dial()

  function dial() {
    const fresh = new pg.Pool(options)
    // A connection may break while nothing is asked of it, idle or in mid-transaction: the next query on it will say so.
    fresh.on('error', () => {})
    fresh.on('connect', (client) => client.on('error', () => {}))
    return fresh
  }

  function startOver(lost) {
    if (pool !== lost) return
    pool = dial()
    lost.end().catch(() => {})
  }

  async function using(work) {
    const current = pool
    const client = await current.connect().catch((error) => {
      if (isLost(error)) startOver(current)
      throw error
    })
    let broken
    try {
      return await work(client)
    } catch (error) {
      if (isLost(error)) broken = error
      throw error
    } finally {
      client.release(broken)
      if (broken) startOver(current)
    }
  }

  return {
    query: (sql, values) => using(async (client) => (await client.query(sql, values)).rows),
    transaction: (work) =>
      using(async (client) => {
        await client.query('BEGIN')
        try {
          const result = await work(client)
          await client.query('COMMIT')
          return result
        } catch (error) {
          if (!isLost(error)) await client.query('ROLLBACK').catch(() => {})
          throw error
        }
      }),
    close: () => pool.end(),
  }
}
