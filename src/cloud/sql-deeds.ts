/** Cloud SQL Admin API: what changes an instance, and the long operations it starts. Source: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances */
import type {InstanceFacts, RecoveryWindow, SqlDeed, SqlOperation} from './operable.ts'
import type {Reach} from './reach.ts'
import {callJson, statusOf} from './rest.ts'

interface Settings {
  readonly activationPolicy?: string
  readonly availabilityType?: string
  readonly edition?: string
  readonly tier?: string
  readonly dataDiskSizeGb?: string
  readonly backupConfiguration?: {
    readonly enabled?: boolean
    readonly pointInTimeRecoveryEnabled?: boolean
    readonly transactionalLogStorageState?: string
  }
  readonly ipConfiguration?: {readonly sslMode?: string}
  readonly databaseFlags?: readonly {readonly name: string; readonly value: string}[]
}
interface Instance {
  readonly name: string
  readonly region: string
  readonly databaseVersion: string
  readonly instanceType?: string
  readonly masterInstanceName?: string
  readonly state?: string
  readonly gceZone?: string
  readonly settings?: Settings
  readonly replicationCluster?: {readonly failoverDrReplicaName?: string}
  readonly scheduledMaintenance?: {readonly startTime?: string}
}
interface Operation {
  readonly name: string
  readonly operationType: string
  readonly status: string
  readonly error?: {readonly errors?: readonly {readonly message?: string}[]}
}

const DEADLINE_MS = 8_000

export const projectUrl = ({wires, project}: Reach) => `${wires.base('sqladmin')}/sql/v1beta4/projects/${project}`
export const instanceUrl = (reach: Reach, instance: string) => `${projectUrl(reach)}/instances/${instance}`

export async function listFacts(reach: Reach): Promise<readonly InstanceFacts[]> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  const {items = []} = await callJson<{items?: readonly Instance[]}>(`${projectUrl(reach)}/instances`, call)
  return items.map(factsOf)
}

/** Pure. */
export function factsOf({
  name,
  region,
  databaseVersion,
  instanceType,
  masterInstanceName,
  state,
  gceZone,
  settings = {},
  replicationCluster,
  scheduledMaintenance,
}: Instance): InstanceFacts {
  const primary = masterInstanceName?.split(':').at(-1)
  const drReplica = replicationCluster?.failoverDrReplicaName?.split(':').at(-1)
  const {backupConfiguration: backup = {}} = settings
  const logsIn = backup.transactionalLogStorageState
  const maintenanceAt = Date.parse(scheduledMaintenance?.startTime ?? '')
  return {
    name,
    region,
    role: instanceType === 'READ_REPLICA_INSTANCE' ? 'replica' : 'primary',
    ...(primary && {primary}),
    ...(drReplica && {drReplica}),
    state: state === undefined || state === 'SQL_INSTANCE_STATE_UNSPECIFIED' ? 'UNKNOWN' : state,
    ...(gceZone && {zone: gceZone}),
    active: settings.activationPolicy !== 'NEVER',
    edition: settings.edition ?? 'ENTERPRISE',
    availability: settings.availabilityType ?? 'ZONAL',
    version: databaseVersion,
    tier: settings.tier ?? '',
    diskGiB: Number(settings.dataDiskSizeGb ?? 0),
    backups: backup.enabled === true,
    recovery: backup.pointInTimeRecoveryEnabled === true,
    ...(logsIn && {logsIn}),
    ...(!Number.isNaN(maintenanceAt) && {maintenanceAt}),
    sslMode: settings.ipConfiguration?.sslMode ?? '',
    flags: Object.fromEntries((settings.databaseFlags ?? []).map((flag) => [flag.name, flag.value])),
  }
}

const operationOf = ({name, operationType, status, error}: Operation): SqlOperation => {
  const message = error?.errors?.[0]?.message
  return {id: name, type: operationType, done: status === 'DONE', ...(message !== undefined && {error: message})}
}

export async function readOperation(reach: Reach, id: string): Promise<SqlOperation> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  return operationOf(await callJson<Operation>(`${projectUrl(reach)}/operations/${id}`, call))
}

