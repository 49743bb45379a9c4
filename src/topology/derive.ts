/** Config + Roles → Topology. Pure: the same inputs give the same platform, to the letter. */
import type {Config, DatabaseConfig, Preset, QueueConfig, ServiceConfig} from '../config/config.ts'
import {REGION_ZONES} from '../config/regions.ts'
import {HaError} from '../errors.ts'
import {rangesOf, SERVICE_RANGE} from './addresses.ts'
import {capacityWarnings, nodePool} from './capacity.ts'
import * as names from './names.ts'
import type {
  DatabaseTopology,
  InstanceTopology,
  QueueTopology,
  RegionTopology,
  Roles,
  ServiceTopology,
  Topology,
} from './topology.ts'

const WEEKDAYS = ['TU', 'WE', 'TH', 'SA', 'SU', 'MO', 'FR'] as const

/** Machine types by size. Source: https://cloud.google.com/sql/docs/postgres/machine-series-overview */
const TIERS = {
  ENTERPRISE: {small: 'db-custom-2-7680', medium: 'db-custom-4-15360', large: 'db-custom-8-30720'},
  ENTERPRISE_PLUS: {small: 'db-perf-optimized-N-2', medium: 'db-perf-optimized-N-4', large: 'db-perf-optimized-N-8'},
} as const

/** What a preset buys the database: edition, and availability within a region by role. */
const DATABASE_PRESETS = {
  dev: {edition: 'ENTERPRISE', primary: 'ZONAL', replica: 'ZONAL'},
  standard: {edition: 'ENTERPRISE', primary: 'REGIONAL', replica: 'ZONAL'},
  critical: {edition: 'ENTERPRISE_PLUS', primary: 'REGIONAL', replica: 'REGIONAL'},
} as const satisfies Record<Preset, {edition: string; primary: string; replica: string}>

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
  return {
    app: config.app,
    environment: config.environment,
    target: config.target,
    preset: config.preset,
    project: config.project,
    prefix,
    namespace: config.app,
    network: prefix,
    serviceRange: SERVICE_RANGE,
    dnsZone: {name: `${prefix}-internal`, domain: names.zoneDomain(config.app)},
    regions,
    services: config.services.map((service) => deriveService(config, prefix, service)),
    ...(config.database && {database: deriveDatabase(config, config.database, roles, prefix)}),
    queues: config.queues.map((queue) => deriveQueue(prefix, queue)),
    edge: {...config.edge, ...(config.domain !== undefined && {domain: config.domain})},
    secrets: config.secrets.map((name) => ({name, id: `${prefix}-${name}`})),
    objectives: config.objectives,
    alerts: config.alerts,
    epoch: roles.epoch,
    warnings: capacityWarnings(config),
  }
}

function deriveRegion(config: Config, roles: Roles, prefix: string, name: string): RegionTopology {
  const index = roles.indexes[name]
  const zones = REGION_ZONES[name]
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
    nodes: nodePool(config, zones.length),
    maintenanceDay: WEEKDAYS[index % WEEKDAYS.length]!,
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
  const database = databaseName(config)
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

const databaseName = (config: Pick<Config, 'app'>) => config.app.replaceAll('-', '_')

function deriveDatabase(config: Config, database: DatabaseConfig, roles: Roles, prefix: string): DatabaseTopology {
  const preset = DATABASE_PRESETS[config.preset]
  const nameIn = (region: string) => names.instanceName(prefix, region, roles.generations[region] ?? 1)
  const instances = config.regions.map((region): InstanceTopology => {
    const role = region === roles.primary ? 'primary' : 'replica'
    return {
      name: nameIn(region),
      region,
      role,
      ...(role === 'replica' && {replicaOf: nameIn(roles.primary)}),
      edition: preset.edition,
      tier: TIERS[preset.edition][database.size],
      availability: preset[role],
      connectionName: `${config.project}:${region}:${nameIn(region)}`,
    }
  })
  return {
    config: database,
    version: `POSTGRES_${database.version}`,
    name: databaseName(config),
    record: names.primaryRecord(config.app),
    instances,
    nearest: Object.fromEntries(config.regions.map((region) => [region, names.nearestRecord(config.app, region)])),
  }
}
