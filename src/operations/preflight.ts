/** What must be true before anything is begun. Pure: a scene in, a list of named checks out. */
import type {Topology} from '../topology/topology.ts'
import {type Check, fine, refused, warned} from './check.ts'
import {backendsOf, instanceIn, type Scene, seenOf} from './scene.ts'

export interface Question {
  readonly topology: Topology
  readonly scene: Scene
  readonly from: string
  readonly to: string
}

const MAX_LAG_BYTES = 64 * 1024 * 1024
const LONG_TRANSACTION_SECONDS = 30
const HEALTHY_SHARE = 0.7
const LOGS_AT_HAND = ['DISK', 'SWITCHING_TO_CLOUD_STORAGE']
/** Flags that a replica must have as its primary has them. https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
const EQUAL_FLAGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'max_parallel_workers',
  'max_parallel_maintenance_workers',
  'max_parallel_workers_per_gather',
]

/** Before a switchover: nothing may be lost, so nothing may be doubtful. `epoch`: of the recorded roles. */
export function preflightSwitchover(question: Question, epoch: number): readonly Check[] {
  return [
    onePrimary(question),
    recordNamesPrimary(question),
    targetFollows(question),
    targetKeepsUp(question),
    bothRunning(question),
    nothingUnderWay(question),
    alike(question),
    exchangeable(question),
    noLongTransaction(question),
    gatesAgree(question, epoch),
    ...othersAnswer(question),
    ...takeover(question),
  ]
}

/** Regions that live, and neither lose the primary nor gain it. */
export const bystanders = ({topology, from, to}: Question): readonly string[] =>
  topology.regions.flatMap(({name, lost}) => (lost || name === from || name === to ? [] : [name]))

/** Each other region's replica is made again once the primary has moved; nothing is said of those that answer. */
function othersAnswer(question: Question): readonly Check[] {
  const {topology, scene} = question
  const silent = bystanders(question).filter((region) => !seenOf(scene.positions[instanceIn(topology, region).name]))
  if (silent.length === 0) return []
  const reason = `No database answers in ${silent.join(' and ')}: there no replica can be made again, and the operation stays unfinished.`
  return [warned('other regions', reason, 'Wait until it answers, or finish later: ha failover resume')]
}

/** What any region that takes over traffic must have. */
export const takeover = (question: Question): readonly Check[] => [
  workloadsReady(question),
  inRotation(question),
  ...question.topology.warnings.map((reason) =>
    warned('capacity', reason, 'Raise replicas.max in ha.yaml, then deploy.'),
  ),
]

function onePrimary({topology, scene, from}: Question): Check {
  const name = 'one primary'
  const facts = seenOf(scene.instances)
  if (!facts)
    return refused(name, 'The database API does not answer.', 'Try again; if the region is gone: --unplanned.')
  const ours = new Set(topology.database!.instances.map((it) => it.name))
  const primaries = facts
    .filter((it) => ours.has(it.name) && it.role === 'primary' && it.active)
    .map(({region}) => region)
  const writable = Object.entries(scene.positions).filter(([, seen]) => seenOf(seen)?.inRecovery === false)
  if (primaries.length === 1 && primaries[0] === from && writable.length === 1)
    return fine(name, `${from}, and only there`)
  return refused(
    name,
    `Primaries: ${primaries.join(', ') || 'none'}; servers that take writes: ${writable.length}.`,
    'Look first: ha status',
  )
}

function recordNamesPrimary(question: Question): Check {
  const name = 'record'
  const wanted = instanceIn(question.topology, question.from).connectionName
  const value = seenOf(question.scene.records.primary)
  if (value === wanted) return fine(name, `${question.topology.database!.record} names the primary`)
  return refused(
    name,
    `${question.topology.database!.record} says ${value ?? 'nothing'}, not ${wanted}.`,
    'ha deploy --refresh puts it right.',
  )
}

