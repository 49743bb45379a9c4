/** An operation's journal: what was meant, what was done, in order, each line carrying the hash of the one before it. */
import {hash as digest} from 'node:crypto'
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import type {JournalStore} from '../store/journal.ts'
import type {Plan} from './plan.ts'

export type Facts = Readonly<Record<string, unknown>>

export type Happening =
  | {readonly what: 'planned'; readonly plan: Plan; readonly fence: number}
  | {readonly what: 'resumed' | 'aborting'; readonly fence: number}
  | {readonly what: 'intent' | 'undoing'; readonly step: string}
  /** `already`: it was so before this run touched it. */
  | {readonly what: 'done'; readonly step: string; readonly already: boolean; readonly facts: Facts}
  | {readonly what: 'undone'; readonly step: string}
  | {readonly what: 'failed'; readonly step: string; readonly message: string}
  | {readonly what: 'finished'; readonly outcome: Outcome}

export type Outcome = 'done' | 'unchanged' | 'incomplete'

/** `at`: milliseconds since the epoch. */
export type Entry = Happening & {
  readonly number: number
  readonly at: number
  readonly previous: string
  readonly hash: string
}

const hashOf = (entry: object): string => digest('sha256', JSON.stringify(entry)).slice(0, 32)

export interface Journal {
  readonly run: string
  entries(): readonly Entry[]
  /** Durable when it resolves. */
  write(happening: Happening): Promise<void>
  keep(name: string, text: string): Promise<string>
}

/** Opens the run's journal, new or old. Throws STORE_CORRUPT when its chain is broken. */
export async function openJournal(store: JournalStore, run: string, clock: Clock): Promise<Journal> {
  const entries = parseEntries(await store.read(run), run)
  return {
    run,
    entries: () => entries,
    async write(happening) {
      const body = {...happening, number: entries.length, at: clock.now(), previous: entries.at(-1)?.hash ?? ''}
      const entry: Entry = {...body, hash: hashOf(body)}
      await store.append(run, entry.number, JSON.stringify(entry))
      entries.push(entry)
    },
    keep: (name, text) => store.keep(run, name, text),
  }
}

/** Pure. Throws STORE_CORRUPT when a line was changed, taken out or put in. */
export function parseEntries(lines: readonly string[], run: string): Entry[] {
  const entries: Entry[] = []
  for (const line of lines) {
    const {hash, ...body} = parse(line, run) as Entry
    if (hash !== hashOf(body) || body.previous !== (entries.at(-1)?.hash ?? '')) throw broken(run)
    entries.push({...body, hash} as Entry)
  }
  return entries
}

function parse(line: string, run: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw broken(run)
  }
}

const broken = (run: string) =>
  new HaError('STORE_CORRUPT', `The journal of ${run} is not what ha wrote.`, {
    next: ['ha failover resume goes by what it observes: move the journal away first, it is evidence.'],
    data: {run},
  })

const lastDone = (entries: readonly Entry[], step: string) =>
  entries.findLast((entry): entry is Extract<Entry, {what: 'done'}> => entry.what === 'done' && entry.step === step)

/** The facts of a step's last success. */
export const factsOf = (entries: readonly Entry[], step: string): Facts | undefined => lastDone(entries, step)?.facts

/** When the step's last success was written, milliseconds since the epoch. */
export const doneAt = (entries: readonly Entry[], step: string): number | undefined => lastDone(entries, step)?.at

/** Steps done and not undone since. */
export function doneSteps(entries: readonly Entry[]): ReadonlySet<string> {
  const done = new Set<string>()
  for (const entry of entries) {
    if (entry.what === 'done') done.add(entry.step)
    if (entry.what === 'undone') done.delete(entry.step)
  }
  return done
}
