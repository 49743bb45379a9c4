/** The unplanned change of primary: a region is gone, and what it had not sent is given up, up to a budget. Pure. */
import type {InstanceTopology, Roles, Topology} from '../topology/topology.ts'
import {type Check, fine, refused, warned} from './check.ts'
import {evidence} from './evidence.ts'
import {pass, raise} from './gates.ts'
import {type Loss, lossOf} from './loss.ts'
import {type Plan, recordRoles, type Step} from './plan.ts'
import {bystanders, paused, type Question, takeover} from './preflight.ts'
import {RECONCILED} from './readiness.ts'
import {followers, keepStopped, protect, readersElsewhere, recoverable} from './replicas.ts'
import {instanceIn, type Scene, seenOf} from './scene.ts'
import {drain, promotion, RECONCILE, undrain, verify} from './switchover.ts'

/** At least so many points of view must say that the region is gone, one of them not from where the command is typed. */
const WITNESSES = 2

export interface UnplannedWant {
  readonly from: string
  readonly to: string
  /** Stacks and steps that differ from ha.yaml already. */
  readonly undeployed?: readonly string[]
}

export function planUnplanned(topology: Topology, roles: Roles, scene: Scene, want: UnplannedWant): Plan {
  const {from, to, undeployed = []} = want
  const [old, next] = [instanceIn(topology, from), instanceIn(topology, to)]
  const epoch = roles.epoch + 1
  const {record, gate} = topology.database!
  const timeline = seenOf(scene.positions[next.name])?.timeline ?? 1
  const loss = lossOf(topology, scene, {from, to})
  // Without gates nothing but a stop keeps pods of the returning region from writing what Cloud SQL will throw away.
  const takenBack = gate !== undefined && isDesignated(scene, old, next)
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
    promotion(old, next, roles.epoch, takenBack),
    {
      id: 'repoint',
      kind: 'move-record',
      title: `Point ${record} to ${next.name}`,
      verifies: `the record names it; nothing leads to ${old.name} any more`,
      input: {record, to: next.connectionName},
    },
    ...pass(topology, next, epoch),
    ...readersElsewhere(topology, roles, old, next, 'done'),
    verify(old, next, timeline, epoch, false),
    recordRoles('roles', `Record ${to} as the primary, epoch ${epoch}, and ${from} as lost`, {
      epoch,
      primary: to,
      lost: [...new Set([...roles.lost, from])],
      drained: [...new Set([...roles.drained.filter((it) => it !== to), from])],
    }),
    ...(takenBack ? [] : [stopLater(old, roles.epoch)]),
    ...redelivery(topology, scene, loss?.held),
    ...protect(topology, old, next),
    ...followers(topology, roles, old, next),
    {
      ...RECONCILE,
      title: 'Reconcile the engine’s state, the lost region aside',
      verifies: 'nothing would be replaced or deleted',
      input: {leave: undeployed.filter((name) => !RECONCILED.includes(name))},
    },
    recoverable(next),
  ]
  return {
    procedure: 'failover',
    from,
    to,
    epoch: roles.epoch,
    ...(loss && {lossBoundSeconds: loss.seconds}),
    steps,
  }
}

/** Cloud SQL itself makes the old primary a replica of such a one, once it is back. docs/decisions/failover-to-the-designated.md */
const isDesignated = ({instances}: Scene, old: InstanceTopology, next: InstanceTopology): boolean =>
  seenOf(instances)?.some(({name, drReplica}) => name === old.name && drReplica === next.name) ?? false

const stopLater = (old: InstanceTopology, epoch: number): Step => ({
  ...keepStopped('fence-old', old, epoch),
  title: `Stop ${old.name}, as soon as it can be reached`,
  verifies: 'it is known as fenced, or as still to be',
})

/** Clocks differ, and a message is worked on for a while before it is acknowledged. */
const MARGIN_SECONDS = 60

