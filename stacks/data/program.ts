import {prevent} from '../protection.ts'
import {gcp, googleProvider} from '../pulumi.ts'
import type {DataInput} from './index.ts'

/**
 * Roles are observed, never declared: Pulumi must not act on them, or a stale deploy after a failover would promote the old
 * primary again. What only a primary has (backups, the window, the rules for passwords) goes with the role and is operated by
 * ha for the same reason (notes: gcp.md §4.3).
 */
const OPERATED = [
  'instanceType',
  'masterInstanceName',
  'replicaNames',
  'replicationCluster',
  'settings.diskSize',
  'settings.version',
  'settings.backupConfiguration',
  'settings.finalBackupConfig',
  'settings.maintenanceWindow',
  'settings.passwordValidationPolicy',
  'settings.retainBackupsOnDelete',
]

type Instance = DataInput['instances'][number]
type DatabaseInstance = import('@pulumi/gcp/sql/index.js').DatabaseInstance
type InstanceArgs = import('@pulumi/gcp/sql/index.js').DatabaseInstanceArgs

export function program(input: DataInput) {
  const provider = googleProvider(input.project, input.labels)
  const {DatabaseInstance} = gcp('sql')
  const {RecordSet} = gcp('dns')

  const create = (instance: Instance, dependsOn: DatabaseInstance[]) =>
    new DatabaseInstance(instance.region, instanceArgs(input, instance), {
      provider,
      dependsOn,
      protect: input.protect,
      ignoreChanges: OPERATED,
      customTimeouts: {create: '90m', update: '90m', delete: '90m'},
    })

  const primary = create(input.instances.find(({role}) => role === 'primary')!, [])
  const replicas = input.instances.filter(({role}) => role === 'replica').map((instance) => create(instance, [primary]))

  for (const {key, name, target} of input.records) {
    new RecordSet(
      `record-${key}`,
      {project: input.project, managedZone: input.zone, name, type: 'TXT', ttl: 5, rrdatas: [`"${target}"`]},
      {provider, dependsOn: [primary, ...replicas]},
    )
  }
  return {instances: input.instances.map(({name, region, connectionName}) => ({name, region, connectionName}))}
}

function instanceArgs(input: DataInput, instance: Instance): InstanceArgs {
  const isPrimary = instance.role === 'primary'
  return {
    project: input.project,
    name: instance.name,
    region: instance.region,
    databaseVersion: input.version,
    instanceType: isPrimary ? 'CLOUD_SQL_INSTANCE' : 'READ_REPLICA_INSTANCE',
    ...(instance.replicaOf !== undefined && {masterInstanceName: instance.replicaOf}),
    deletionProtection: input.protect,
    ...prevent(input.protect),
    settings: {
      // Always stated: unset, PostgreSQL 16 and later become ENTERPRISE_PLUS, which has no db-custom tiers.
      edition: instance.edition,
      tier: instance.tier,
      activationPolicy: 'ALWAYS',
      availabilityType: instance.availability,
      diskType: 'PD_SSD',
      diskSize: input.storageGiB,
      diskAutoresize: true,
      diskAutoresizeLimit: input.storageLimitGiB,
      deletionProtectionEnabled: input.protect,
      connectorEnforcement: 'REQUIRED',
      ...(isPrimary && primarySettings(input, instance)),
      ipConfiguration: {
        ipv4Enabled: false,
        privateNetwork: `projects/${input.project}/global/networks/${input.network}`,
        allocatedIpRange: input.allocatedRange,
        sslMode: 'ENCRYPTED_ONLY',
        serverCaMode: 'GOOGLE_MANAGED_CAS_CA',
      },
      databaseFlags: Object.entries(input.flags).map(([name, value]) => ({name, value})),
      insightsConfig: {
        queryInsightsEnabled: true,
        queryPlansPerMinute: 5,
        queryStringLength: 1024,
        recordApplicationTags: true,
        recordClientAddress: false,
      },
      // Lets grants be made on a private instance without a way into its network.
      dataApiAccess: 'ALLOW_DATA_API',
      userLabels: input.labels,
    },
  }
}

/** What the primary is born with. */
function primarySettings(input: DataInput, {region}: Instance): Partial<InstanceArgs['settings'] & object> {
  const {recoveryDays, finalBackupDays} = input
  return {
    backupConfiguration: {
      enabled: true,
      pointInTimeRecoveryEnabled: true,
      startTime: '03:00',
      transactionLogRetentionDays: recoveryDays,
      backupRetentionSettings: {retainedBackups: Math.max(7, recoveryDays), retentionUnit: 'COUNT'},
    },
    retainBackupsOnDelete: finalBackupDays > 0,
    ...(finalBackupDays > 0 && {finalBackupConfig: {enabled: true, retentionDays: finalBackupDays}}),
    maintenanceWindow: {day: input.maintenanceDays[region]!, hour: 4, updateTrack: 'week5'},
    passwordValidationPolicy: {
      enablePasswordPolicy: true,
      minLength: 16,
      complexity: 'COMPLEXITY_DEFAULT',
      disallowUsernameSubstring: true,
    },
  }
}
