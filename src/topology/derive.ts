/** Config + Roles → Topology. Pure: the same inputs give the same platform, to the letter. */
import type {Config, QueueConfig, ServiceConfig} from '../config/config.ts'
import {REGION_ZONES} from '../config/regions.ts'
import {HaError} from '../errors.ts'
import {rangesOf, SERVICE_RANGE} from './addresses.ts'
import {capacityWarnings, nodePool, scalesByBacklog} from './capacity.ts'
import {deriveDatabase} from './database.ts'
import {drainOf} from './drain.ts'
import {independenceWarnings} from './independence.ts'
import * as names from './names.ts'
import {deriveObserver} from './observer.ts'
import {multiRegionOf} from './places.ts'
import {TERMS, WEEKDAYS} from './presets.ts'
import {firstRegion} from './roles.ts'
import type {MetricsTopology, QueueTopology, RegionTopology, Roles, ServiceTopology, Topology} from './topology.ts'

/**
 * The whole platform spelled out.
 * @throws HaError ROLES_DISAGREE when the recorded primary is not one of the regions of ha.yaml.
 */
export function deriveTopology(config: Config, roles: Roles): Topology {
  if (!config.regions.includes(roles.primary)) {
    throw new HaError('ROLES_DISAGREE', `The primary is in ${roles.primary}, which ha.yaml no longer lists.`, {
      next: [`Put ${roles.primary} back into regions; move the primary elsewhere before removing its region.`],
    })
  }
  const prefix = names.prefixOf(config.app, config.environment)
  const regions = config.regions.map((region) => deriveRegion(config, roles, prefix, region))
  const terms = TERMS[config.preset]
  const database = config.database && deriveDatabase(config, config.database, roles, prefix)
  const topology = {
    app: config.app,
    environment: config.environment,
    target: config.target,
    preset: config.preset,
    terms,
    protect: terms.protects && config.target === 'gcp',
    imagesLocation: multiRegionOf(firstRegion(config, roles)),
    project: config.project,
    prefix,
    namespace: config.app,
    network: prefix,
    serviceRange: SERVICE_RANGE,
    dnsZone: {name: `${prefix}-internal`, domain: names.zoneDomain(config.app)},
    regions,
    services: config.services.map((service) => deriveService(config, prefix, service)),
    ...(database && {database}),
    queues: config.queues.map((queue) => deriveQueue(prefix, queue)),
    edge: {...config.edge, ...(config.domain !== undefined && {domain: config.domain})},
    secrets: config.secrets.map((name) => ({name, id: `${prefix}-${name}`})),
    objectives: config.objectives,
    ...(config.observer && {observer: deriveObserver(config, config.observer, prefix)}),
    ...(scalesByBacklog(config) && {metrics: deriveMetrics(config, prefix)}),
    alerts: config.alerts,
    operations: config.operations,
    epoch: roles.epoch,
  }
  return {...topology, warnings: [...capacityWarnings(config), ...independenceWarnings(topology, config.state)]}
}

const METRICS = 'ha-metrics'

const deriveMetrics = ({app, metrics}: Config, prefix: string): MetricsTopology => ({
  name: METRICS,
  namespace: `${app}-metrics`,
  image: metrics.image,
  account: names.accountId(prefix, METRICS),
})

/** Backups of a cluster lie in the region that came first, those of the first in the second: a third changes neither. */
function backupRegionOf({regions}: Pick<Config, 'regions'>, {indexes}: Roles, region: string): string | undefined {
  const [first, second] = regions.toSorted((a, b) => indexes[a]! - indexes[b]!)
  return region === first ? second : first
}

function deriveRegion(config: Config, roles: Roles, prefix: string, name: string): RegionTopology {
  const index = roles.indexes[name]
  const zones = REGION_ZONES[name]
  const terms = TERMS[config.preset]
  const backupRegion = terms.cluster.backupDays > 0 ? backupRegionOf(config, roles, name) : undefined
  if (index === undefined || !zones) throw new HaError('BUG', `Region ${name} has no place in the address plan.`)
  return {
    name,
    index,
    zones,
    role: name === roles.primary ? 'primary' : 'replica',
    lost: roles.lost.includes(name),
    drained: roles.drained.includes(name),
    cluster: names.clusterName(prefix, name),
    ranges: rangesOf(index),
    nodes: nodePool(config, zones.length, terms.cluster.floorPerZone),
    maintenanceDay: WEEKDAYS[index % WEEKDAYS.length]!,
    stage: name === firstRegion(config, roles) ? 'canary' : 'rest',
    ...(backupRegion !== undefined && {backupRegion}),
  }
}

function deriveService(config: Config, prefix: string, service: ServiceConfig): ServiceTopology {
  const account = names.accountId(prefix, service.name)
  const isHttp = service.type === 'http'
  return {
    config: service,
    name: service.name,
    account,
    negs: isHttp ? Object.fromEntries(config.regions.map((r) => [r, names.negName(prefix, service.name, r)])) : {},
    ...(isHttp && {backend: `${prefix}-${service.name}`}),
    drain: drainOf(service),
    env: {
      ...service.env,
      GOOGLE_CLOUD_PROJECT: config.project,
      ...(config.database && databaseEnv(config, account)),
      ...queueEnv(config, prefix),
    },
  }
}

/** The Auth Proxy beside each pod listens on 5432 for the primary, on 5433 for the nearest replica, and logs in with IAM; every service acts as the database's owner. */
function databaseEnv(config: Config, account: string): Record<string, string> {
  const user = encodeURIComponent(`${account}@${config.project}.iam`)
  const database = names.databaseName(config.app)
  const options = encodeURIComponent(`-c role=${names.ownerRole(database)}`)
  const url = (port: number) => `postgresql://${user}@127.0.0.1:${port}/${database}?options=${options}`
  return {DATABASE_URL: url(5432), DATABASE_REPLICA_URL: url(5433)}
}

function queueEnv(config: Config, prefix: string): Record<string, string> {
  const entries = config.queues.flatMap((queue) => {
    const {topic, subscription} = deriveQueue(prefix, queue)
    const stem = names.queueVariable(queue.name)
    return [
      [`${stem}_TOPIC`, `projects/${config.project}/topics/${topic}`],
      [`${stem}_SUBSCRIPTION`, `projects/${config.project}/subscriptions/${subscription}`],
    ]
  })
  return Object.fromEntries(entries)
}

function deriveQueue(prefix: string, queue: QueueConfig): QueueTopology {
  const topic = `${prefix}-${queue.name}`
  return {
    config: queue,
    topic,
    subscription: topic,
    deadLetterTopic: `${topic}-dead`,
    deadLetterSubscription: `${topic}-dead`,
  }
}