function targetFollows(question: Question): Check {
  const name = 'replica'
  const target = instanceIn(question.topology, question.to)
  const source = seenOf(question.scene.positions[instanceIn(question.topology, question.from).name])
  const replica = seenOf(question.scene.positions[target.name])
  if (!source || !replica)
    return refused(
      name,
      `${replica ? question.from : question.to} does not answer.`,
      'If the region is gone: --unplanned.',
    )
  if (source.systemId !== replica.systemId)
    return refused(name, `${target.name} is a copy of another database.`, 'ha status')
  if (replica.paused) return paused(name, target.name)
  const primary = seenOf(question.scene.instances)?.find((it) => it.name === target.name)?.primary
  const isDirect = primary === undefined || primary === instanceIn(question.topology, question.from).name
  if (isDirect && replica.inRecovery && replica.streaming && replica.timeline === source.timeline)
    return fine(name, `${target.name} follows on timeline ${replica.timeline}`)
  return refused(name, `${target.name} does not follow the primary.`, 'Wait until it does: ha status --watch')
}

/** Somebody said so, and nobody else ends it. https://www.postgresql.org/docs/16/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL */
export const paused = (name: string, instance: string): Check =>
  refused(name, `${instance} does not replay what it receives.`, `SELECT pg_wal_replay_resume() on ${instance}`)

function targetKeepsUp(question: Question): Check {
  const name = 'lag'
  const source = seenOf(question.scene.positions[instanceIn(question.topology, question.from).name])
  const replica = seenOf(question.scene.positions[instanceIn(question.topology, question.to).name])
  const bytes = Math.max(0, (source?.lsn ?? 0) - (replica?.replayed ?? 0))
  if (bytes <= MAX_LAG_BYTES) return fine(name, `${bytes} bytes`)
  return refused(
    name,
    `${question.to} is ${bytes} bytes behind; writers would wait too long.`,
    'Wait until it has caught up: ha status --watch',
  )
}

function bothRunning({topology, scene, from, to}: Question): Check {
  const name = 'instances'
  const facts = seenOf(scene.instances) ?? []
  const bad = [from, to].flatMap((region) => {
    const instance = instanceIn(topology, region)
    const state = facts.find((it) => it.name === instance.name)?.state ?? 'absent'
    return state === 'RUNNABLE' ? [] : [`${instance.name} is ${state}`]
  })
  return bad.length === 0 ? fine(name, 'both run') : refused(name, `${bad.join('; ')}.`, 'ha status')
}

function nothingUnderWay({scene}: Question): Check {
  const name = 'operations'
  const busy = seenOf(scene.busy)
  if (busy?.length === 0) return fine(name, 'none under way')
  return refused(
    name,
    busy ? `Cloud SQL is at work on ${busy.join(', ')}.` : 'The database API does not answer.',
    'Try again when it has finished.',
  )
}

function alike(question: Question): Check {
  const name = 'alike'
  const facts = seenOf(question.scene.instances) ?? []
  const [a, b] = [question.from, question.to].map((region) =>
    facts.find((it) => it.name === instanceIn(question.topology, region).name),
  )
  if (!a || !b) return refused(name, 'One of the instances does not exist.', 'ha deploy')
  const flags = EQUAL_FLAGS.filter((flag) => a.flags[flag] !== b.flags[flag])
  const differs = [
    a.edition === b.edition ? [] : [`edition ${a.edition}, ${b.edition}`],
    a.version === b.version ? [] : [`version ${a.version}, ${b.version}`],
    a.tier === b.tier ? [] : [`size ${a.tier}, ${b.tier}`],
    a.sslMode === b.sslMode ? [] : [`SSL mode ${a.sslMode}, ${b.sslMode}`],
    b.diskGiB >= a.diskGiB ? [] : [`disk ${a.diskGiB}, ${b.diskGiB} GiB`],
    flags.length === 0 ? [] : [`flags ${flags.join(', ')}`],
  ].flat()
  if (differs.length === 0) return fine(name, `both ${a.version}, ${a.tier}`)
  return refused(name, `The instances differ in ${differs.join('; ')}.`, 'ha deploy --refresh makes them alike.')
}

