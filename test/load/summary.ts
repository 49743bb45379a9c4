/** What a load run amounts to: counts, latencies and the longest silence. Pure. Durations in ms. */

export interface Sample {
  /** `write`, `read` (from the nearest replica), `strong` (from the primary). */
  readonly class: 'write' | 'read' | 'strong'
  readonly invoke_ns: number
  readonly complete_ns: number
  /** Undefined: it succeeded. Otherwise a short name of what went wrong (`503`, `ECONNRESET`, `timeout`). */
  readonly failure?: string
}

export interface Gap {
  readonly ms: number
  readonly from_ns: number
  readonly to_ns: number
}

export interface Latency {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export interface Summary {
  readonly requests: number
  readonly perSecond: number
  /** Not sent because every worker was still waiting for an answer. */
  readonly heldBack: number
  readonly writes: {readonly sent: number; readonly acknowledged: number}
  readonly failures: Readonly<Record<string, number>>
  readonly failedReads: number
  readonly failedStrongReads: number
  readonly failedWrites: number
  readonly latency: Readonly<Record<Sample['class'], Latency>>
  /** Longest interval without an acknowledged write, the run's ends included. */
  readonly writeGap: Gap
  readonly readGap: Gap
}

const MS = 1e6

/** `sorted` ascending; nearest rank. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/** Longest interval between two of `times` within `from`…`to` (ns), both ends counting as one. */
export function longestGap(times: readonly number[], from: number, to: number): Gap {
  const inside = times.filter((time) => time > from && time < to).sort((a, b) => a - b)
  let longest: Gap = {ms: 0, from_ns: from, to_ns: from}
  let last = from
  for (const time of [...inside, to]) {
    if (time - last > longest.ms * MS) longest = {ms: (time - last) / MS, from_ns: last, to_ns: time}
    last = time
  }
  return longest
}

export interface Waiting {
  readonly made: number
  readonly failed: number
  /** From the asking to the answer, ms. */
  readonly worstMs: number
}

/** What became of the requests that were made within a gap, by kind. */
export function madeDuring(
  samples: readonly Sample[],
  {from_ns, to_ns}: Pick<Gap, 'from_ns' | 'to_ns'>,
): Readonly<Record<Sample['class'], Waiting>> {
  const of = (kind: Sample['class']): Waiting => {
    const made = samples.filter(({class: it, invoke_ns}) => it === kind && invoke_ns >= from_ns && invoke_ns < to_ns)
    return {
      made: made.length,
      failed: made.filter(({failure}) => failure !== undefined).length,
      worstMs: latencyOf(made).max,
    }
  }
  return {write: of('write'), read: of('read'), strong: of('strong')}
}

function latencyOf(samples: readonly Sample[]): Latency {
  const sorted = samples.map(({invoke_ns, complete_ns}) => (complete_ns - invoke_ns) / MS).sort((a, b) => a - b)
  const at = (share: number) => Number(percentile(sorted, share).toFixed(1))
  return {p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1)}
}

export function summarize(
  samples: readonly Sample[],
  {from, to, heldBack}: {from: number; to: number; heldBack: number},
): Summary {
  const of = (kind: Sample['class']) => samples.filter((sample) => sample.class === kind)
  const failed = (kind: Sample['class']) => of(kind).filter(({failure}) => failure !== undefined).length
  const done = (kind: Sample['class']) =>
    of(kind)
      .filter(({failure}) => failure === undefined)
      .map(({complete_ns}) => complete_ns)
  const failures: Record<string, number> = {}
  for (const {class: kind, failure} of samples) {
    if (failure !== undefined) failures[`${kind} ${failure}`] = (failures[`${kind} ${failure}`] ?? 0) + 1
  }
  return {
    requests: samples.length,
    perSecond: Math.round(samples.length / ((to - from) / 1e9)),
    heldBack,
    writes: {sent: of('write').length, acknowledged: done('write').length},
    failures,
    failedReads: failed('read'),
    failedStrongReads: failed('strong'),
    failedWrites: failed('write'),
    latency: {write: latencyOf(of('write')), read: latencyOf(of('read')), strong: latencyOf(of('strong'))},
    writeGap: longestGap(done('write'), from, to),
    readGap: longestGap(done('read'), from, to),
  }
}
