/** Writers that talk to PostgreSQL itself, for the measurements beside which `ha` is set: no front door, no application. */
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {longestGap} from '../../load/summary.ts'

export interface Outage {
  /** Longest interval without an acknowledged write after `from`, ms. */
  readonly writeGapMs: number
  /** From `from` to the first acknowledgement after that interval, ms. */
  readonly firstWriteMs: number
  /** Acknowledged, and not there at the end. */
  readonly lost: number
}

export interface Writer {
  /** Ends the writers; asks whichever server is primary then for what was acknowledged. `from`: ns. */
  finish(from: number): Promise<Outage>
}

const WRITERS = 4
const PACE_MS = 20
export const nanoseconds = () => Number(process.hrtime.bigint())

/** Four writers at 50 a second each, which look for a primary among `urls` whenever theirs fails. Resolves when all write. */
export async function startWriter(urls: readonly string[]): Promise<Writer> {
  const acknowledged: {readonly id: number; readonly at: number}[] = []
  let isOver = false
  let id = 0
  const first = await primaryAmong(urls, () => false)
  await first!.query('DROP TABLE IF EXISTS written; CREATE TABLE written (id int PRIMARY KEY)')
  await first!.end()

  async function write(started: () => void): Promise<void> {
    let client: pg.Client | undefined
    while (!isOver) {
      try {
        client ??= await primaryAmong(urls, () => isOver)
        if (!client) break
        const mine = id++
        await client.query('INSERT INTO written VALUES ($1)', [mine])
        acknowledged.push({id: mine, at: nanoseconds()})
        started()
        await sleep(PACE_MS)
      } catch {
        client?.end().catch(() => {})
        client = undefined
      }
    }
    await client?.end().catch(() => {})
  }
  const running: Promise<void>[] = []
  await Promise.all(Array.from({length: WRITERS}, () => new Promise<void>((started) => running.push(write(started)))))

  return {
    async finish(from) {
      isOver = true
      await Promise.all(running)
      const gap = longestGap(
        acknowledged.map(({at}) => at),
        from,
        Math.max(from, ...acknowledged.map(({at}) => at)),
      )
      const survivor = await primaryAmong(urls, () => false)
      const {rows} = await survivor!.query<{id: number}>('SELECT id FROM written')
      await survivor!.end()
      const kept = new Set(rows.map((row) => row.id))
      return {
        writeGapMs: gap.ms,
        firstWriteMs: (gap.to_ns - from) / 1e6,
        lost: acknowledged.filter((write) => !kept.has(write.id)).length,
      }
    },
  }
}

/** Undefined when given up. Throws when there is none for 90 s. */
async function primaryAmong(urls: readonly string[], isOver: () => boolean): Promise<pg.Client | undefined> {
  const deadline = performance.now() + 90_000
  while (!isOver()) {
    for (const url of urls) {
      const client = new pg.Client({connectionString: url, connectionTimeoutMillis: 500, query_timeout: 2_000})
      client.on('error', () => {})
      try {
        await client.connect()
        const {rows} = await client.query<{isReplica: boolean}>('SELECT pg_is_in_recovery() AS "isReplica"')
        if (rows[0]!.isReplica === false) return client
      } catch {
        // The next one may be it.
      }
      client.end().catch(() => {})
    }
    if (performance.now() > deadline) throw new Error('There is no primary.')
    await sleep(5)
  }
  return undefined
}