/** What an exchange of roles by Cloud SQL itself needs. https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
function exchangeable(question: Question): Check {
  const name = 'designated'
  const [old, next] = [question.from, question.to].map((region) => instanceIn(question.topology, region).name) as [
    string,
    string,
  ]
  const facts = seenOf(question.scene.instances)?.find((it) => it.name === old)
  if (facts?.edition !== 'ENTERPRISE_PLUS') return fine(name, 'not needed: roles are changed step by step')
  if (facts.logsIn !== undefined && LOGS_AT_HAND.includes(facts.logsIn))
    return refused(
      name,
      `${old} does not keep its log for recovery in Cloud Storage.`,
      `gcloud sql instances patch ${old} --switch-transaction-logs-to-cloud-storage`,
    )
  if (facts.drReplica === next) return fine(name, `${next} is the designated replica`)
  return warned(name, `${next} is not the designated replica yet; the operation designates it first.`, '')
}

/** Whoever holds them at another epoch is at work, or left something undone. */
export function gatesAgree({topology, scene}: Question, epoch: number): Check {
  const name = 'gates'
  if (!topology.database!.gate) return fine(name, 'none: the Auth Proxy alone holds writers')
  if ('unseen' in scene.gate)
    return refused(name, `What the gates go by is not known: ${scene.gate.unseen}`, 'Try again.')
  const word = scene.gate.seen
  if (word?.epoch === epoch && word.state === 'open') return fine(name, `open, epoch ${epoch}`)
  const says = word ? `epoch ${word.epoch}, ${word.state}` : 'nothing'
  return refused(name, `The gates go by ${says}, not epoch ${epoch}, open.`, 'ha status')
}

export function noLongTransaction(question: Question): Check {
  const name = 'transactions'
  const seconds = Math.round(
    seenOf(question.scene.positions[instanceIn(question.topology, question.from).name])?.oldestTransactionSeconds ?? 0,
  )
  if (seconds <= LONG_TRANSACTION_SECONDS) return fine(name, seconds === 0 ? 'none open' : `oldest ${seconds} s`)
  return refused(
    name,
    `A transaction is open since ${seconds} s; it would be cut off.`,
    'Let it end, or end it, then try again.',
  )
}

function workloadsReady({topology, scene, to}: Question): Check {
  const name = 'workloads'
  const seen = scene.workloads[to]
  const services = seenOf(seen)
  if (!services) return refused(name, `The cluster in ${to} does not answer.`, 'ha status')
  const down = topology.services.filter((wanted) => (services.find((it) => it.name === wanted.name)?.ready ?? 0) === 0)
  if (down.length > 0)
    return refused(name, `Nothing of ${down.map((it) => it.name).join(', ')} is ready in ${to}.`, 'ha logs SERVICE')
  const short = services.filter((it) => it.ready < it.desired).map((it) => `${it.name} ${it.ready}/${it.desired}`)
  return short.length === 0
    ? fine(name, `all ready in ${to}`)
    : warned(name, `Not all ready in ${to}: ${short.join(', ')}.`, 'Wait, or go on with less.')
}

function inRotation({topology, scene, to}: Question): Check {
  const name = 'load balancer'
  const weak = backendsOf(topology).flatMap((backend) => {
    const health = seenOf(scene.health[backend])?.[to]
    const share = health && health.total > 0 ? health.healthy / health.total : 0
    return share >= HEALTHY_SHARE
      ? []
      : [`${backend}: ${health?.healthy ?? 0} of ${health?.total ?? 0} endpoints healthy`]
  })
  if (weak.length === 0) return fine(name, `${to} is healthy`)
  return refused(name, `${weak.join('; ')} in ${to}.`, 'Wait until the load balancer sees them: ha status --watch')
}
