/** Where a change of ha.yaml would make the platform survive less than it does now; each is refused until consented to by name. */
import type {DatabaseTopology, InstanceTopology, ServiceTopology, Topology} from './topology.ts'

export interface Downgrade {
  /** What consent names, e.g. `regions`, `database.us-east1.availability`, `services.api.replicas.min`. */
  readonly name: string
  /** From what to what, in a sentence. */
  readonly says: string
}

const downgrade = (name: string, says: string): Downgrade => ({name, says})

/** Empty when nothing gets worse. Roles, images and capacity beyond the floor are no part of it. Pure. */
export function availabilityDowngrades(before: Topology, after: Topology): readonly Downgrade[] {
  return [
    ...presetDowngrades(before, after),
    ...regionDowngrades(before, after),
    ...databaseDowngrades(before.database, after.database),
    ...before.services.flatMap((service) =>
      serviceDowngrades(
        service,
        after.services.find(({name}) => name === service.name),
      ),
    ),
    ...queueDowngrades(before, after),
    ...objectiveDowngrades(before, after),
  ]
}

const RANK = {dev: 0, standard: 1, critical: 2} as const

function presetDowngrades(before: Topology, after: Topology): Downgrade[] {
  const lower = RANK[after.preset] < RANK[before.preset]
  return [
    ...(lower ? [downgrade('preset', `The preset goes from ${before.preset} to ${after.preset}.`)] : []),
    ...(before.protect && !after.protect
      ? [downgrade('protection', 'What holds data may be deleted by a deploy.')]
      : []),
  ]
}

function regionDowngrades(before: Topology, after: Topology): Downgrade[] {
  const kept = new Set(after.regions.map(({name}) => name))
  const gone = before.regions.map(({name}) => name).filter((name) => !kept.has(name))
  const fewer = after.regions.length < before.regions.length
  const nodes = before.regions.flatMap(({name, nodes: old}) => {
    const now = after.regions.find((region) => region.name === name)?.nodes
    return now && now.minPerZone < old.minPerZone
      ? [
          downgrade(
            `nodes.${name}`,
            `${name} keeps ${now.minPerZone} instead of ${old.minPerZone} nodes warm in each zone.`,
          ),
        ]
      : []
  })
  return [
    ...(fewer
      ? [downgrade('regions', `${count(before.regions.length, 'region')} become ${after.regions.length}.`)]
      : []),
    ...gone.map((name) => downgrade(`regions.${name}`, `${name} is given up, with what only it holds.`)),
    ...nodes,
  ]
}

function databaseDowngrades(before?: DatabaseTopology, after?: DatabaseTopology): Downgrade[] {
  if (!before) return []
  if (!after) return [downgrade('database', 'The database is removed.')]
  const days = after.recoveryDays < before.recoveryDays
  return [
    ...(days
      ? [
          downgrade(
            'database.recovery.window',
            `It can be restored to a moment of the last ${count(after.recoveryDays, 'day')} instead of ${before.recoveryDays}.`,
          ),
        ]
      : []),
    ...before.instances.flatMap((instance) =>
      instanceDowngrades(
        instance,
        after.instances.find(({region}) => region === instance.region),
      ),
    ),
  ]
}

/** A region that is gone is named as a region. */
function instanceDowngrades(before: InstanceTopology, after?: InstanceTopology): Downgrade[] {
  if (!after) return []
  const {region} = before
  return [
    ...(before.availability === 'REGIONAL' && after.availability === 'ZONAL'
      ? [
          downgrade(
            `database.${region}.availability`,
            `The database in ${region} loses its standby in a second zone (REGIONAL to ZONAL).`,
          ),
        ]
      : []),
    ...(before.edition === 'ENTERPRISE_PLUS' && after.edition === 'ENTERPRISE'
      ? [
          downgrade(
            `database.${region}.edition`,
            `The database in ${region} leaves ENTERPRISE_PLUS: maintenance takes longer, and no unplanned failover without rebuilding replicas.`,
          ),
        ]
      : []),
  ]
}

function serviceDowngrades(before: ServiceTopology, after?: ServiceTopology): Downgrade[] {
  const at = `services.${before.name}`
  if (!after) return [downgrade(at, `${before.name} is removed.`)]
  const [old, now] = [before.config.replicas, after.config.replicas]
  return [
    ...(now.min < old.min
      ? [
          downgrade(
            `${at}.replicas.min`,
            `${before.name} keeps ${now.min} instead of ${old.min} instances in each region at rest.`,
          ),
        ]
      : []),
    ...(now.max < old.max
      ? [
          downgrade(
            `${at}.replicas.max`,
            `${before.name} grows to ${now.max} instead of ${old.max} instances in a region.`,
          ),
        ]
      : []),
    ...(before.config.health && !after.config.health
      ? [downgrade(`${at}.health`, `Nobody asks any more whether ${before.name} is ready.`)]
      : []),
    ...(after.drain.terminationSeconds < before.drain.terminationSeconds
      ? [
          downgrade(
            `${at}.drain`,
            `An instance of ${before.name} has ${after.drain.terminationSeconds} s instead of ${before.drain.terminationSeconds} s to finish.`,
          ),
        ]
      : []),
  ]
}

function queueDowngrades(before: Topology, after: Topology): Downgrade[] {
  return before.queues.flatMap(({config: old}) => {
    const now = after.queues.find(({config}) => config.name === old.name)?.config
    const at = `queues.${old.name}`
    if (!now) return [downgrade(at, `The queue ${old.name} is removed, with the messages in it.`)]
    return now.retentionSeconds < old.retentionSeconds
      ? [
          downgrade(
            `${at}.retention`,
            `Messages of ${old.name} are kept for ${now.retentionSeconds} s instead of ${old.retentionSeconds} s.`,
          ),
        ]
      : []
  })
}

function objectiveDowngrades(before: Topology, after: Topology): Downgrade[] {
  const [old, now] = [before.objectives, after.objectives]
  return [
    ...(now.availability < old.availability
      ? [
          downgrade(
            'objectives.availability',
            `${percent(now.availability)} instead of ${percent(old.availability)} is promised.`,
          ),
        ]
      : []),
    ...(now.rtoSeconds > old.rtoSeconds
      ? [
          downgrade(
            'objectives.rto',
            `The loss of a region may be felt for ${now.rtoSeconds} s instead of ${old.rtoSeconds} s.`,
          ),
        ]
      : []),
    ...(now.rpoSeconds > old.rpoSeconds
      ? [downgrade('objectives.rpo', `${now.rpoSeconds} s instead of ${old.rpoSeconds} s of data may be lost.`)]
      : []),
  ]
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`

const percent = (fraction: number) => `${Number((fraction * 100).toPrecision(7))} %`
