/** What the old primary acknowledged and nobody else has, kept for people before anything of it is given up. */
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {carryOut} from '../waits.ts'
import {stopForGood} from './fence.ts'

const START_MS = 10 * 60_000

interface Orphan {
  readonly table: string
  readonly row: unknown
}

/**
 * Rows written by transactions that began after the fork. Not found this way: deletions, rows of transactions that were open when
 * the histories parted, sequences. The instance itself is kept, stopped, so nothing is lost by what is not found.
 */
export const captureDivergence: Deed<StepInputs['capture-divergence']> = {
  async act({instance, primary, database}, means) {
    const {cloud, fences, journal} = means
    const facts = (await cloud.instances()).find(({name}) => name === instance)
    // Until it is stopped again, every command of ha would try to.
    await fences.change((now) => now.map((it) => (it.instance === instance ? {...it, state: 'pending'} : it)))
    if (facts && !facts.active) await carryOut(means, {deed: 'start', instance}, START_MS)
    const fence = (await fences.read()).find((it) => it.instance === instance)
    const position = await cloud.position(instance)
    const orphans = fence?.forkXid === undefined ? undefined : await orphansOf(means, instance, database, fence.forkXid)
    const report = {
      instance,
      primary,
      fork: {lsn: fence?.forkLsn, xid: fence?.forkXid},
      at: position.lsn,
      orphans: orphans ?? 'not determinable: the fork is unknown',
    }
    const json = await journal.keep('orphaned-writes.json', `${JSON.stringify(report, null, 1)}\n`)
    const sql = await journal.keep('orphaned-writes.sql', (orphans ?? []).map(insertOf).join(''))
    return {
      orphanedRows: orphans?.length ?? null,
      orphanedLogBytes: fence?.forkLsn === undefined ? null : Math.max(0, position.lsn - fence.forkLsn),
      json,
      sql,
    }
  },
  async undo({instance}, means) {
    const state = await stopForGood(means, instance)
    await means.fences.change((now) => now.map((it) => (it.instance === instance ? {...it, state} : it)))
  },
}

async function orphansOf({cloud}: Means, instance: string, database: string, forkXid: number): Promise<Orphan[]> {
  const tables = await cloud.query(
    instance,
    `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    database,
  )
  const orphans: Orphan[] = []
  for (const [table] of tables) {
    // Transaction ids wrap at 2³²; what a region wrote alone is far less than half of that.
    const newer = `((xmin::text::bigint - ${forkXid}) & 4294967295) < 2147483648`
    const rows = await cloud.query(instance, `SELECT to_jsonb(t) FROM ${table} t WHERE ${newer}`, database)
    for (const [row] of rows) orphans.push({table: table!, row: JSON.parse(row!)})
  }
  return orphans
}

/** Idempotent: a row that exists by then is left alone. */
function insertOf({table, row}: Orphan): string {
  const text = JSON.stringify(row).replaceAll("'", "''")
  return `INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, '${text}') ON CONFLICT DO NOTHING;\n`
}
