/** What an operation's journal tells of its times and its losses. Pure. */
import {type Entry, factsOf} from './journal.ts'

export interface Figures {
  readonly ms: number
  readonly writeGapMs?: number
  readonly loss: string
  readonly lossBoundSeconds?: number
}

export function figuresOf(entries: readonly Entry[]): Figures {
  const ms = (entries.at(-1)?.at ?? 0) - (entries[0]?.at ?? 0)
  const stopped = numberOf(entries, 'stop', 'stoppedAt') ?? numberOf(entries, 'switchover', 'stoppedAt')
  const moved = numberOf(entries, 'repoint', 'movedAt')
  const gap = stopped === undefined || moved === undefined ? {} : {writeGapMs: moved - stopped}
  const planned = entries[0]?.what === 'planned' ? entries[0].plan : undefined
  const bound = planned?.lossBoundSeconds
  if (bound !== undefined)
    return {ms, ...gap, lossBoundSeconds: bound, loss: `Lost at most: the last ${bound.toFixed(1)} s of writes.`}
  return {
    ms,
    ...gap,
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
