/** What many trials amount to, and the table of it. Pure. */
import {percentile} from '../../load/summary.ts'
import type {Trial} from './platform.ts'
import type {Outage} from './writer.ts'

export interface Spread {
  readonly p50: number
  readonly p95: number
  readonly max: number
}

export interface Shape {
  readonly runs: number
  /** Longest time without an acknowledged write, ms. */
  readonly writeGapMs: Spread
  /** From the event to the first write acknowledged after it, ms. */
  readonly firstWriteMs: Spread
  /** From the command, where something went before it: the loss of a region. */
  readonly firstWriteAfterCommandMs?: Spread
  readonly lost: number
  /** Runs that lost more than was stated; and what was stated at most, seconds. */
  readonly boundExceeded?: number
  readonly boundSeconds?: Spread
  readonly requests?: number
  readonly failedReads?: number
  readonly failedStrongReads?: number
  readonly failedWrites?: number
  /** Requests made while no write was acknowledged. */
  readonly waiting?: {readonly made: number; readonly failed: number; readonly worstMs: number}
  readonly violations?: readonly string[]
  /** Why the runs that are not among `runs` failed. */
  readonly trialsFailed?: readonly string[]
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function spread(numbers: readonly number[], digits = 0): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => Number(percentile(sorted, share).toFixed(digits))
  return {p50: at(0.5), p95: at(0.95), max: at(1)}
}

export function shape(outcomes: readonly Outage[], trialsFailed: readonly string[] = []): Shape {
  const trials = outcomes.filter((outcome): outcome is Trial => 'requests' in outcome)
  const commanded = trials.flatMap(({afterCommandMs}) => (afterCommandMs === undefined ? [] : [afterCommandMs]))
  const bounded = trials.filter(({boundSeconds}) => boundSeconds !== undefined)
  const waits = trials.flatMap(({waiting}) => Object.values(waiting))
  return {
    runs: outcomes.length,
    writeGapMs: spread(outcomes.map(({writeGapMs}) => writeGapMs)),
    firstWriteMs: spread(outcomes.map(({firstWriteMs}) => firstWriteMs)),
    ...(commanded.length > 0 && {firstWriteAfterCommandMs: spread(commanded)}),
    lost: sum(outcomes.map(({lost}) => lost)),
    ...(bounded.length > 0 && {
      boundExceeded: bounded.filter(({boundSeconds, lostSeconds}) => lostSeconds! > boundSeconds!).length,
      boundSeconds: spread(
        bounded.map(({boundSeconds}) => boundSeconds!),
        1,
      ),
    }),
    ...(trials.length > 0 && {
      requests: sum(trials.map(({requests}) => requests)),
      failedReads: sum(trials.map(({failedReads}) => failedReads)),
      failedStrongReads: sum(trials.map(({failedStrongReads}) => failedStrongReads)),
      failedWrites: sum(trials.map(({failedWrites}) => failedWrites)),
      waiting: {
        made: sum(waits.map(({made}) => made)),
        failed: sum(waits.map(({failed}) => failed)),
        worstMs: Math.max(0, ...waits.map(({worstMs}) => worstMs)),
      },
      violations: trials.flatMap(({violations}) => violations),
    }),
    ...(trialsFailed.length > 0 && {trialsFailed}),
  }
}

const HEADER = `| what, and how often | write gap p50 / p95 / max | first write after the command, p50 / p95 / max | lost | failed requests | asked while writers waited: failed, longest |
|---|---|---|---|---|---|`

const three = ({p50, p95, max}: Spread) => `${p50} / ${p95} / ${max} ms`

/** A row per measurement, Markdown. */
export function markdownOf(shapes: Readonly<Record<string, Shape>>): string {
  const rows = Object.entries(shapes).map(([name, it]) => {
    const failed = it.requests === undefined ? '–' : failuresOf(it)
    const waiting = it.waiting
      ? `${it.waiting.failed} of ${it.waiting.made}, ${Math.round(it.waiting.worstMs)} ms`
      : '–'
    const runs = `${it.runs}${it.trialsFailed ? `, ${it.trialsFailed.length} more failed` : ''}`
    const first = three(it.firstWriteAfterCommandMs ?? it.firstWriteMs)
    return `| ${name}, ${runs} | ${three(it.writeGapMs)} | ${first} | ${lossOf(it)} | ${failed} | ${waiting} |`
  })
  return [HEADER, ...rows].join('\n')
}

const failuresOf = ({requests, failedReads = 0, failedStrongReads = 0, failedWrites = 0}: Shape) =>
  `${failedReads} reads, ${failedStrongReads} reads of the primary, ${failedWrites} writes of ${requests}`

function lossOf({lost, boundSeconds, boundExceeded}: Shape): string {
  if (!boundSeconds) return String(lost)
  const within = boundExceeded === 0 ? 'within the bound every time' : `bound exceeded ${boundExceeded} times`
  return `${lost}; ${within} (stated: ${boundSeconds.p50} to ${boundSeconds.max} s)`
}
