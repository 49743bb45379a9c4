import {prevent} from '../protection.ts'
import type {DataInput} from './index.ts'

type Instance = DataInput['instances'][number]
type InstanceArgs = import('@pulumi/gcp/sql/index.js').DatabaseInstanceArgs

/** What the program asks for of one instance. Pure: operations write it into the engine's state after a change of roles. */
export function instanceArgs(input: DataInput, instance: Instance): InstanceArgs {
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
        // Its certificate has the instance's name, by which the Auth Proxy tells it where it came by a record. One of the shared CA has a
        // DNS name of Google's alone, and is refused:
        // https://github.com/GoogleCloudPlatform/cloud-sql-go-connector/blob/v1.18.1/internal/cloudsql/tls_verify.go
        serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA',
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
