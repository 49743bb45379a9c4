/** Check 6: nobody is told by an old primary that a write is safe once a new one has answered. Pure. */
import type {Finding, Operation, Row} from './check.ts'

/**
 * By timelines where rows name them: a write found only at an old primary must not have been acknowledged, and none that an old
 * timeline holds begun, after the first acknowledgement on a newer one. And by the shape of the loss, which needs no timelines.
 */
export function splitBrain(
  operations: readonly Operation[],
  lost: readonly Operation[],
  rows: ReadonlyMap<string, Row>,
  orphans: readonly Row[],
): Finding[] {
  const found = new Map<string, Finding>()
  for (const finding of [...byTimeline(operations, rows, orphans), ...byShape(operations, lost, rows)]) {
    found.set(finding.key, found.get(finding.key) ?? finding)
  }
  return [...found.values()]
}

function byTimeline(
  operations: readonly Operation[],
  rows: ReadonlyMap<string, Row>,
  orphans: readonly Row[],
): Finding[] {
  const astray = new Map(orphans.map((row) => [row.key, row]))
  const acknowledged = operations.filter(({outcome}) => outcome === 'ok')
  const firstAck = new Map<number, number>()
  for (const {key, entry} of acknowledged) {
    const timeline = rows.get(key)?.timeline
    if (timeline === undefined) continue
    firstAck.set(timeline, Math.min(firstAck.get(timeline) ?? Number.POSITIVE_INFINITY, entry.complete_ns))
  }
  return acknowledged.flatMap(({key, entry, invoke_ns}): Finding[] => {
    const row = rows.get(key) ?? astray.get(key)
    if (row?.timeline === undefined) return []
    const newer = [...firstAck].filter(([timeline]) => timeline > row.timeline!).map(([, at]) => at)
    const since = Math.min(...newer)
    // A write whose first answer was lost is kept where that was taken, however late it is acknowledged.
    const late = rows.has(key) ? invoke_ns > since : entry.complete_ns > since
    if (!late) return []
    const where = row.server === undefined ? '' : ` by the server on port ${row.server}`
    const ms = ((entry.complete_ns - since) / 1e6).toFixed(0)
    const note = `acknowledged on timeline ${row.timeline}${where}, ${ms} ms after a newer timeline had answered`
    return [{violation: 'split-brain', key, note}]
  })
}

/**
 * Replication loses the end of what a primary took. A write that survives though it began after a lost one was acknowledged was
 * therefore taken by the new primary; a lost one that began after that was acknowledged was taken by the old one, too late.
 */
function byShape(
  operations: readonly Operation[],
  lost: readonly Operation[],
  rows: ReadonlyMap<string, Row>,
): Finding[] {
  const firstLoss = Math.min(...lost.map(({entry}) => entry.complete_ns))
  const fromNew = operations
    .filter(({key, outcome, invoke_ns}) => outcome === 'ok' && rows.has(key) && invoke_ns > firstLoss)
    .map(({entry}) => entry.complete_ns)
  const since = Math.min(...fromNew)
  return lost
    .filter(({entry}) => entry.invoke_ns > since)
    .map(({key}) => ({violation: 'split-brain', key, note: 'acknowledged and lost after newer writes had been kept'}))
}
