/**
 * Which endpoint serves a request: a pure function of what is there and of the turns taken so far.
 * Groups by capacity (https://cloud.google.com/load-balancing/docs/https#request-distribution), endpoints by the locality policy.
 */
import {FAILOVER_HEALTH_THRESHOLD} from '../limits.ts'

export interface Candidate {
  /** Healthy, not ejected, not tried before for this request. */
  readonly usable: boolean
  readonly inFlight: number
}

export interface CandidateGroup<C extends Candidate> {
  readonly id: string
  readonly region: string
  /** 0 takes the group out; 0.1 to 1 multiplies its capacity. */
  readonly scaler: number
  readonly rate: {readonly of: 'group' | 'endpoint'; readonly perSecond: number}
  readonly candidates: readonly C[]
}

/** Turns taken: the balance of each group in a smooth weighted round robin, and the next endpoint of each. */
export interface Turns {
  readonly balance: Readonly<Record<string, number>>
  readonly next: Readonly<Record<string, number>>
}

export const NO_TURNS: Turns = {balance: {}, next: {}}

export interface Preference {
  readonly locality: 'ROUND_ROBIN' | 'LEAST_REQUEST'
  /** Where the client is; undefined: nowhere in particular, so that every region gets its share of capacity. */
  readonly clientRegion?: string | undefined
}

/** `choice` is undefined when no group with capacity has a usable endpoint. */
export function pick<C extends Candidate>(
  groups: readonly CandidateGroup<C>[],
  preference: Preference,
  turns: Turns,
): {choice: C | undefined; turns: Turns} {
  const weights = weigh(groups, preference.clientRegion)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) return {choice: undefined, turns}

  const balance: Record<string, number> = {}
  let best = -1
  for (const [index, group] of groups.entries()) {
    const weight = weights[index]!
    if (weight === 0) continue
    balance[group.id] = (turns.balance[group.id] ?? 0) + weight
    if (best === -1 || balance[group.id]! > balance[groups[best]!.id]!) best = index
  }
  const group = groups[best]!
  balance[group.id]! -= total

  const usable = group.candidates.filter((candidate) => candidate.usable)
  const turn = (turns.next[group.id] ?? 0) % usable.length
  const choice = preference.locality === 'LEAST_REQUEST' ? leastBusy(usable, turn) : usable[turn]
  return {choice, turns: {balance, next: {...turns.next, [group.id]: turn + 1}}}
}

/** Fewest requests in flight; among equals the next in turn. */
function leastBusy<C extends Candidate>(usable: readonly C[], turn: number): C | undefined {
  let best: C | undefined
  for (let step = 0; step < usable.length; step++) {
    const candidate = usable[(turn + step) % usable.length]!
    if (best === undefined || candidate.inFlight < best.inFlight) best = candidate
  }
  return best
}

/** Each group's share: capacity × scaler, the client's region first as far as its health allows. */
export function weigh(
  groups: readonly CandidateGroup<Candidate>[],
  clientRegion: string | undefined,
): readonly number[] {
  const capacities = groups.map(capacity)
  if (clientRegion === undefined) return capacities
  const near = groups.map((group) => group.region === clientRegion)
  const sum = (wanted: boolean) => capacities.reduce((total, one, at) => (near[at] === wanted ? total + one : total), 0)
  const [nearSum, farSum] = [sum(true), sum(false)]
  if (nearSum === 0 || farSum === 0) return capacities
  const share = Math.min(
    1,
    health(groups.filter((group, at) => near[at] && group.scaler > 0)) / FAILOVER_HEALTH_THRESHOLD,
  )
  return capacities.map((one, at) => (near[at] ? (one / nearSum) * share : (one / farSum) * (1 - share)))
}

function capacity(group: CandidateGroup<Candidate>): number {
  if (group.scaler === 0) return 0
  const usable = group.candidates.filter((candidate) => candidate.usable).length
  if (usable === 0) return 0
  return group.scaler * group.rate.perSecond * (group.rate.of === 'group' ? 1 : usable)
}

function health(groups: readonly CandidateGroup<Candidate>[]): number {
  const all = groups.flatMap((group) => group.candidates)
  return all.length === 0 ? 0 : all.filter((candidate) => candidate.usable).length / all.length
}
