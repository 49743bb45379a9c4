/**
 * How much of the last writes is missing when a replica takes over from a region that is gone. Pure. docs/decisions/loss-bound.md
 *
 *      … acknowledged, and on the replica │ acknowledged, perhaps lost │ nobody acknowledges any more …
 *   ───────────────────────────────────────┼────────────────────────────┼──────────────────────────────────┤ now
 *                 newest heartbeat or transaction held       contact lost
 *                                          ├──────── held: its age ────────────────────────────────────────┤
 *                                                                       ├─────────── silence ──────────────┤
 */
import type {Facts} from '../facts.ts'
import type {Topology} from '../topology/topology.ts'
import {backendsOf, instanceIn, type Scene, seenOf} from './scene.ts'

/** What two clocks of the cloud may differ by. */
const CLOCKS_SECONDS = 0.2

export interface Loss {
  /** Upper bound, seconds of writes. */
  readonly seconds: number
  /** Everything that was acknowledged longer ago is on the replica; seconds. */
  readonly held: number
  /** Nothing was acknowledged since; seconds. 0: that cannot be told, and the bound grows while people hesitate. */
  readonly silence: number
}

/** Undefined when the replica neither holds a heartbeat nor ever applied a transaction. */
export function lossOf(
  topology: Topology,
  scene: Scene,
  {from, to}: {readonly from: string; readonly to: string},
): Loss | undefined {
  const {name} = instanceIn(topology, to)
  const position = seenOf(scene.positions[name])
  const asked = seenOf(scene.held[name]) ?? undefined
  const held = asked ?? position?.lagSeconds ?? undefined
  if (held === undefined) return undefined
  const silence = asked === undefined ? 0 : silenceOf(topology, scene, from, position?.contactSeconds ?? null)
  // Whoever was silent before something was written was silent for a reason of its own.
  const believed = silence <= held + CLOCKS_SECONDS ? silence : 0
  return {seconds: Math.max(0, held - believed) + CLOCKS_SECONDS, held, silence: believed}
}

/**
 * For how long no way led to the primary that a write could have been acknowledged over. The ways: from every other region straight to
 * the database, and through the region's own pods, which the load balancer must have given up, and whose cluster must be silent to the
 * other regions. The last of them to close counts; one of which nothing is known is open.
 */
function silenceOf(topology: Topology, scene: Scene, from: string, contactSeconds: number | null): number {
  const others = topology.regions.filter(({name, lost}) => name !== from && !lost)
  const facts = others.map(({name}) => seenOf(scene.observers[name]))
  if (facts.length === 0 || isServing(topology, scene, from)) return 0
  const since = facts.flatMap((each) => (each ? closedFor(each, from) : [0]))
  return Math.min(...since, ...(contactSeconds === null ? [] : [contactSeconds]))
}

/** Seconds for which each way that this observer looks at has been closed. */
function closedFor({primary, peers, canaries: {write}}: Facts, from: string): readonly number[] {
  const cluster = peers.find(({region}) => region === from)
  return [
    (primary.failing?.forMs ?? 0) / 1000,
    cluster && !cluster.isReachable ? cluster.forMs / 1000 : 0,
    // A write that was taken was taken by the primary, whichever way it went.
    ...(write?.isWell ? [write.ageMs / 1000] : []),
  ]
}

/** Whether the load balancer may still send requests there; also where it has no word on it. */
function isServing(topology: Topology, {health}: Scene, region: string): boolean {
  return backendsOf(topology).some((backend) => {
    const seen = seenOf(health[backend])
    return seen === undefined || (seen[region]?.healthy ?? 0) > 0
  })
}
