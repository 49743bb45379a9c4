/** What the gates of all regions are told, in one object of Cloud Storage: which change of primary counts, and whether writers may pass. */

export interface Word {
  /** Grows by one with every change of primary; a session of another epoch leads to a primary that no longer counts. */
  readonly epoch: number
  /** `held`: no transaction begins. Those under way go on. */
  readonly state: 'open' | 'held'
  /** The primary of this epoch is on this timeline of PostgreSQL's or a later one; 0: not known. */
  readonly timeline: number
}

/** Before the first deploy has said anything, and where nobody can be asked. */
export const UNSAID: Word = {epoch: 0, state: 'open', timeline: 0}

/** @throws Error for anything that is not a word. */
export function parseWord(text: string): Word {
  const {epoch, state, timeline} = JSON.parse(text) as Partial<Word>
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  if (!isCount(epoch) || !isCount(timeline) || (state !== 'open' && state !== 'held'))
    throw new Error(`Not a word for gates: ${text.slice(0, 200)}`)
  return {epoch, state, timeline}
}
