/** What a rule is given and how it speaks. Rules see settings of the right shape only; what was misshapen is simply absent. */
import type {Preset, Target} from '../config.ts'
import type {Path} from '../located.ts'
import type {ProblemCode} from '../problems.ts'
import type {Draft, ServiceDraft} from '../shape.ts'

export interface Report {
  readonly code: ProblemCode
  /** Where it shows. */
  readonly path: Path
  readonly of?: 'key' | 'value'
  readonly message: string
  readonly instead?: string
  /** What else the rule looked at: where any of it was misshapen the rule cannot know, and says nothing. */
  readonly involves?: readonly Path[]
}

export interface Scope {
  readonly environment: string
  readonly draft: Draft
  readonly preset: Preset
  readonly target: Target | undefined
  readonly report: (report: Report) => void
}

export type Rule = (scope: Scope) => void

/** Name and settings of each service whose shape allows to speak of it. */
export const servicesOf = (draft: Draft): [string, ServiceDraft][] =>
  Object.entries(draft.services ?? {}).filter((entry): entry is [string, ServiceDraft] => entry[1] !== undefined)

/** What is there, with its place in its list. */
export const itemsOf = <T>(list: readonly (T | undefined)[] | undefined): [number, T][] =>
  [...(list ?? []).entries()].filter((entry): entry is [number, T] => entry[1] !== undefined)

/** Calls `again` for each item that stood earlier in its list. */
export function repeats(
  list: readonly (string | undefined)[] | undefined,
  again: (item: string, index: number) => void,
) {
  const seen = new Set<string>()
  for (const [index, item] of itemsOf(list)) {
    if (seen.has(item)) again(item, index)
    seen.add(item)
  }
}
