/**
 * Judges a run: what the clients were told (the ledger) against what the surviving database holds and what the workers did.
 * Pure. After Jepsen's set checker (https://github.com/jepsen-io/jepsen, `checker/set-full`), with timelines for split brain.
 */
import {splitBrain} from './check-timeline.ts'
import type {Entry, Kind, Ledger, Outcome} from './ledger.ts'

/** One write as a database holds it. */
export interface Row {
  readonly kind: Kind
  /** The client's key. */
  readonly key: string
  /** What the application called it. */
  readonly id: string
  /** Grows with every write of a primary; undefined: the write has no message in the outbox. */
  readonly position?: number
  /** Timeline and port of the server that took it, when the database notes them. */
  readonly timeline?: number
  readonly server?: number
  /** How many effects are noted under it: 1 when all is done. */
  readonly effects: number
}

/** A sum that the effects of some writes add up to: it shows an effect applied twice. */
export interface Tally {
  readonly name: string
  /** Effects noted by key. */
  readonly noted: number
  /** What they added up to. */
  readonly applied: number
}

export interface Evidence {
  readonly ledger: Ledger
  readonly rows: readonly Row[]
  readonly tallies: readonly Tally[]
  /** Rows that only a former primary holds, asked directly. */
  readonly orphans?: readonly Row[]
  /** What an unplanned failover said could be lost at most. Absent: nothing may be. */
  readonly claimed?: {
    readonly seconds: number
    /** When contact with the primary was lost, monotonic ns; absent: when the last lost write was acknowledged. */
    readonly lostContact_ns?: number
  }
}

export type Violation =
  | 'lost'
  | 'altered'
  | 'failed-yet-present'
  | 'unaccounted'
  | 'duplicate'
  | 'reordered'
  | 'split-brain'
  | 'bound-exceeded'
  | 'effect-missing'
  | 'effect-repeated'
  | 'message-missing'

export interface Finding {
  readonly violation: Violation
  readonly key: string
  readonly note: string
}

export interface Loss {
  readonly count: number
  readonly first: Entry
  readonly last: Entry
  /** From the first lost acknowledgement to the loss of contact, or to the last lost one when that came later. */
  readonly seconds: number
}

export interface Verdict {
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly loss?: Loss
  readonly counts: Readonly<Record<Outcome, number>> & {readonly present: number; readonly unknownPresent: number}
}

/** All attempts under one key, as one operation. */
export interface Operation {
  readonly key: string
  readonly worker: number
  readonly seq: number
  readonly outcome: Outcome
  /** The first attempt that succeeded, else the first attempt. */
  readonly entry: Entry
  readonly invoke_ns: number
}

const NS = 1e9

/** One success makes a success; else one doubt makes a doubt. */
export function foldAttempts(entries: readonly Entry[]): Map<string, Operation> {
  const operations = new Map<string, Operation>()
  for (const entry of entries) {
    const {key, worker, seq, outcome, invoke_ns} = entry
    const known = operations.get(key)
    if (known === undefined) operations.set(key, {key, worker, seq, outcome, entry, invoke_ns})
    else if (known.outcome !== 'ok' && outcome === 'ok') operations.set(key, {...known, outcome, entry})
    else if (known.outcome === 'fail' && outcome === 'unknown') operations.set(key, {...known, outcome})
  }
  return operations
}

export function check(evidence: Evidence): Verdict {
  const operations = foldAttempts(evidence.ledger.entries)
  const rows = new Map(evidence.rows.map((row) => [row.key, row]))
  const all = [...operations.values()]
  const lost = all.filter(({key, outcome}) => outcome === 'ok' && !rows.has(key))
  const loss = measureLoss(lost, evidence.claimed?.lostContact_ns)
  const findings = [
    ...judgeLoss(lost, loss, evidence.claimed),
    ...mismatches(evidence, operations),
    ...duplicates(evidence.rows),
    ...reordered(all, rows),
    ...splitBrain(all, lost, rows, evidence.orphans ?? []),
    ...effectsOf(evidence),
  ]
  const count = (outcome: Outcome) => all.filter((operation) => operation.outcome === outcome).length
  return {
    ok: findings.length === 0,
    findings,
    ...(loss && {loss}),
    counts: {
      ok: count('ok'),
      fail: count('fail'),
      unknown: count('unknown'),
      present: rows.size,
      unknownPresent: all.filter(({key, outcome}) => outcome === 'unknown' && rows.has(key)).length,
    },
  }
}

