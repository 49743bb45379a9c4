/** The unplanned change of primary: a region is gone, and what it had not sent is given up, up to a budget. Pure. */
import type {Roles, Topology} from '../topology/topology.ts'
import {type Check, fine, refused, warned} from './check.ts'
import {pass, raise} from './gates.ts'
import type {Plan, Step} from './plan.ts'
import {type Question, takeover} from './preflight.ts'
import {backendsOf, type Scene, seenOf} from './scene.ts'
import {drain, promotion, protect, recordRoles, undrain, verify} from './switchover.ts'

/** A primary writes at least once a second (its heartbeat), so a receiver this silent has lost it. */
const SILENT_SECONDS = 5
/** Of four points of view, at least so many must say that the region is gone. */
const WITNESSES = 2

export interface UnplannedWant {
  readonly from: string
  readonly to: string
}

const instanceIn = (topology: Topology, region: string) =>
  topology.database!.instances.find((it) => it.region === region)!

/**
 * Seconds of writes that may be missing: everything since the newest transaction the replica has. Honest rather than small: it
 * grows with the time since the region was lost, because nobody here can tell when that was.
 */
export function lossBound(topology: Topology, scene: Scene, to: string): number | undefined {
  return seenOf(scene.positions[instanceIn(topology, to).name])?.lagSeconds ?? undefined
}

export function planUnplanned(topology: Topology, roles: Roles, scene: Scene, {from, to}: UnplannedWant): Plan {
  const [old, next] = [instanceIn(topology, from), instanceIn(topology, to)]
  const epoch = roles.epoch + 1
  const {record} = topology.database!
  const timeline = seenOf(scene.positions[next.name])?.timeline ?? 1
  const bound = lossBound(topology, scene, to)
  const steps: readonly Step[] = [
    ...raise(topology, epoch),
    ...undrain(topology, roles, to),
    ...drain(topology, from),
    {
      id: 'replay',
      kind: 'await-replay',
      title: `Let ${next.name} apply all it received`,
      region: to,
      verifies: 'received is replayed, and the old primary is still silent',
      input: {replica: next.name},
    },
    promotion(old, next, roles.epoch, false),
    {
      id: 'repoint',
      kind: 'move-record',
      title: `Point ${record} to ${next.name}`,
      verifies: `the record names it; nothing leads to ${old.name} any more`,
      input: {record, to: next.connectionName},
    },
    ...pass(topology, next, epoch),
    verify(old, next, timeline, epoch, false),
    recordRoles('roles', `Record ${to} as the primary, epoch ${epoch}, and ${from} as lost`, {
      epoch,
      primary: to,
      lost: [...new Set([...roles.lost, from])],
      drained: [...new Set([...roles.drained.filter((it) => it !== to), from])],
    }),
    {
      id: 'fence-old',
      kind: 'fence-old',
      title: `Stop ${old.name}, as soon as it can be reached`,
      region: from,
      verifies: 'it is known as fenced, or as still to be',
      input: {instance: old.name, region: from, epoch: roles.epoch},
    },
    ...redelivery(topology, scene, bound),
    protect(topology, old, next),
    {
      id: 'reconcile',
      kind: 'reconcile',
      title: 'Reconcile the engine’s state, the lost region aside',
      verifies: 'nothing would be replaced or deleted',
      input: {generations: {}},
    },
  ]
  return {
    procedure: 'failover',
    from,
    to,
    epoch: roles.epoch,
    ...(bound !== undefined && {lossBoundSeconds: bound}),
    steps,
  }
}

/** Clocks differ, and a message is worked on for a while before it is acknowledged. */
const MARGIN_SECONDS = 60

