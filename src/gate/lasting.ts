/** Whether a statement leaves something in its session that the session's next server would not have. Pure. */
import type {Message} from './frames.ts'

/** Statements of which something lasts beyond their transaction. `SET LOCAL` and `SET TRANSACTION` do not. */
const STATEMENT =
  /(?:^|;)\s*(?:SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)|RESET\b|LISTEN\b|PREPARE\b|LOAD\b|DECLARE\b[^;]*\bWITH\s+HOLD\b)/i
/** Session locks and settings taken by a function, and tables of the session's own. */
const WITHIN =
  /\bpg_(?:try_)?advisory_lock(?:_shared)?\b|\bset_config\b|\bCREATE\s+(?:LOCAL\s+|GLOBAL\s+)?TEMP(?:ORARY)?\b|\bINTO\s+TEMP(?:ORARY)?\b/i

const lasts = (sql: string) => STATEMENT.test(sql) || WITHIN.test(sql)

/**
 * By what the client's message says: a prepared statement with a name, a session's setting, lock, listener or temporary table.
 * What a function of the database does behind a harmless call is not seen.
 */
export function leavesState({type, body}: Message): boolean {
  if (type === 'Q') return lasts(textOf(body, 0))
  if (type !== 'P') return false
  const nameEnd = body.indexOf(0)
  return nameEnd !== 0 || lasts(textOf(body, 1))
}

function textOf(body: Buffer, from: number): string {
  const end = body.indexOf(0, from)
  return body.toString('utf8', from, end < 0 ? body.length : end)
}
