/**
 * The transactional outbox: messages are rows written with what they tell of, and are sent once those are committed.
 * A message may be sent twice (a relay dies between sending and noting it), so whoever receives it must look at its key.
 */

/**
 * The part of a statement that adds a message for each row of `source`, an earlier part; `queue`, `key` and `payload` are SQL. The
 * same key again adds nothing.
 */
export const enqueueFrom = (source, {queue, key, payload}) =>
  `INSERT INTO outbox (queue, key, payload) SELECT ${queue}, ${key}, ${payload} FROM ${source} ON CONFLICT (key) DO NOTHING`

const BATCH = 50
const KEPT = '7 days'

/**
 * Sends what is in the outbox: at once when poked by who wrote it, and what others left behind on a slow clock. Any number of
 * relays run side by side; a row is locked by the one that sends it.
 * @param {{database: object, publish: (queue: string, message: {key: string, payload: object}) => Promise<void>,
 *   log: object, pause?: {min: number, max: number}}} means
 */
export function startRelay({database, publish, log, pause = {min: 1000, max: 15_000}}) {
  let wait = pause.min
  let timer
  let isStopped = false
  let isPoked = false
  let round = Promise.resolve()

  async function sendBatch() {
    return database.write(async (tx) => {
      const {rows} = await tx.query(
        'SELECT id, queue, key, payload FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED',
        [BATCH],
      )
      if (rows.length === 0) return 0
      await Promise.all(rows.map(({queue, key, payload}) => publish(queue, {key, payload})))
      await tx.query('UPDATE outbox SET sent_at = now() WHERE id = ANY($1)', [rows.map(({id}) => id)])
      return rows.length
    })
  }

  async function sendAll() {
    clearTimeout(timer)
    try {
      let sent = 0
      do {
        isPoked = false
        const count = await sendBatch()
        sent += count
        if (count < BATCH && !isPoked) break
      } while (!isStopped)
      wait = sent > 0 ? pause.min : Math.min(wait * 2, pause.max)
    } catch (error) {
      isPoked = false
      wait = Math.min(wait * 2, pause.max)
      log.warn('The outbox waits.', {error: error.message, wait})
    }
    // Spread out, so that relays do not all ask at once.
    if (!isStopped) timer = setTimeout(run, wait * (0.75 + Math.random() / 2))
  }

  let isRunning = false
  function run() {
    if (isRunning) return
    isRunning = true
    round = sendAll().finally(() => {
      isRunning = false
      if (isPoked && !isStopped) run()
    })
  }

  run()
  return {
    poke() {
      isPoked = true
      run()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await round
    },
  }
}

/** Forgets messages sent long ago. Until then they can be sent again, should a queue lose what it was given. */
export const forgetSent = (database) =>
  database.write((tx) => tx.query(`DELETE FROM outbox WHERE sent_at < now() - interval '${KEPT}'`))
