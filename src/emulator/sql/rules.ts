/** What Cloud SQL refuses, decided from the request alone. Pure; every rule says where it comes from. */
import type {CheckFailure} from '../contract.ts'
import {flagProblem, REPLICATED_FLAGS} from './flags.ts'
import {
  DATABASE_VERSIONS,
  DISK_GB,
  ENTERPRISE_PLUS_FROM,
  INSTANCE_NAME,
  LOG_RETENTION_DAYS,
  MAX_LABELS,
  MAX_PROJECT_AND_INSTANCE,
  RETAINED_BACKUPS,
} from './limits.ts'
import {type Edition, type InstanceResource, isReplica, majorOf, type Settings} from './resource.ts'

/** A request for an instance, before defaults. */
export type Request = Partial<InstanceResource> & {readonly settings?: Settings}

export function instanceProblems(request: Request): CheckFailure[] {
  const {settings = {}} = request
  return [
    ...nameProblems(request),
    ...roleProblems(request),
    ...tierProblems(request),
    ...backupProblems(request),
    ...flagProblems(settings),
    ...shapeProblems(settings),
  ]
}

const when = (broken: boolean, property: string, reason: string): CheckFailure[] => (broken ? [{property, reason}] : [])

/** https://cloud.google.com/sql/docs/postgres/instance-settings#instance-id-2ndgen */
function nameProblems({name = '', project = '', region, databaseVersion}: Request): CheckFailure[] {
  return [
    ...when(
      !INSTANCE_NAME.test(name),
      'name',
      `Invalid instance name (${name}): use lowercase letters, digits and hyphens; start with a letter`,
    ),
    ...when(
      `${project}:${name}`.length > MAX_PROJECT_AND_INSTANCE,
      'name',
      `project and instance name together may have ${MAX_PROJECT_AND_INSTANCE} characters, "${project}:${name}" has ${`${project}:${name}`.length}`,
    ),
    ...when(!region, 'region', 'a region is required'),
    ...when(
      databaseVersion !== undefined && !DATABASE_VERSIONS.includes(databaseVersion),
      'databaseVersion',
      `${databaseVersion} is not emulated: use one of ${DATABASE_VERSIONS.slice(-5).join(', ')}`,
    ),
  ]
}

/** https://cloud.google.com/sql/docs/postgres/replication/create-replica */
function roleProblems({instanceType, masterInstanceName, settings}: Request): CheckFailure[] {
  const replica = instanceType === 'READ_REPLICA_INSTANCE'
  return [
    ...when(
      instanceType !== undefined && !replica && instanceType !== 'CLOUD_SQL_INSTANCE',
      'instanceType',
      `${instanceType} is not emulated: use CLOUD_SQL_INSTANCE or READ_REPLICA_INSTANCE`,
    ),
    ...when(replica && !masterInstanceName, 'masterInstanceName', 'a read replica needs the name of its primary'),
    ...when(
      instanceType === 'CLOUD_SQL_INSTANCE' && Boolean(masterInstanceName),
      'masterInstanceName',
      'only a READ_REPLICA_INSTANCE has a primary',
    ),
    ...when(
      Boolean(masterInstanceName) && settings?.backupConfiguration?.enabled === true,
      'settings.backupConfiguration.enabled',
      'Backups cannot be enabled for a read replica instance.',
    ),
    // https://cloud.google.com/sql/docs/postgres/start-stop-restart-instance#activation_policy
    ...when(
      Boolean(masterInstanceName) && settings?.activationPolicy === 'NEVER',
      'settings.activationPolicy',
      'NEVER is not supported for read replica instances.',
    ),
  ]
}