/** Since the newest record that is kept, however long ago that is. Only where there is a database to have lost what workers did. */
function redelivery({queues, database}: Topology, {at}: Scene, held: number | undefined): readonly Step[] {
  if (queues.length === 0 || !database) return []
  const seconds = Math.ceil((held ?? 0) + MARGIN_SECONDS)
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

const AGAIN = 'Wait some seconds and look again, or run it without --unplanned.'

/** Evidence that the region is gone, and that what is lost by giving it up is agreed to. */
export function preflightUnplanned(question: Question, budgetSeconds: number): readonly Check[] {
  const witnesses = evidence(question)
  const gone = witnesses.filter(({says}) => says === 'gone')
  const name = 'evidence'
  return [
    ...witnesses.map(({from, says, reason}) =>
      says === 'alive' ? refusedAlive(from, reason) : says === 'gone' ? fine(from, reason) : warned(from, reason, ''),
    ),
    gone.length < WITNESSES
      ? refused(
          name,
          `Only ${gone.length} of ${witnesses.length} points of view say that ${question.from} is gone; ${WITNESSES} are needed.`,
          AGAIN,
        )
      : gone.every(({outside}) => outside)
        ? refused(
            name,
            `Only this machine’s own network says that ${question.from} is gone; it may be the one cut off.`,
            AGAIN,
          )
        : fine(name, `${gone.length} of ${witnesses.length} points of view say that ${question.from} is gone`),
    targetAnswers(question),
    ...furtherOn(question),
    withinBudget(question, budgetSeconds),
    ...takeover(question).map((check) =>
      check.verdict === 'refuse' ? warned(check.name, check.reason, check.hint) : check,
    ),
  ]
}

const refusedAlive = (from: string, reason: string): Check =>
  refused(from, reason, 'It is alive: run the command without --unplanned, and nothing is lost.')

function targetAnswers({topology, scene, to}: Question): Check {
  const {name} = instanceIn(topology, to)
  const position = seenOf(scene.positions[name])
  if (position?.paused) return paused('target', name)
  if (position) return fine('target', `${name} answers`)
  return refused(
    'target',
    `${name} does not answer; there is nothing to promote.`,
    'Look for a region that does: ha status',
  )
}

/** Of several replicas one may have received more of the lost primary's log than the others: with it less is lost. */
function furtherOn(question: Question): readonly Check[] {
  const {topology, scene, to} = question
  const position = (region: string) => seenOf(scene.positions[instanceIn(topology, region).name])
  const own = position(to)
  const [best] = bystanders(question)
    .flatMap((name) => {
      const other = position(name)
      const isAhead = own && other?.inRecovery && other.timeline === own.timeline && other.lsn > own.lsn
      return isAhead ? [{name, bytes: other.lsn - own.lsn}] : []
    })
    .toSorted((a, b) => b.bytes - a.bytes)
  if (!best) return []
  const reason = `${best.name} has received ${best.bytes} bytes of the log more than ${to}.`
  return [warned('further on', reason, `Less would be lost: --to ${best.name}`)]
}

function withinBudget({topology, scene, from, to}: Question, budgetSeconds: number): Check {
  const name = 'data loss'
  const loss = lossOf(topology, scene, {from, to})
  if (loss === undefined)
    return refused(name, 'How much would be lost cannot be told: the replica never applied a transaction.', 'ha status')
  const bound = loss.seconds.toFixed(1)
  const text = explained(loss, from, to)
  if (loss.seconds <= budgetSeconds) return fine(name, `at most ${bound} s of writes: ${text}`)
  return refused(
    name,
    `Up to ${bound} s of writes would be lost, more than the ${budgetSeconds} s accepted: ${text}.`,
    `To accept it: --accept-data-loss ${Math.ceil(loss.seconds) + 5}s`,
  )
}

function explained({held, silence}: Loss, from: string, to: string): string {
  const has = `${to} has all that was written up to ${held.toFixed(1)} s ago`
  return silence > 0
    ? `${has}, and ${from} has answered nobody for the last ${silence.toFixed(1)} s`
    : `${has}; since when ${from} answers nobody cannot be told, so that it grows`
}
