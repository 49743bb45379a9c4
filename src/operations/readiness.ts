/**
 * What else speaks for or against leaving a region now: backups, versions, capacity, queues, dependencies, the time since the last
 * operation. Pure. Before a planned operation a refusal is one; before an unplanned one everything here only warns, since waiting is worse.
 */
import {dependenciesOf, lostWith} from '../topology/independence.ts'
import type {ServiceTopology, Topology} from '../topology/topology.ts'
import {isWithin, wordsOf} from '../topology/windows.ts'
import {type Check, fine, refused, warned} from './check.ts'
import type {Finished} from './open.ts'
import type {Question} from './preflight.ts'
import {instanceIn, seenOf} from './scene.ts'

/** What is known of the environment besides what the cloud shows. */
export interface Known {
  /** Stacks that differ from ha.yaml; undefined: not looked at. */
  readonly undeployed?: readonly string[]
  /** The operation that was carried out last. */
  readonly last?: Finished | undefined
  /** Why it is done although the last one was just now. */
  readonly despite?: string | undefined
}

/** One a day is automatic, at an hour of Google's choice within a window of four. https://cloud.google.com/sql/docs/postgres/backup-recovery/backups#automated-backups */
const BACKUP_HOURS = 28
/** Long enough for a failure that comes back to show, and for what was moved to be safe again. */
const COOL_DOWN_MINUTES = 30
const QUEUE_OLD_SECONDS = 300
/** Before and after it is announced for: an operation takes its time, and so does the maintenance. */
const MAINTENANCE_HOURS = 1
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** The planned form. */
export const readiness = (question: Question, known: Known): readonly Check[] => [
  deployed(known),
  backedUp(question),
  sameImages(question),
  roomFor(question),
  queuesReach(question),
  outboxSent(question),
  independent(question),
  cooledDown(question, known),
  outsideWindows(question, known),
  outsideMaintenance(question, known),
]

/** The unplanned form. */
export const readinessAnyway = (question: Question, known: Known): readonly Check[] => [
  deployedAnyway(known),
  ...readiness(question, {...known, despite: known.despite ?? `${question.from} is given up`})
    .filter(({name}) => name !== 'deployed' && name !== 'backup')
    .map((check) => (check.verdict === 'refuse' ? warned(check.name, check.reason, check.hint) : check)),
  operatorElsewhere(question),
]

export function deployed({undeployed}: Known): Check {
  const name = 'deployed'
  if (undeployed === undefined) return warned(name, 'Whether ha.yaml is deployed was not looked at.', 'ha plan')
  if (undeployed.length === 0) return fine(name, 'as ha.yaml says')
  return refused(
    name,
    `Not deployed as ha.yaml says: ${undeployed.join(', ')}. Reconciling would deploy it in the middle of the operation.`,
    'ha deploy',
  )
}

/** Stacks of what operations change behind the engine's back: it has to look at them again, and so brings along what ha.yaml says. */
export const RECONCILED: readonly string[] = ['data', 'edge']

export function deployedAnyway(known: Known): Check {
  const {undeployed = []} = known
  if (undeployed.length === 0) return deployed(known)
  const along = undeployed.filter((name) => RECONCILED.includes(name))
  const left = undeployed.filter((name) => !RECONCILED.includes(name))
  const says = [
    ...(along.length > 0 ? [`Once the primary has moved this changes as ha.yaml says: ${along.join(', ')}.`] : []),
    ...(left.length > 0 ? [`Not deployed as ha.yaml says, and left as it is: ${left.join(', ')}.`] : []),
  ]
  const hint =
    along.length > 0 ? 'If that is not meant, put back in ha.yaml what was deployed last.' : 'Afterwards: ha deploy'
  return warned('deployed', says.join(' '), hint)
}

/** The operation takes a backup of its own; that one is the second. */
export function backedUp({topology, scene, from}: Question): Check {
  const name = 'backup'
  const instance = topology.database?.instances.find(({region}) => region === from)?.name
  const facts = seenOf(scene.instances)?.find((it) => it.name === instance)
  if (instance === undefined) return fine(name, 'no database')
  if (facts?.role === 'replica') return fine(name, `${instance} is a replica, which has none of its own`)
  if (facts && !(facts.backups && facts.recovery)) {
    const off = facts.backups ? 'point-in-time recovery' : 'automatic backups'
    return refused(name, `${instance} has no ${off}: a mistake could not be taken back.`, 'ha deploy --refresh')
  }
  const at = seenOf(scene.lastBackup)
  if (!facts || 'unseen' in scene.lastBackup) return warned(name, 'When the last backup was is not known.', 'ha status')
  if (at === undefined) return warned(name, `${instance} has no backup yet; the operation takes one first.`, '')
  const hours = (scene.at - at) / HOUR_MS
  const text = `${hours < 1 ? 'less than an hour' : `${Math.round(hours)} h`} ago`
  if (hours <= BACKUP_HOURS) return fine(name, `the last one ${text}, point-in-time recovery on`)
  return warned(
    name,
    `The last backup of ${instance} was ${text}: the daily ones do not happen.`,
    'Look at its operations.',
  )
}