/** https://cloud.google.com/sql/docs/postgres/machine-series-overview and …/create-instance#machine-types */
function tierProblems({settings = {}, databaseVersion}: Request): CheckFailure[] {
  const {tier, edition} = settings
  const plus = edition === 'ENTERPRISE_PLUS'
  return [
    ...when(!tier, 'settings.tier', 'a tier is required'),
    ...when(
      edition !== undefined && edition !== 'ENTERPRISE' && !plus,
      'settings.edition',
      `${edition} is not an edition: use ENTERPRISE or ENTERPRISE_PLUS`,
    ),
    ...when(
      plus && databaseVersion !== undefined && majorOf(databaseVersion) < ENTERPRISE_PLUS_FROM,
      'settings.edition',
      `ENTERPRISE_PLUS needs PostgreSQL ${ENTERPRISE_PLUS_FROM} or later`,
    ),
    ...(tier && edition ? tierOfEdition(tier, edition) : []),
  ]
}

function tierOfEdition(tier: string, edition: Edition): CheckFailure[] {
  const predefined = /^db-(perf-optimized-N-(2|4|8|16|32|48|64|80|96|128)|c4a-highmem-\d+(-lssd)?)$/.test(tier)
  if (edition === 'ENTERPRISE_PLUS') {
    const reason = `Invalid Tier (${tier}) for (ENTERPRISE_PLUS) Edition. Use a predefined Tier like db-perf-optimized-N-* instead.`
    return when(!predefined, 'settings.tier', reason)
  }
  const custom = /^db-custom-(\d+)-(\d+)$/.exec(tier)
  if (custom) return customTierProblems(tier, Number(custom[1]), Number(custom[2]))
  const known = /^db-(f1-micro|g1-small|n1-(standard|highmem)-\d+)$/.test(tier)
  return when(
    !known,
    'settings.tier',
    `Invalid Tier (${tier}) for (ENTERPRISE) Edition. Use a custom Tier like db-custom-2-7680.`,
  )
}

/** One vCPU or an even number up to 96; 0.9 to 6.5 GB for each, in steps of 256 MB, 3.75 GB at least. */
function customTierProblems(tier: string, cpus: number, memoryMiB: number): CheckFailure[] {
  const cpusFit = cpus === 1 || (cpus % 2 === 0 && cpus >= 2 && cpus <= 96)
  const perCpu = memoryMiB / 1024 / cpus
  const memoryFits = memoryMiB % 256 === 0 && memoryMiB >= 3840 && perCpu >= 0.9 && perCpu <= 6.5
  return [
    ...when(!cpusFit, 'settings.tier', `Invalid Tier (${tier}): vCPUs are 1 or an even number up to 96`),
    ...when(
      !memoryFits,
      'settings.tier',
      `Invalid Tier (${tier}): memory is a multiple of 256 MB, at least 3840 MB, and 0.9 to 6.5 GB per vCPU`,
    ),
  ]
}

/** https://cloud.google.com/sql/docs/postgres/configure-ha and …/backup-recovery/pitr */
function backupProblems({settings = {}, masterInstanceName}: Request): CheckFailure[] {
  const {backupConfiguration: backup = {}, availabilityType, edition = 'ENTERPRISE'} = settings
  const at = 'settings.backupConfiguration'
  const days = backup.transactionLogRetentionDays
  const kept = backup.backupRetentionSettings?.retainedBackups
  const max = LOG_RETENTION_DAYS[edition]?.max ?? LOG_RETENTION_DAYS.ENTERPRISE.max
  return [
    ...when(
      availabilityType === 'REGIONAL' && !masterInstanceName && !(backup.enabled && backup.pointInTimeRecoveryEnabled),
      at,
      'High availability needs automated backups and point-in-time recovery: set enabled and pointInTimeRecoveryEnabled',
    ),
    ...when(
      backup.pointInTimeRecoveryEnabled === true && !backup.enabled,
      `${at}.pointInTimeRecoveryEnabled`,
      'Point-in-time recovery needs automated backups to be enabled',
    ),
    ...when(
      days !== undefined && (days < 1 || days > max),
      `${at}.transactionLogRetentionDays`,
      `${days} days of transaction logs: ${edition} keeps 1 to ${max}`,
    ),
    ...when(
      kept !== undefined && (kept < 1 || kept > RETAINED_BACKUPS.max),
      `${at}.backupRetentionSettings.retainedBackups`,
      `${kept} backups: 1 to ${RETAINED_BACKUPS.max} can be retained`,
    ),
    ...when(
      days !== undefined && kept !== undefined && days > kept,
      `${at}.transactionLogRetentionDays`,
      'Transaction logs cannot be kept for more days than there are retained backups',
    ),
  ]
}