/** Newest first, as the API lists them. Source: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/backupRuns/list */
export async function readLastBackup(reach: Reach, instance: string): Promise<number | undefined> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  const url = `${instanceUrl(reach, instance)}/backupRuns?maxResults=10`
  const {items = []} = await callJson<{items?: readonly {status?: string; endTime?: string}[]}>(url, call)
  const last = items.find(({status, endTime}) => status === 'SUCCESSFUL' && endTime !== undefined)
  return last && Date.parse(last.endTime!)
}

/**
 * What is answered while none is open is not documented: a refusal of the question itself, or times missing, are taken for that.
 * Source: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/projects.instances/getLatestRecoveryTime
 */
export async function readRecoveryWindow(reach: Reach, instance: string): Promise<RecoveryWindow | undefined> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  try {
    const found = await callJson<{earliestRecoveryTime?: string; latestRecoveryTime?: string}>(
      `${instanceUrl(reach, instance)}/getLatestRecoveryTime`,
      call,
    )
    const [earliest, latest] = [found.earliestRecoveryTime, found.latestRecoveryTime].map((it) => Date.parse(it ?? ''))
    return earliest! <= latest! ? {earliest: earliest!, latest: latest!} : undefined
  } catch (thrown) {
    if (statusOf(thrown) === 400) return undefined
    throw thrown
  }
}

export async function runningOn(reach: Reach, instance: string): Promise<readonly SqlOperation[]> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  const url = `${projectUrl(reach)}/operations?instance=${instance}&maxResults=20`
  const {items = []} = await callJson<{items?: readonly Operation[]}>(url, call)
  return items.map(operationOf).filter(({done}) => !done)
}

export async function beginDeed(reach: Reach, deed: SqlDeed): Promise<SqlOperation> {
  const url = instanceUrl(reach, deed.instance)
  const send = async (method: 'POST' | 'PATCH', to: string, body?: unknown) =>
    operationOf(await callJson<Operation>(to, await reach.signed({method, body, deadlineMs: DEADLINE_MS})))
  switch (deed.deed) {
    case 'stop':
      return send('PATCH', url, {settings: {activationPolicy: 'NEVER'}})
    case 'start':
      return send('PATCH', url, {settings: {activationPolicy: 'ALWAYS'}})
    case 'unprotect':
      return send('PATCH', url, {settings: {deletionProtectionEnabled: false}})
    case 'backup':
      return send('POST', `${url}/backupRuns`, {})
    case 'promote':
      return send('POST', `${url}/promoteReplica${deed.failover ? '?failover=true' : ''}`)
    case 'designate':
      return send('PATCH', url, {replicationCluster: {failoverDrReplicaName: `${reach.project}:${deed.replica}`}})
    case 'switchover':
      return send('POST', `${url}/switchover?dbTimeout=${deed.timeoutSeconds}s`)
    case 'protect':
      return send('PATCH', url, {settings: protection(deed.availability, deed.recoveryDays)})
    case 'replicate': {
      const like = await callJson<Instance>(
        instanceUrl(reach, deed.like),
        await reach.signed({deadlineMs: DEADLINE_MS}),
      )
      return send('POST', `${projectUrl(reach)}/instances`, replicaOf(like, deed))
    }
  }
}

const protection = (availabilityType: string, days: number) => ({
  availabilityType,
  backupConfiguration: {
    enabled: true,
    pointInTimeRecoveryEnabled: true,
    startTime: '03:00',
    transactionLogRetentionDays: days,
    backupRetentionSettings: {retainedBackups: Math.max(7, days), retentionUnit: 'COUNT'},
  },
})

/** A replica has no backups of its own, and its availability is decided when it becomes a primary. */
function replicaOf(
  {settings, databaseVersion}: Instance,
  {instance, region, primary}: Extract<SqlDeed, {deed: 'replicate'}>,
) {
  const {
    backupConfiguration: _,
    settingsVersion: __,
    ...rest
  } = (settings ?? {}) as Settings & {settingsVersion?: string}
  return {
    name: instance,
    region,
    databaseVersion,
    instanceType: 'READ_REPLICA_INSTANCE',
    masterInstanceName: primary,
    settings: {...rest, activationPolicy: 'ALWAYS', availabilityType: 'ZONAL'},
  }
}
