import {expect, test} from 'vitest'
import {check, type Evidence, foldAttempts, type Row, type Violation} from './check.ts'
import type {Entry, Ledger, Outcome} from './ledger.ts'

const MS = 1e6
const WORKERS = 4

/** Write `n` of the run: worker n mod 4, begun at 10 n ms, answered 5 ms later. */
const entry = (n: number, changed: Partial<Entry> = {}): Entry => ({
  worker: n % WORKERS,
  seq: Math.floor(n / WORKERS),
  kind: 'booking',
  key: `k${n}`,
  id: `id${n}`,
  invoke_ns: n * 10 * MS,
  complete_ns: (n * 10 + 5) * MS,
  outcome: 'ok',
  status: 201,
  ...changed,
})
const row = (n: number, changed: Partial<Row> = {}): Row => ({
  kind: 'booking',
  key: `k${n}`,
  id: `id${n}`,
  position: n,
  timeline: 1,
  server: 5001,
  effects: 1,
  ...changed,
})
const numbers = Array.from({length: 40}, (_, n) => n)
const ledgerOf = (entries: readonly Entry[], isComplete = true): Ledger => ({
  header: {ledger: 1, run: 'run', url: 'http://127.0.0.1', startedAt: ''},
  entries,
  isComplete,
})

/** A run in which all is well: forty writes, all kept, all acted on. */
const sound = (): {
  -readonly [K in keyof Evidence]: Evidence[K]
} => ({
  ledger: ledgerOf(numbers.map((n) => entry(n))),
  rows: numbers.map((n) => row(n)),
  tallies: [0, 1, 2, 3].map((worker) => ({name: `listing ${worker}`, noted: 10, applied: 10})),
})
const swap = <T>(list: readonly T[], at: number, item: T) => list.map((old, n) => (n === at ? item : old))
const without = (rows: readonly Row[], ...gone: number[]) =>
  rows.filter(({key}) => !gone.includes(Number(key.slice(1))))
const found = (evidence: Evidence) => [...new Set(check(evidence).findings.map(({violation}) => violation))].sort()

test('a sound run has no findings', () => {
  expect(check(sound())).toEqual({
    ok: true,
    findings: [],
    counts: {ok: 40, fail: 0, unknown: 0, present: 40, unknownPresent: 0},
  })
})

/** What is planted, and what must be found of it and nothing else. */
const MUTATIONS: readonly [string, (run: Evidence) => Evidence, readonly Violation[]][] = [
  ['an acknowledged write is gone', (run) => ({...run, rows: without(run.rows, 17)}), ['lost']],
  ['the last acknowledged write is gone', (run) => ({...run, rows: without(run.rows, 39)}), ['lost']],
  ['every acknowledged write is gone', (run) => ({...run, rows: []}), ['lost']],
  [
    'a write was kept under another id',
    (run) => ({...run, rows: swap(run.rows, 8, row(8, {id: 'other'}))}),
    ['altered'],
  ],
  [
    'a refused write is there',
    (run) => ({...run, ledger: ledgerOf(swap(run.ledger.entries, 5, entry(5, {outcome: 'fail', status: 409})))}),
    ['failed-yet-present'],
  ],
  ['a write is there twice', (run) => ({...run, rows: [...run.rows, row(9)]}), ['duplicate']],
  [
    'one booking is there under two keys',
    (run) => ({...run, rows: swap(run.rows, 9, row(9, {id: 'id8'}))}),
    ['altered', 'duplicate'],
  ],
  ['a write is there that nobody made', (run) => ({...run, rows: [...run.rows, row(40)]}), ['unaccounted']],
  [
    'two writes of one worker changed places',
    (run) => ({
      ...run,
      rows: run.rows.map((r) => (r.key === 'k4' ? row(4, {position: 8}) : r.key === 'k8' ? row(8, {position: 4}) : r)),
    }),
    ['reordered'],
  ],
  ['a write has no message', (run) => ({...run, rows: swap(run.rows, 3, withoutPosition(3))}), ['message-missing']],
  ['a message had no effect', (run) => ({...run, rows: swap(run.rows, 3, row(3, {effects: 0}))}), ['effect-missing']],
  ['an effect is noted twice', (run) => ({...run, rows: swap(run.rows, 3, row(3, {effects: 2}))}), ['effect-repeated']],
  [
    'an effect was applied twice under one note',
    (run) => ({...run, tallies: swap(run.tallies, 2, {name: 'listing 2', noted: 10, applied: 11})}),
    ['effect-repeated'],
  ],
  [
    'an effect is noted but was never applied',
    (run) => ({...run, tallies: swap(run.tallies, 2, {name: 'listing 2', noted: 10, applied: 9})}),
    ['effect-missing'],
  ],
  [
    'the old primary acknowledges on, beside the new one, and its writes are lost',
    (run) => ({
      ...run,
      rows: without(run.rows, 22, 24, 26).map((r) => onTimeline(r, 20)),
      orphans: [22, 24, 26].map((n) => row(n, {timeline: 1})),
    }),
    ['lost', 'split-brain'],
  ],
  [
    'the same, and nobody notes timelines or can ask the old primary',
    (run) => ({...run, rows: without(run.rows, 22, 24, 26).map(({timeline: _, server: __, ...r}) => r)}),
    ['lost', 'split-brain'],
  ],
  [
    'the same, within a stated loss',
    (run) => ({...run, rows: without(run.rows, 22, 24, 26).map((r) => onTimeline(r, 20)), claimed: {seconds: 60}}),
    ['split-brain'],
  ],
  [
    'a write was begun on the old timeline when the new one had answered, and was kept',
    (run) => ({...run, rows: run.rows.map((r) => (r.key === 'k30' ? row(30) : onTimeline(r, 20)))}),
    ['split-brain'],
  ],
  [
    'more is lost than was stated',
    (run) => ({...run, rows: without(run.rows, 10, 11, 12, 13), claimed: {seconds: 0.02}}),
    ['bound-exceeded'],
  ],
]