/** What takes over must be what is left: same images, schema and all. */
export function sameImages({topology, scene, from, to}: Question): Check {
  const name = 'versions'
  const target = seenOf(scene.workloads[to])
  if (!target) return refused(name, `What runs in ${to} is not known.`, 'ha status')
  const source = seenOf(scene.workloads[from])
  const differs = topology.services.flatMap(({name: service, config}) => {
    const here = target.find((it) => it.name === service)?.image
    const there = source ? source.find((it) => it.name === service)?.image : config.image
    return here === there || here === undefined ? [] : [`${service} (${here}, not ${there ?? 'there'})`]
  })
  const against = source ? from : 'ha.yaml'
  if (differs.length === 0) return fine(name, `the same images in ${to} as in ${against}`)
  return refused(
    name,
    `${to} runs other images than ${against}: ${differs.join(', ')}.`,
    'Finish the rollout: ha deploy',
  )
}

/** Whether one region carries what both do now, at once or after growing. */
export function roomFor({topology, scene, from, to}: Question): Check {
  const name = 'room'
  const target = seenOf(scene.workloads[to])
  if (!target) return refused(name, `How much runs in ${to} is not known.`, 'ha status')
  const source = seenOf(scene.workloads[from])
  const rows = topology.services.map((service) => {
    const ready = target.find((it) => it.name === service.name)?.ready ?? 0
    const leaving = source?.find((it) => it.name === service.name)?.ready ?? service.config.replicas.min
    return {service, ready, needed: ready + leaving, max: service.config.replicas.max}
  })
  const told = ({service, ready}: {service: ServiceTopology; ready: number}, rest: string) =>
    `${service.name} ${ready} ${rest}`
  const short = rows.filter(({service, ready}) => ready < service.config.replicas.min)
  if (short.length > 0) {
    const list = short.map((row) => told(row, `of at least ${row.service.config.replicas.min}`)).join(', ')
    return refused(name, `${to} runs less than at rest: ${list}.`, 'Wait until it does: ha status --watch')
  }
  const tight = rows.filter(({needed, max}) => needed > max)
  if (tight.length > 0) {
    const list = tight.map((row) => told(row, `now, ${row.needed} needed, ${row.max} at most`)).join(', ')
    return warned(
      name,
      `${to} alone cannot run what both regions run: ${list}.`,
      'Raise replicas.max in ha.yaml, then deploy.',
    )
  }
  const growing = rows.filter(({service, ready, needed}) => service.backend !== undefined && ready < needed)
  if (growing.length === 0) return fine(name, `${to} runs enough for both`)
  const list = growing.map((row) => told(row, `→ ${row.needed}`)).join(', ')
  return warned(
    name,
    `${to} has to grow when all traffic comes to it: ${list}.`,
    'Raise replicas.min before a planned move at a busy hour.',
  )
}

/** Messages can be published, stored and received while the region is away. */
export function queuesReach({topology, scene, to}: Question): Check {
  const name = 'queues'
  if (topology.queues.length === 0) return fine(name, 'none')
  const [bad, doubtful]: [string[], string[]] = [[], []]
  for (const {config} of topology.queues) {
    const queue = seenOf(scene.queues[config.name])
    if (!queue) {
      const seen = scene.queues[config.name]
      doubtful.push(`${config.name}: ${seen && 'unseen' in seen ? seen.unseen : 'not known'}`)
      continue
    }
    if (!queue.attached) bad.push(`${config.name} has no subscription of its topic`)
    if (queue.regions.length > 0 && !queue.regions.includes(to)) bad.push(`${config.name} may not be stored in ${to}`)
    if (!queue.waiting) continue
    const {dead = 0, oldestSeconds = 0} = queue.waiting
    if (dead > 0) doubtful.push(`${config.name}: ${dead} dead letters`)
    if (oldestSeconds > QUEUE_OLD_SECONDS)
      doubtful.push(`${config.name}: the oldest message waits for ${Math.round(oldestSeconds / 60)} min`)
  }
  if (bad.length > 0) return refused(name, `${bad.join('; ')}.`, 'ha deploy --refresh')
  if (doubtful.length > 0) return warned(name, `${doubtful.join('; ')}.`, 'Look whether the workers keep up: ha status')
  return fine(name, `all can be stored in ${to}`)
}