/** https://cloud.google.com/sql/docs/postgres/flags */
function flagProblems({databaseFlags = []}: Settings): CheckFailure[] {
  const seen = new Set<string>()
  return databaseFlags.flatMap((flag, index) => {
    const property = `settings.databaseFlags[${index}].name`
    const problem = seen.has(flag.name) ? `Flag ${flag.name} is set twice.` : flagProblem(flag)
    seen.add(flag.name)
    return problem ? [{property, reason: problem}] : []
  })
}

function shapeProblems(settings: Settings): CheckFailure[] {
  const {availabilityType, activationPolicy, dataDiskSizeGb, ipConfiguration: ip, userLabels = {}} = settings
  const size = Number(dataDiskSizeGb ?? DISK_GB.min)
  return [
    ...oneOf('settings.availabilityType', availabilityType, ['ZONAL', 'REGIONAL']),
    ...oneOf('settings.activationPolicy', activationPolicy, ['ALWAYS', 'NEVER', 'ON_DEMAND']),
    ...oneOf('settings.diskType', settings.dataDiskType, ['PD_SSD', 'PD_HDD', 'HYPERDISK_BALANCED']),
    ...oneOf('settings.connectorEnforcement', settings.connectorEnforcement, ['NOT_REQUIRED', 'REQUIRED']),
    ...oneOf('settings.dataApiAccess', settings.dataApiAccess, ['DISALLOW_DATA_API', 'ALLOW_DATA_API']),
    ...oneOf('settings.ipConfiguration.sslMode', ip?.sslMode, [
      'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
      'ENCRYPTED_ONLY',
      'TRUSTED_CLIENT_CERTIFICATE_REQUIRED',
    ]),
    ...when(
      !(size >= DISK_GB.min && size <= DISK_GB.max),
      'settings.diskSize',
      `${size} GB: a disk has ${DISK_GB.min} to ${DISK_GB.max} GB`,
    ),
    ...when(
      ip?.ipv4Enabled === false && !ip.privateNetwork && !ip.pscConfig && !ip.pscConfigs,
      'settings.ipConfiguration',
      'At least one of Public IP or Private IP or PSC connectivity must be enabled.',
    ),
    ...when(
      Object.keys(userLabels).length > MAX_LABELS,
      'settings.userLabels',
      `${Object.keys(userLabels).length} labels: at most ${MAX_LABELS}`,
    ),
  ]
}

function oneOf(property: string, value: unknown, allowed: readonly string[]): CheckFailure[] {
  return when(
    value !== undefined && !allowed.includes(String(value)),
    property,
    `${value} is not one of ${allowed.join(', ')}`,
  )
}

/** What a replica must have in common with its primary; undefined when it has. */
export function replicaMismatch(replica: InstanceResource, primary: InstanceResource): string | undefined {
  if (isReplica(primary)) return `${primary.name} is itself a replica: name the primary instead`
  if (replica.databaseVersion !== primary.databaseVersion) {
    return `The replica's databaseVersion (${replica.databaseVersion}) differs from its primary's (${primary.databaseVersion})`
  }
  const flag = (resource: InstanceResource, name: string) =>
    resource.settings.databaseFlags?.find((found) => found.name === name)?.value
  const smaller = REPLICATED_FLAGS.find((name) => Number(flag(replica, name) ?? 0) < Number(flag(primary, name) ?? 0))
  return smaller && `Flag ${smaller} of a replica must be at least its primary's (${flag(primary, smaller)})`
}

/** Disk sizes only grow. https://cloud.google.com/sql/docs/postgres/instance-settings#storage-capacity-2ndgen */
export function shrinks(before: Settings, after: Settings): boolean {
  return Number(after.dataDiskSizeGb ?? 0) < Number(before.dataDiskSizeGb ?? 0)
}