const onTimeline = (r: Row, from: number): Row =>
  Number(r.key.slice(1)) < from ? r : {...r, timeline: 2, server: 5002}

function withoutPosition(n: number): Row {
  const {position: _, ...rest} = row(n)
  return rest
}

test.each(MUTATIONS)('it is caught when %s', (_title, mutate, expected) => {
  expect(found(mutate(sound()))).toEqual(expected)
})

test('any single planted loss is caught, wherever it is', () => {
  const missed = numbers.filter((n) => {
    const {findings} = check({...sound(), rows: without(sound().rows, n)})
    return !(findings.length === 1 && findings[0]!.violation === 'lost' && findings[0]!.key === `k${n}`)
  })
  expect(missed).toEqual([])
})

/** What may happen in a failover without a promise being broken. */
const HARMLESS: readonly [string, (run: Evidence) => Evidence][] = [
  ['a switchover between two writes', (run) => ({...run, rows: run.rows.map((r) => onTimeline(r, 20))})],
  [
    'an unanswered write that is there',
    (run) => ({...run, ledger: ledgerOf(swap(run.ledger.entries, 6, attempt(6, 'unknown')))}),
  ],
  [
    'an unanswered write that is not there',
    (run) => ({
      ...run,
      ledger: ledgerOf(swap(run.ledger.entries, 6, attempt(6, 'unknown'))),
      rows: without(run.rows, 6),
    }),
  ],
  [
    'a refused write that is not there',
    (run) => ({...run, ledger: ledgerOf(swap(run.ledger.entries, 6, attempt(6, 'fail'))), rows: without(run.rows, 6)}),
  ],
  [
    'a write taken at the first attempt and acknowledged at the second, out of order',
    (run) => ({
      ...run,
      ledger: repeated(run.ledger, 8),
      rows: run.rows.map((r) => (r.key === 'k8' ? row(8, {position: 39.5}) : r)),
    }),
  ],
  [
    'a loss that stays within what was stated',
    (run) => ({...run, rows: without(run.rows, 18, 19).map((r) => onTimeline(r, 20)), claimed: {seconds: 0.02}}),
  ],
  [
    'an answer of the old primary that arrives late, its write having been replicated',
    (run) => ({
      ...run,
      ledger: ledgerOf(swap(run.ledger.entries, 19, entry(19, {complete_ns: 290 * MS}))),
      rows: run.rows.map((r) => onTimeline(r, 20)),
    }),
  ],
  [
    'a write taken by the old primary at the first attempt, and acknowledged at the second by the new one, which has it',
    (run) => ({
      ...run,
      ledger: repeated(run.ledger, 8),
      rows: run.rows.map((r) => onTimeline(r, 20)),
    }),
  ],
  [
    'a ledger that was cut off, with a write under way then',
    (run) => ({...run, ledger: ledgerOf(run.ledger.entries.slice(0, 39), false)}),
  ],
]

/** Write `n` was tried a second time, long after, since its first answer was lost. */
const repeated = ({entries}: Ledger, n: number): Ledger =>
  ledgerOf([
    ...entries.filter(({key}) => key !== `k${n}`),
    attempt(n, 'unknown'),
    entry(n, {invoke_ns: 800 * MS, complete_ns: 805 * MS}),
  ])

function attempt(n: number, outcome: Outcome): Entry {
  const {id: _, ...rest} = entry(n, {outcome, status: outcome === 'fail' ? 409 : 503})
  return rest
}

test.each(HARMLESS)('nothing is found in %s', (_title, change) => {
  expect(check(change(sound())).findings).toEqual([])
})

test('a loss tells its extent: how many, the first, the last, and how long before contact was lost', () => {
  const lost = (claimed?: Evidence['claimed']) =>
    check({...sound(), rows: without(sound().rows, 36, 37, 39), ...(claimed && {claimed})}).loss!
  expect(lost()).toMatchObject({count: 3, first: {key: 'k36'}, last: {key: 'k39'}, seconds: 0.03})
  expect(lost({seconds: 1, lostContact_ns: 465 * MS}).seconds).toBeCloseTo(0.1)
  expect(lost({seconds: 1, lostContact_ns: 0}).seconds, 'what came after that counts too').toBeCloseTo(0.03)
})

test.each<[string, Outcome[], Outcome]>([
  ['unknown then ok is ok', ['unknown', 'ok'], 'ok'],
  ['unknown then refused stays unknown', ['unknown', 'fail'], 'unknown'],
  ['refused then unknown is unknown', ['fail', 'unknown'], 'unknown'],
  ['ok then anything is ok', ['ok', 'unknown', 'fail'], 'ok'],
])('attempts under one key are one write: %s', (_title, outcomes, expected) => {
  const attempts = outcomes.map((outcome, n) => entry(0, {outcome, invoke_ns: n}))
  expect(foldAttempts(attempts).get('k0')!.outcome).toBe(expected)
})