function measureLoss(lost: readonly Operation[], lostContact?: number): Loss | undefined {
  if (lost.length === 0) return undefined
  const entries = lost.map(({entry}) => entry).sort((a, b) => a.complete_ns - b.complete_ns)
  const [first, last] = [entries[0]!, entries.at(-1)!]
  const end = Math.max(lostContact ?? last.complete_ns, last.complete_ns)
  return {count: lost.length, first, last, seconds: (end - first.complete_ns) / NS}
}

/** 1 and 7: what was acknowledged is there, or within what was said could be lost. */
function judgeLoss(lost: readonly Operation[], loss: Loss | undefined, claimed: Evidence['claimed']): Finding[] {
  if (!loss) return []
  if (!claimed) return lost.map(({key, entry}) => ({violation: 'lost', key, note: `acknowledged with ${entry.status}`}))
  if (loss.seconds <= claimed.seconds) return []
  const note = `${loss.count} lost over ${loss.seconds.toFixed(3)} s; at most ${claimed.seconds} s was stated`
  return [{violation: 'bound-exceeded', key: loss.first.key, note}]
}

/** 1 to 3: each row is the one that was acknowledged, and none is there that was refused or never asked for. */
function mismatches({rows, ledger}: Evidence, operations: ReadonlyMap<string, Operation>): Finding[] {
  return rows.flatMap(({key, id}): Finding[] => {
    const operation = operations.get(key)
    // A ledger that was cut off says nothing of what was under way then.
    if (!operation) return ledger.isComplete ? [{violation: 'unaccounted', key, note: 'nobody asked for it'}] : []
    const {outcome, entry} = operation
    if (outcome === 'fail') return [{violation: 'failed-yet-present', key, note: `refused with ${entry.status}`}]
    if (outcome === 'ok' && entry.id !== undefined && entry.id !== id) {
      return [{violation: 'altered', key, note: `acknowledged as ${entry.id}, found as ${id}`}]
    }
    return []
  })
}

/** 4: one row per key, one key per row. */
function duplicates(rows: readonly Row[]): Finding[] {
  const seen = {key: new Set<string>(), id: new Set<string>()}
  return rows.flatMap(({key, id}): Finding[] => {
    const isRepeated = seen.key.has(key) || seen.id.has(id)
    seen.key.add(key)
    seen.id.add(id)
    return isRepeated ? [{violation: 'duplicate', key, note: `found more than once (${id})`}] : []
  })
}

/**
 * 5: a worker's writes were taken in the order in which it made them. Only of writes acknowledged at the first attempt: one that
 * was tried again may have happened at any attempt.
 */
function reordered(operations: readonly Operation[], rows: ReadonlyMap<string, Row>): Finding[] {
  const highest = new Map<number, {position: number; key: string}>()
  const certain = operations
    .filter(({outcome, entry, invoke_ns}) => outcome === 'ok' && entry.invoke_ns === invoke_ns)
    .sort((a, b) => a.seq - b.seq)
  return certain.flatMap(({worker, key}): Finding[] => {
    const position = rows.get(key)?.position
    if (position === undefined) return []
    const before = highest.get(worker)
    if (before && before.position > position) {
      return [{violation: 'reordered', key, note: `taken before ${before.key}, though asked for after it`}]
    }
    highest.set(worker, {position, key})
    return []
  })
}

/** 8: every write has its message, every message its effect, and the effects add up. */
function effectsOf({rows, tallies}: Evidence): Finding[] {
  const perRow = rows.flatMap(({key, position, effects}): Finding[] => {
    if (position === undefined) return [{violation: 'message-missing', key, note: 'written without its message'}]
    if (effects === 0) return [{violation: 'effect-missing', key, note: 'nothing was done about it'}]
    return effects > 1 ? [{violation: 'effect-repeated', key, note: `done ${effects} times`}] : []
  })
  const sums = tallies.flatMap(({name, noted, applied}): Finding[] => {
    if (noted === applied) return []
    const violation = applied > noted ? 'effect-repeated' : 'effect-missing'
    return [{violation, key: name, note: `${noted} effects are noted, ${applied} were applied`}]
  })
  return [...perRow, ...sums]
}
