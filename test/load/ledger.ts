/**
 * What the clients were told, kept outside every region: one JSON line per attempt, on disk before an acknowledgement counts.
 * Times are nanoseconds of the machine's monotonic clock (`process.hrtime`), comparable between processes until a reboot.
 */
import {open, readFile} from 'node:fs/promises'

export type Kind = 'booking' | 'webhook' | 'price'
/** `unknown`: it may have happened. `fail`: it certainly did not. */
export type Outcome = 'ok' | 'fail' | 'unknown'

/** One attempt. The same key again is the same write, tried again because its outcome was unknown. */
export interface Entry {
  readonly worker: number
  /** Of the worker's writes, counted up; a worker starts one only after the last one ended. */
  readonly seq: number
  readonly kind: Kind
  /** Idempotency key. */
  readonly key: string
  /** What the answer called it; only with `ok`. */
  readonly id?: string
  readonly invoke_ns: number
  readonly complete_ns: number
  readonly outcome: Outcome
  /** HTTP status or error code. */
  readonly status: number | string
  /** Region whose API answered (`x-region`). */
  readonly region?: string
  /** Epoch or timeline the answer named, if any (`x-epoch`). */
  readonly epoch?: string
}

export interface Header {
  readonly ledger: 1
  readonly run: string
  readonly url: string
  readonly startedAt: string
}

export interface Ledger {
  readonly header: Header
  readonly entries: readonly Entry[]
  /** Whether the writer ended in order; else attempts may have been under way that no line tells of. */
  readonly isComplete: boolean
}

export interface LedgerWriter {
  /** Resolves once the line is on disk. Lines that come while a sync is under way share the next one. */
  append(entry: Entry): Promise<void>
  /** Marks the ledger complete. */
  close(): Promise<void>
}

/** Throws when the file exists: a ledger is never overwritten. */
export async function createLedger(path: string, header: Header): Promise<LedgerWriter> {
  const file = await open(path, 'ax')
  let lines: string[] = []
  let round: Promise<void> | undefined
  let next: Promise<void> | undefined

  const flush = async () => {
    const text = lines.join('')
    lines = []
    await file.appendFile(text)
    await file.datasync()
  }
  const commit = (): Promise<void> => {
    if (round === undefined) {
      round = flush().finally(() => {
        round = undefined
      })
      return round
    }
    next ??= round.then(() => {
      next = undefined
      return commit()
    })
    return next
  }
  const write = (line: object) => {
    lines.push(`${JSON.stringify(line)}\n`)
    return commit()
  }
  await write(header)
  return {
    append: write,
    close: async () => {
      await write({end: new Date().toISOString()})
      await file.close()
    },
  }
}

export const readLedger = async (path: string): Promise<Ledger> => parseLedger(await readFile(path, 'utf8'))

/** A torn last line is left out: nobody was told of it. Throws for any other line that is not JSON. */
export function parseLedger(text: string): Ledger {
  const lines = text.split('\n')
  lines.pop()
  const [header, ...rest] = lines.map((line) => JSON.parse(line) as object)
  if (!header || !('ledger' in header)) throw new Error('This is not a ledger: its first line names no run.')
  const isComplete = 'end' in (rest.at(-1) ?? {})
  return {header: header as Header, entries: (isComplete ? rest.slice(0, -1) : rest) as Entry[], isComplete}
}
