/** The database's instances, one per region, spelled out. */
import type {Config, DatabaseConfig} from '../config/config.ts'
import * as names from './names.ts'
import {bucketRegionOf} from './places.ts'
import {TERMS, TIERS} from './presets.ts'
import {firstRegion} from './roles.ts'
import type {DatabaseTopology, GateTopology, InstanceTopology, Roles} from './topology.ts'

/**
 * The settings a standby must share with its primary, stated since their defaults depend on the machine type.
 * Source: https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery
 */
const SHARED_FLAGS = {
  max_connections: '500',
  max_locks_per_transaction: '64',
  max_parallel_maintenance_workers: '2',
  max_parallel_workers: '8',
  max_parallel_workers_per_gather: '2',
  max_prepared_transactions: '0',
  max_wal_senders: '10',
  max_worker_processes: '8',
} as const

const FLAGS = {
  ...SHARED_FLAGS,
  'cloudsql.iam_authentication': 'on',
  log_checkpoints: 'on',
  log_lock_waits: 'on',
  log_temp_files: '0',
} as const

/** How many days of write-ahead log an edition keeps. Source: https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr */
const LONGEST_RECOVERY_DAYS = {ENTERPRISE: 7, ENTERPRISE_PLUS: 35} as const

export function deriveDatabase(
  config: Config,
  database: DatabaseConfig,
  roles: Roles,
  prefix: string,
): DatabaseTopology {
  const gate = gateOf(config, roles, prefix)
  const terms = TERMS[config.preset].database
  const {edition, growth} = terms
  const nameIn = (region: string) => names.instanceName(prefix, region, roles.generations[region] ?? 1)
  const instances = config.regions.map((region): InstanceTopology => {
    const role = region === roles.primary ? 'primary' : 'replica'
    return {
      name: nameIn(region),
      region,
      role,
      ...(role === 'replica' && {replicaOf: nameIn(roles.primary)}),
      edition,
      tier: TIERS[edition][database.size],
      availability: terms[role],
      connectionName: `${config.project}:${region}:${nameIn(region)}`,
    }
  })
  return {
    config: database,
    version: `POSTGRES_${database.version}`,
    name: names.databaseName(config.app),
    record: names.primaryRecord(config.app),
    instances,
    nearest: Object.fromEntries(config.regions.map((region) => [region, names.nearestRecord(config.app, region)])),
    flags: FLAGS,
    ...(gate && {gate}),
    storageLimitGiB: database.storageGiB * growth,
    recoveryDays: Math.min(LONGEST_RECOVERY_DAYS[edition], Math.max(1, Math.round(database.recoverySeconds / 86_400))),
  }
}

/** Its program comes with the observer's image; on the local target it lies in the package. */
function gateOf(config: Config, roles: Roles, prefix: string): GateTopology | undefined {
  const {project, observer} = config
  if (!observer) return undefined
  const bucket = names.gateBucket(prefix, project)
  return {image: observer.image, bucket, location: bucketRegionOf(firstRegion(config, roles)), object: 'gate.json'}
}