/** Only where there is a database to have lost what workers did. */
function redelivery({queues, database}: Topology, {at}: Scene, bound: number | undefined): readonly Step[] {
  if (queues.length === 0 || !database) return []
  const seconds = Math.ceil((bound ?? 0) + MARGIN_SECONDS)
  return [
    {
      id: 'redeliver',
      kind: 'redeliver',
      title: `Deliver again what queues were given in the last ${seconds} s`,
      verifies: 'each subscription was set back; what waited in it is kept for a week',
      input: {subscriptions: queues.map(({subscription}) => subscription), since: at - seconds * 1000, now: at},
    },
  ]
}

/** Evidence that the region is gone, and that what is lost by giving it up is agreed to. */
export function preflightUnplanned(question: Question, budgetSeconds: number): readonly Check[] {
  const witnesses = evidence(question)
  const gone = witnesses.filter(({says}) => says === 'gone')
  const name = 'evidence'
  return [
    ...witnesses.map(({from, says, reason}) =>
      says === 'alive' ? refusedAlive(from, reason) : says === 'gone' ? fine(from, reason) : warned(from, reason, ''),
    ),
    gone.length >= WITNESSES
      ? fine(name, `${gone.length} of ${witnesses.length} points of view say that ${question.from} is gone`)
      : refused(
          name,
          `Only ${gone.length} of ${witnesses.length} points of view say that ${question.from} is gone; ${WITNESSES} are needed.`,
          'Wait some seconds and look again, or run it without --unplanned.',
        ),
    targetAnswers(question),
    withinBudget(question, budgetSeconds),
    ...takeover(question).map((check) =>
      check.verdict === 'refuse' ? warned(check.name, check.reason, check.hint) : check,
    ),
  ]
}

interface Witness {
  readonly from: string
  readonly says: 'gone' | 'alive' | 'unsure'
  readonly reason: string
}

const refusedAlive = (from: string, reason: string): Check =>
  refused(from, reason, 'It is alive: run the command without --unplanned, and nothing is lost.')

/** Four points of view, none of which asks another. */
export function evidence({topology, scene, from, to}: Question): readonly Witness[] {
  const [old, next] = [instanceIn(topology, from), instanceIn(topology, to)]
  return [server(scene, old.name), receiver(scene, next.name), cluster(scene, from), balancer(topology, scene, from)]
}

function server({instances, positions}: Scene, name: string): Witness {
  const from = 'database'
  if (seenOf(positions[name])) return {from, says: 'alive', reason: `${name} answers.`}
  const state = seenOf(instances)?.find((it) => it.name === name)?.state
  if (state === undefined) return {from, says: 'unsure', reason: 'The database API does not answer.'}
  return {from, says: 'gone', reason: `${name} does not answer, state ${state}`}
}

function receiver({positions}: Scene, name: string): Witness {
  const from = 'replica'
  const position = seenOf(positions[name])
  if (!position) return {from, says: 'unsure', reason: `${name} does not answer.`}
  const silent = position.contactSeconds === null || position.contactSeconds >= SILENT_SECONDS
  if (position.inRecovery && position.streaming && !silent)
    return {from, says: 'alive', reason: `${name} still receives changes.`}
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

function targetAnswers({topology, scene, to}: Question): Check {
  const {name} = instanceIn(topology, to)
  if (seenOf(scene.positions[name])) return fine('target', `${name} answers`)
  return refused(
    'target',
    `${name} does not answer; there is nothing to promote.`,
    'Look for a region that does: ha status',
  )
}

function withinBudget({topology, scene, to}: Question, budgetSeconds: number): Check {
  const name = 'data loss'
  const bound = lossBound(topology, scene, to)
  if (bound === undefined)
    return refused(name, 'How much would be lost cannot be told: the replica never applied a transaction.', 'ha status')
  const text = `the newest transaction in ${to} is ${bound.toFixed(1)} s old`
  if (bound <= budgetSeconds) return fine(name, `at most ${bound.toFixed(1)} s of writes: ${text}`)
  return refused(
    name,
    `Up to ${bound.toFixed(1)} s of writes would be lost, more than the ${budgetSeconds} s accepted: ${text}.`,
    `To accept it: --accept-data-loss ${Math.ceil(bound) + 5}s`,
  )
}
