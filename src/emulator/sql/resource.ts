/** The instance as Google's API shows it, and as Pulumi's provider does: the same facts under other names. Pure. */
import type {Props} from '../contract.ts'
import {DISK_GB, ENTERPRISE_PLUS_BY_DEFAULT_FROM, LOG_RETENTION_DAYS, RETAINED_BACKUPS} from './limits.ts'
import type {InstanceSpec} from './record.ts'

export type Edition = 'ENTERPRISE' | 'ENTERPRISE_PLUS'

export interface BackupConfiguration extends Props {
  readonly enabled?: boolean
  readonly pointInTimeRecoveryEnabled?: boolean
  readonly transactionLogRetentionDays?: number
  readonly backupRetentionSettings?: {readonly retainedBackups?: number; readonly retentionUnit?: string}
}

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances#settings. 64-bit numbers are texts. */
export interface Settings extends Props {
  readonly settingsVersion?: string
  readonly tier?: string
  readonly edition?: Edition
  readonly availabilityType?: 'ZONAL' | 'REGIONAL'
  readonly activationPolicy?: 'ALWAYS' | 'NEVER' | 'ON_DEMAND'
  readonly dataDiskSizeGb?: string
  readonly databaseFlags?: readonly {readonly name: string; readonly value?: string}[]
  readonly backupConfiguration?: BackupConfiguration
  readonly ipConfiguration?: Props & {readonly ipv4Enabled?: boolean; readonly privateNetwork?: string}
  readonly locationPreference?: Props & {readonly zone?: string; readonly secondaryZone?: string}
  readonly deletionProtectionEnabled?: boolean
  readonly userLabels?: Readonly<Record<string, string>>
}

export type InstanceType = 'CLOUD_SQL_INSTANCE' | 'READ_REPLICA_INSTANCE'

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances */
export interface InstanceResource extends Props {
  readonly name: string
  readonly project: string
  readonly region: string
  readonly databaseVersion: string
  readonly instanceType: InstanceType
  readonly state: string
  /** `project:name` */
  readonly masterInstanceName?: string
  readonly replicaNames?: readonly string[]
  readonly replicationCluster?: {
    readonly failoverDrReplicaName?: string
    readonly drReplica?: boolean
    readonly psaWriteEndpoint?: string
  }
  readonly settings: Settings
}

/** What is kept of an instance: the resource, and what only the emulator or only Pulumi's provider knows. */
export interface Stored {
  readonly resource: InstanceResource
  /** 0 until it is created. */
  readonly port: number
  /** Inputs the API never sees: deletionProtection, deletionPolicy, rootPassword, … */
  readonly local: Props
  /** Demoted while its region was away: to be cloned anew from its primary as soon as it is back. */
  readonly rejoining?: boolean
}

export const isReplica = ({instanceType}: InstanceResource) => instanceType === 'READ_REPLICA_INSTANCE'
export const masterOf = ({masterInstanceName}: InstanceResource) => masterInstanceName?.split(':').at(-1)
export const connectionNameOf = ({project, region, name}: InstanceResource) => `${project}:${region}:${name}`

/** Pulumi's name → Google's, where they differ. */
const SETTING_NAMES = {
  version: 'settingsVersion',
  diskSize: 'dataDiskSizeGb',
  diskType: 'dataDiskType',
  diskAutoresize: 'storageAutoResize',
  diskAutoresizeLimit: 'storageAutoResizeLimit',
} as const
/** 64-bit integers: numbers for Pulumi, texts in JSON. */
export const INT64 = new Set(['settingsVersion', 'dataDiskSizeGb', 'storageAutoResizeLimit'])
/** Answers about the settings, not settings. */
const COMPUTED_SETTINGS = new Set(['effectiveAvailabilityType'])

const GOOGLE_NAME = new Map<string, string>(Object.entries(SETTING_NAMES))
export const PULUMI_NAME = new Map<string, string>(
  Object.entries(SETTING_NAMES).map(([pulumi, google]) => [google, pulumi]),
)

export function settingsFromInputs(inputs: Props): Settings {
  const entries = Object.entries(inputs).filter(([key, value]) => value !== undefined && !COMPUTED_SETTINGS.has(key))
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const name = GOOGLE_NAME.get(key) ?? key
      return [name, INT64.has(name) ? String(value) : value]
    }),
  )
}

/** Inputs that stay with the provider. */
const LOCAL_INPUTS = [
  'deletionProtection',
  'deletionPolicy',
  'rootPassword',
  'rootPasswordWo',
  'rootPasswordWoVersion',
  'encryptionKeyName',
  'finalBackupDescription',
  'maintenanceVersion',
  'nodeCount',
  'replicaConfiguration',
  'clone',
  'pointInTimeRestoreContext',
  'restoreBackupContext',
  'backupdrBackup',
  'enforceNewSqlNetworkArchitecture',
  'includeReplicasForMajorVersionUpgrade',
  'switchTransactionLogsToCloudStorageEnabled',
] as const

export function localInputs(inputs: Props): Props {
  return Object.fromEntries(LOCAL_INPUTS.filter((key) => inputs[key] !== undefined).map((key) => [key, inputs[key]]))
}

/** What Google fills in for a new instance. Nothing that was asked for is changed. */
export function withDefaults(asked: Settings, version: string, replica: boolean): Settings {
  const edition =
    asked.edition ?? (majorOf(version) >= ENTERPRISE_PLUS_BY_DEFAULT_FROM ? 'ENTERPRISE_PLUS' : 'ENTERPRISE')
  const backup = {enabled: false, ...asked.backupConfiguration}
  return {
    kind: 'sql#settings',
    activationPolicy: 'ALWAYS',
    availabilityType: 'ZONAL',
    connectorEnforcement: 'NOT_REQUIRED',
    dataDiskType: 'PD_SSD',
    dataDiskSizeGb: String(DISK_GB.min),
    deletionProtectionEnabled: false,
    pricingPlan: 'PER_USE',
    replicationType: 'SYNCHRONOUS',
    storageAutoResize: true,
    storageAutoResizeLimit: '0',
    ...asked,
    edition,
    settingsVersion: '1',
    ipConfiguration: {
      ipv4Enabled: true,
      sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
      serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA',
      ...asked.ipConfiguration,
    },
    backupConfiguration: replica ? backup : backupDefaults(backup, edition),
  }
}

function backupDefaults(backup: BackupConfiguration, edition: Edition): BackupConfiguration {
  return {
    startTime: '06:00',
    pointInTimeRecoveryEnabled: false,
    transactionLogRetentionDays: LOG_RETENTION_DAYS[edition].initial,
    ...backup,
    backupRetentionSettings: {
      retentionUnit: 'COUNT',
      retainedBackups: RETAINED_BACKUPS.initial[edition],
      ...backup.backupRetentionSettings,
    },
  }
}

/** `POSTGRES_9_6` → 9.6 */
export function majorOf(version: string): number {
  return Number(version.replace('POSTGRES_', '').replace('_', '.'))
}

/** What the region is to run. */
export function specOf({settings}: InstanceResource): InstanceSpec {
  const {zone, secondaryZone} = settings.locationPreference ?? {}
  const {enabled, pointInTimeRecoveryEnabled} = settings.backupConfiguration ?? {}
  return {
    availability: settings.availabilityType ?? 'ZONAL',
    ...(zone ? {zone} : {}),
    ...(secondaryZone ? {secondaryZone} : {}),
    flags: settings.databaseFlags ?? [],
    active: settings.activationPolicy !== 'NEVER',
    archiving: enabled === true && pointInTimeRecoveryEnabled === true,
  }
}
