/** Whether a region is gone, seen from as many sides as there are. Pure. */
import type {Position} from '../cloud/operable.ts'
import type {Facts} from '../facts.ts'
import type {Topology} from '../topology/topology.ts'
import type {Question} from './preflight.ts'
import {backendsOf, instanceIn, type Scene, seenOf} from './scene.ts'

/** An observer asks every second and waits one for the answer. */
const FRESH_MS = 2_000
/** A primary writes at least once a second (its heartbeat), so a receiver this silent has lost it. */
const SILENT_SECONDS = 5

export interface Witness {
  readonly from: string
  readonly says: 'gone' | 'alive' | 'unsure'
  readonly reason: string
  /** Looked at over the network of whoever runs the command. */
  readonly outside?: true
}

/** Five points of view, none of which asks another. */
export function evidence({topology, scene, from, to}: Question): readonly Witness[] {
  const [old, next] = [instanceIn(topology, from), instanceIn(topology, to)]
  return [
    {...server(scene, old.name), outside: true},
    receiver(scene, next.name),
    {...cluster(scene, from), outside: true},
    balancer(topology, scene, from),
    ...(topology.observer ? [observers(topology, scene, from)] : []),
  ]
}

function server({instances, positions}: Scene, name: string): Witness {
  const from = 'database'
  if (seenOf(positions[name])) return {from, says: 'alive', reason: `${name} answers.`}
  const state = seenOf(instances)?.find((it) => it.name === name)?.state
  if (state === undefined) return {from, says: 'unsure', reason: 'The database API does not answer.'}
  return {from, says: 'gone', reason: `${name} does not answer, state ${state}`}
}

/** A connection to a server that was paused counts as streaming for a minute (wal_receiver_timeout); what tells is when it was last heard. */
export const isReceiving = ({inRecovery, streaming, contactSeconds}: Position): boolean =>
  inRecovery && streaming && contactSeconds !== null && contactSeconds < SILENT_SECONDS

function receiver({positions}: Scene, name: string): Witness {
  const from = 'replica'
  const position = seenOf(positions[name])
  if (!position) return {from, says: 'unsure', reason: `${name} does not answer.`}
  if (isReceiving(position)) return {from, says: 'alive', reason: `${name} still receives changes.`}
  const since = position.contactSeconds === null ? '' : ` for ${Math.round(position.contactSeconds)} s`
  return {from, says: 'gone', reason: `${name} receives nothing${since}`}
}

function cluster({workloads}: Scene, region: string): Witness {
  const from = 'cluster'
  const seen = workloads[region]
  // That the cluster answers does not mean that the database does.
  if (seen && 'seen' in seen) return {from, says: 'unsure', reason: `The cluster in ${region} answers.`}
  return {from, says: 'gone', reason: `The cluster in ${region} does not answer`}
}

function balancer(topology: Topology, {health}: Scene, region: string): Witness {
  const from = 'load balancer'
  const seen = backendsOf(topology).flatMap((backend) => seenOf(health[backend])?.[region] ?? [])
  const healthy = seen.reduce((sum, it) => sum + it.healthy, 0)
  if (seen.length === 0) return {from, says: 'unsure', reason: 'The load balancer has no word on it.'}
  // Its checks need some seconds to fail.
  if (healthy > 0)
    return {from, says: 'unsure', reason: `The load balancer still counts ${healthy} endpoints as healthy.`}
  return {from, says: 'gone', reason: `No endpoint in ${region} passes the load balancer’s checks`}
}

/** What the regions see of each other, over their own networks. */
function observers(topology: Topology, scene: Scene, from: string): Witness {
  const seen = topology.regions.flatMap(({name}) => seenOf(scene.observers[name]) ?? [])
  const writing = seen.find(({primary}) => reaches(primary) && primary.value?.isWritable)
  if (writing)
    return {from: 'observers', says: 'alive', reason: `The observer in ${writing.region} still writes to the primary.`}
  const failing = seen.filter(({region, primary}) => region !== from && primary.failing)
  // A write that was taken before the first of them lost the primary says nothing of what came after.
  const lostForMs = failing.map(({primary}) => primary.failing!.forMs)
  const recentMs = failing.length > 0 ? Math.max(...lostForMs) : SILENT_SECONDS * 1000
  const taken = seen.find(({canaries: {write}}) => write?.isWell && write.ageMs < recentMs)
  if (taken)
    return {from: 'observers', says: 'alive', reason: `The front door took a write of the observer in ${taken.region}.`}
  if (failing.length === 0) return {from: 'observers', says: 'unsure', reason: 'No observer can tell.'}
  return {from: 'observers', says: 'gone', reason: failing.map((facts) => missing(facts, from)).join('; ')}
}

const reaches = ({failing, ageMs}: Facts['primary']) => !failing && ageMs !== undefined && ageMs < FRESH_MS

function missing({region, primary, peers}: Facts, from: string): string {
  const cluster = peers.find((peer) => peer.region === from)
  const also = cluster && !cluster.isReachable ? `, its cluster for ${secondsOf(cluster.forMs)}` : ''
  return `${region} has not reached the primary for ${secondsOf(primary.failing!.forMs)}${also}`
}

const secondsOf = (ms: number) => `${Math.round(ms / 1000)} s`

/**
 * Whether only the observers still see it alive, as in the second before they notice: their last answer is as old as their pace, so
 * that it is worth waiting for the next.
 */
export function isPerhapsStale(question: Question): boolean {
  const alive = evidence(question).filter(({says}) => says === 'alive')
  return alive.length > 0 && alive.every(({from}) => from === 'observers')
}
