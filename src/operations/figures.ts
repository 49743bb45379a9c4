/** What an operation's journal tells of its times and its losses. Pure. */
import {type Entry, factsOf} from './journal.ts'

export interface Figures {
  readonly ms: number
  readonly writeGapMs?: number
  readonly loss: string
  readonly lossBoundSeconds?: number
  /** Since when the new primary can be recovered to any moment, milliseconds since the epoch; null: not yet. Absent: no new primary. */
  readonly recoverableSince?: number | null
  /** Instances that others took the place of: stopped, or read by nobody. */
  readonly leftBehind: readonly string[]
}

export function figuresOf(entries: readonly Entry[]): Figures {
  const stopped = numberOf(entries, 'stop', 'stoppedAt') ?? numberOf(entries, 'switchover', 'stoppedAt')
  const moved = numberOf(entries, 'repoint', 'movedAt')
  const planned = entries[0]?.what === 'planned' ? entries[0].plan : undefined
  const since = factsOf(entries, 'recoverable')?.recoverableSince as number | null | undefined
  const figures = {
    ms: (entries.at(-1)?.at ?? 0) - (entries[0]?.at ?? 0),
    ...(stopped !== undefined && moved !== undefined && {writeGapMs: moved - stopped}),
    ...(since !== undefined && {recoverableSince: since}),
    leftBehind: planned?.steps.flatMap((step) => (step.kind === 'replicate' ? [step.input.like] : [])) ?? [],
  }
  const bound = planned?.lossBoundSeconds
  if (bound !== undefined)
    return {...figures, lossBoundSeconds: bound, loss: `Lost at most: the last ${bound.toFixed(1)} s of writes.`}
  return {
    ...figures,
    loss:
      stopped === undefined
        ? 'No change of primary, nothing lost.'
        : 'Lost: nothing; the old primary’s last record was replayed before the new one was promoted.',
  }
}

function numberOf(entries: readonly Entry[], step: string, fact: string): number | undefined {
  const value = factsOf(entries, step)?.[fact]
  return typeof value === 'number' ? value : undefined
}
