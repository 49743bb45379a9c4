/** Where a change of ha.yaml would make the platform survive less than it does now; each is refused until consented to by name. */
import type {Config, Preset} from '../config/config.ts'
import type {Terms} from './presets.ts'
import type {Topology} from './topology.ts'

export interface Downgrade {
  /** What consent names, e.g. `regions.us-east1`, `database.recovery.window`, `services.api.replicas.min`. */
  readonly name: string
  /** From what to what, in a sentence. */
  readonly says: string
}

/**
 * What of a platform makes it survive something. Recorded with each deploy that succeeded, for the next to be compared with; told by
 * role and not by region where roles decide it, so that a failover is no downgrade.
 */
export interface Resilience {
  readonly preset: Preset
  /** Whether what holds data refuses to be deleted. */
  readonly protect: boolean
  readonly regions: readonly string[]
  /** Kept warm in each zone of the region that keeps fewest. */
  readonly nodesPerZone: number
  readonly database?: Pick<Terms['database'], 'edition' | 'primary' | 'replica'> & {readonly recoveryDays: number}
  readonly services: Readonly<Record<string, ServiceResilience>>
  /** Seconds a message is kept, by queue. */
  readonly queues: Readonly<Record<string, number>>
  readonly objectives: Config['objectives']
}

interface ServiceResilience {
  readonly min: number
  readonly max: number
  /** Whether anybody asks it if it is ready. */
  readonly health: boolean
  readonly terminationSeconds: number
}

/** Pure. */
export function resilienceOf(topology: Topology): Resilience {
  const {preset, protect, regions, database, services, queues, objectives} = topology
  const {edition, primary, replica} = topology.terms.database
  return {
    preset,
    protect,
    regions: regions.map(({name}) => name),
    nodesPerZone: Math.min(...regions.map(({nodes}) => nodes.minPerZone)),
    ...(database && {database: {edition, primary, replica, recoveryDays: database.recoveryDays}}),
    services: Object.fromEntries(
      services.map(({name, config: {replicas, health}, drain: {terminationSeconds}}) => [
        name,
        {min: replicas.min, max: replicas.max, health: health !== undefined, terminationSeconds},
      ]),
    ),
    queues: Object.fromEntries(queues.map(({config}) => [config.name, config.retentionSeconds])),
    objectives,
  }
}

/** Empty when nothing gets worse. Roles, images and capacity beyond the floor are no part of it. Pure. */
export function availabilityDowngrades(before: Resilience, after: Resilience): readonly Downgrade[] {
  return [
    ...presetDowngrades(before, after),
    ...regionDowngrades(before, after),
    ...databaseDowngrades(before.database, after.database),
    ...Object.entries(before.services).flatMap(([name, service]) =>
      serviceDowngrades(name, service, after.services[name]),
    ),
    ...queueDowngrades(before.queues, after.queues),
    ...objectiveDowngrades(before.objectives, after.objectives),
  ]
}

/** The downgrade when it is one. */
const when = (lower: boolean, name: string, says: string): Downgrade[] => (lower ? [{name, says}] : [])

const RANK = {dev: 0, standard: 1, critical: 2} as const

const presetDowngrades = (before: Resilience, after: Resilience): Downgrade[] => [
  ...when(
    RANK[after.preset] < RANK[before.preset],
    'preset',
    `The preset goes from ${before.preset} to ${after.preset}.`,
  ),
  ...when(before.protect && !after.protect, 'protection', 'What holds data may be deleted by a deploy.'),
]

const regionDowngrades = (before: Resilience, after: Resilience): Downgrade[] => [
  ...before.regions.flatMap((region) =>
    when(
      !after.regions.includes(region),
      `regions.${region}`,
      `${region} is given up, with what only it holds: ${count(before.regions.length, 'region')} become ${after.regions.length}.`,
    ),
  ),
  ...when(
    after.nodesPerZone < before.nodesPerZone,
    'nodes',
    `Each zone keeps ${after.nodesPerZone} instead of ${count(before.nodesPerZone, 'node')} warm.`,
  ),
]

function databaseDowngrades(before: Resilience['database'], after: Resilience['database']): Downgrade[] {
  if (!before) return []
  if (!after) return [{name: 'database', says: 'The database is removed.'}]
  const loses = (role: 'primary' | 'replica') => before[role] === 'REGIONAL' && after[role] === 'ZONAL'
  return [
    ...when(
      after.recoveryDays < before.recoveryDays,
      'database.recovery.window',
      `It can be restored to a moment of the last ${count(after.recoveryDays, 'day')} instead of ${before.recoveryDays}.`,
    ),
    ...(['primary', 'replica'] as const).flatMap((role) =>
      when(
        loses(role),
        `database.${role}.availability`,
        `The database's ${role} loses its standby in a second zone (REGIONAL to ZONAL).`,
      ),
    ),
    ...when(
      before.edition === 'ENTERPRISE_PLUS' && after.edition === 'ENTERPRISE',
      'database.edition',
      'The database leaves ENTERPRISE_PLUS: maintenance takes longer, and no unplanned failover without rebuilding replicas.',
    ),
  ]
}

function serviceDowngrades(name: string, before: ServiceResilience, after?: ServiceResilience): Downgrade[] {
  const at = `services.${name}`
  if (!after) return [{name: at, says: `${name} is removed.`}]
  return [
    ...when(
      after.min < before.min,
      `${at}.replicas.min`,
      `${name} keeps ${after.min} instead of ${count(before.min, 'instance')} in each region at rest.`,
    ),
    ...when(
      after.max < before.max,
      `${at}.replicas.max`,
      `${name} grows to ${after.max} instead of ${count(before.max, 'instance')} in a region.`,
    ),
    ...when(before.health && !after.health, `${at}.health`, `Nobody asks any more whether ${name} is ready.`),
    ...when(
      after.terminationSeconds < before.terminationSeconds,
      `${at}.drain`,
      `An instance of ${name} has ${after.terminationSeconds} s instead of ${before.terminationSeconds} s to finish.`,
    ),
  ]
}

const queueDowngrades = (before: Resilience['queues'], after: Resilience['queues']): Downgrade[] =>
  Object.entries(before).flatMap(([queue, seconds]) => {
    const now = after[queue]
    if (now === undefined)
      return [{name: `queues.${queue}`, says: `The queue ${queue} is removed, with the messages in it.`}]
    return when(
      now < seconds,
      `queues.${queue}.retention`,
      `Messages of ${queue} are kept for ${now} s instead of ${seconds} s.`,
    )
  })

const objectiveDowngrades = (old: Config['objectives'], now: Config['objectives']): Downgrade[] => [
  ...when(
    now.availability < old.availability,
    'objectives.availability',
    `${percent(now.availability)} instead of ${percent(old.availability)} is promised.`,
  ),
  ...when(
    now.rtoSeconds > old.rtoSeconds,
    'objectives.rto',
    `The loss of a region may be felt for ${now.rtoSeconds} s instead of ${old.rtoSeconds} s.`,
  ),
  ...when(
    now.rpoSeconds > old.rpoSeconds,
    'objectives.rpo',
    `${now.rpoSeconds} s instead of ${old.rpoSeconds} s of data may be lost.`,
  ),
]

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`

const percent = (fraction: number) => `${Number((fraction * 100).toPrecision(7))} %`