/**
 * What the app itself has not sent yet, which only it can tell. Asked of the primary; when that is silent, of the replica, whose outbox
 * is what will be sent from then on.
 */
export function outboxSent({topology, scene, from, to}: Question): Check {
  const name = 'outbox'
  const {database, operations} = topology
  if (!database || operations.outbox === undefined) return fine(name, 'not asked: operations.outbox in ha.yaml')
  const seen = [from, to].map((region) => scene.outbox[instanceIn(topology, region).name])
  const answer = seen.find((it) => it && 'seen' in it) ?? seen[0]
  if (!answer || 'unseen' in answer)
    return warned(name, `It could not be asked: ${answer?.unseen ?? 'not known'}`, 'Try operations.outbox in psql.')
  const seconds = answer.seen
  if (seconds === null || seconds === 0) return fine(name, 'nothing unsent')
  if (seconds <= QUEUE_OLD_SECONDS) return fine(name, `the oldest unsent message waits for ${Math.round(seconds)} s`)
  return warned(
    name,
    `The oldest unsent message waits for ${Math.round(seconds / 60)} min.`,
    'Look whether what sends it runs: ha status',
  )
}

/** Where the state and its key lie is not asked here: on Google that costs calls, `ha validate --online` has them. */
export function independent({topology, from}: Question): Check {
  const name = 'dependencies'
  const lost = lostWith(from, dependenciesOf(topology))
  if (lost.length === 0) return fine(name, `none in ${from} alone`)
  return warned(name, `Only ${from} has ${lost.map(({what}) => what).join(', ')}.`, lost[0]!.advice)
}

/** Flapping does more harm than a slow region. On one machine rehearsals follow each other by design, so there it only warns. */
export function cooledDown({topology, scene}: Question, {last, despite}: Known): Check {
  const name = 'cool-down'
  if (!last) return fine(name, 'no operation before')
  const minutes = (scene.at - last.at) / MINUTE_MS
  if (minutes >= COOL_DOWN_MINUTES) return fine(name, `the last operation ended ${Math.round(minutes)} min ago`)
  const reason = `A ${last.procedure} to ${last.to} ended ${Math.max(0, Math.round(minutes))} min ago; ${COOL_DOWN_MINUTES} are to pass.`
  return notNow(topology, name, reason, despite)
}

/** As ha.yaml says when nothing is to be begun. */
export function outsideWindows({topology, scene}: Question, {despite}: Known): Check {
  const name = 'blocked windows'
  const {blocked} = topology.operations
  const now = blocked.filter((window) => isWithin(window, scene.at))
  if (now.length === 0) return fine(name, blocked.length === 0 ? 'none in ha.yaml' : 'none now')
  return notNow(topology, name, `Not to be begun ${now.map(wordsOf).join('; ')}.`, despite)
}

/** Google restarts an instance to maintain it, and no operation can be begun meanwhile. */
export function outsideMaintenance({topology, scene, from, to}: Question, {despite}: Known): Check {
  const name = 'maintenance'
  const ours = new Set(topology.database?.instances.flatMap((it) => ([from, to].includes(it.region) ? it.name : [])))
  const facts = seenOf(scene.instances)?.filter((it) => ours.has(it.name)) ?? []
  const near = facts.filter(({maintenanceAt = Number.POSITIVE_INFINITY}) => {
    const hours = (maintenanceAt - scene.at) / HOUR_MS
    return hours > -MAINTENANCE_HOURS && hours < MAINTENANCE_HOURS
  })
  if (near.length === 0) return fine(name, 'none near')
  const list = near.map((it) => `${it.name} at ${new Date(it.maintenanceAt!).toISOString().slice(0, 16)}Z`)
  return notNow(topology, name, `Google is to maintain ${list.join(', ')}.`, despite)
}

/** What speaks against now and never against later: a reason given overrides it. */
function notNow({target}: Topology, name: string, reason: string, despite: string | undefined): Check {
  if (despite !== undefined) return warned(name, `${reason} Done all the same: ${despite}`, '')
  if (target === 'local') return warned(name, reason, 'On Google Cloud it would be refused without --despite REASON.')
  return refused(name, reason, 'Wait, or say why it must be now: --despite REASON')
}

/** The one doubt that only a person can settle. */
const operatorElsewhere = ({topology, from}: Question): Check =>
  topology.target === 'local'
    ? fine('operator', 'everything is on this machine')
    : warned(
        'operator',
        `Whether this machine, or its way to Google, hangs on ${from} cannot be known from here.`,
        `Run it from outside ${from}, so that “gone” is not only gone from here.`,
      )
