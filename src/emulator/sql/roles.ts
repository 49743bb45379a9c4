/** Changes of roles: promotion, failover to the DR replica, switchover, and the old primary's return. All are idempotent. */
import {GoogleError} from '../compute/google.ts'
import {SWITCHOVER_TIMEOUT_MS} from './limits.ts'
import type {Observed} from './observed.ts'
import type {Primary} from './record.ts'
import type {Regions} from './regions.ts'
import {type InstanceResource, isReplica, masterOf, type Stored} from './resource.ts'
import type {Instances} from './store.ts'

export interface Cast {
  readonly instances: Instances
  readonly regions: Regions
}

const path = ({name}: InstanceResource, deed = '') => `/sql/instances/${name}${deed}`

export function observe({regions}: Cast, {region, name}: {region: string; name: string}): Promise<Observed> {
  return regions.ask(region, 'GET', `/sql/instances/${name}`)
}

export function upstreamOf({regions}: Cast, resource: InstanceResource): Promise<Primary> {
  return regions.ask(resource.region, 'GET', path(resource, '/upstream'))
}

/**
 * instances.promoteReplica. Never waits for the primary: it may be gone. With `failover` the roles are exchanged on record and the
 * old primary is cloned anew once it is back; without, it stays a primary of its own.
 * https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances/promoteReplica
 */
export async function promote(cast: Cast, name: string, failover: boolean): Promise<void> {
  const {resource} = cast.instances.get(name)
  const old = masterOf(resource)
  const {promoted} = await cast.regions.work<{promoted: boolean}>(
    resource.region,
    'POST',
    path(resource, '/promote'),
    {},
  )
  if (!promoted) throw new Error(`${name} could not be promoted; its log tells why`)
  if (!old) return
  if (failover) return exchange(cast, name, old, {rejoining: true})
  cast.instances.change(name, becomesPrimary(resource))
  const left = cast.instances.find(old)
  if (!left) return
  const {replicaNames, replicationCluster} = left.resource
  const wasDesignated = replicationCluster?.failoverDrReplicaName?.split(':').at(-1) === name
  cast.instances.change(old, {
    replicaNames: without(replicaNames, name),
    ...(wasDesignated && {replicationCluster: {}}),
  })
}

/**
 * instances.switchover: the primary is stopped cleanly, the replica proves that it has replayed the last record, and only then is
 * it promoted; the old primary follows it on the data it has. Until the promotion everything can be undone, and is when it fails.
 * https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery
 */
export async function switchover(
  cast: Cast,
  name: string,
  withinMs: number = SWITCHOVER_TIMEOUT_MS.initial,
): Promise<void> {
  const {instances, regions} = cast
  const {resource: replica} = instances.get(name)
  const {resource: primary} = instances.get(masterOf(replica) ?? primaryNamedBefore(instances, name))
  if ((await observe(cast, replica)).role === 'replica') await handOver(cast, primary, replica, withinMs)
  const upstream = await upstreamOf(cast, replica)
  const others = instances.replicasOf(primary.name).filter(({resource}) => resource.name !== name)
  exchange(cast, name, primary.name, {rejoining: false})
  await regions.work(primary.region, 'POST', path(primary, '/follow'), {primary: upstream, rebuild: false})
  for (const {resource} of others) {
    // One that is out of reach is cloned again when it is back.
    await regions
      .work(resource.region, 'POST', path(resource, '/follow'), {primary: upstream, rebuild: false})
      .catch(() => {})
    moveReplica(instances, resource.name, primary.name, name)
  }
}

/** A switchover that was cut short after the roles were exchanged on record. */
function primaryNamedBefore(instances: Instances, name: string): string {
  const follower = instances.replicasOf(name)[0]
  if (follower) return follower.resource.name
  throw new GoogleError(400, 'invalidOperation', `${name} is not a replica`)
}

async function handOver(
  cast: Cast,
  primary: InstanceResource,
  replica: InstanceResource,
  withinMs: number,
): Promise<void> {
  const {regions} = cast
  const deadline = performance.now() + withinMs
  const left = () => Math.max(1_000, Math.round(deadline - performance.now()))
  const {control} = await regions.work<{control?: {state: string; checkpointLsn: number}}>(
    primary.region,
    'POST',
    path(primary, '/quiesce'),
    {replica: replica.name, withinMs: Math.min(left(), 30_000)},
  )
  if (control?.state !== 'shut down') {
    if (control) await regions.work(primary.region, 'POST', path(primary, '/resume'))
    throw new Error(`${replica.name} does not receive ${primary.name}'s changes; nothing was changed`)
  }
  const {promoted} = await regions
    .work<{promoted: boolean}>(replica.region, 'POST', path(replica, '/promote'), {
      afterLsn: control.checkpointLsn,
      withinMs: left(),
    })
    .catch((error) => resolveDoubt(cast, replica, error))
  if (promoted) return
  await regions.work(primary.region, 'POST', path(primary, '/resume'))
  throw new Error(`${replica.name} did not catch up in time; ${primary.name} is the primary again, nothing was lost`)
}

/** The answer was lost: only the replica knows. Unless it tells, the old primary stays down, because two would be worse than none. */
async function resolveDoubt(cast: Cast, replica: InstanceResource, cause: unknown): Promise<{promoted: boolean}> {
  const seen = await observe(cast, replica).catch(() => undefined)
  if (seen?.position) return {promoted: !seen.position.inRecovery}
  throw new Error(
    `Whether ${replica.name} was promoted is not known (${cause}); run the switchover again when it answers`,
  )
}

/** After failover=true, once the old primary's region is back: what it wrote alone is given up, as on Google. */
export async function rejoin(cast: Cast, name: string): Promise<void> {
  const stored = cast.instances.get(name)
  const master = masterOf(stored.resource)
  if (!stored.rejoining || !master) return
  const {role} = await observe(cast, stored.resource)
  if (role === 'primary') {
    const primary = await upstreamOf(cast, cast.instances.get(master).resource)
    await cast.regions.work(stored.resource.region, 'POST', path(stored.resource, '/follow'), {primary, rebuild: true})
  }
  const {rejoining: _, ...rest} = cast.instances.get(name)
  cast.instances.put(rest)
}

/** Writes down that `name` is the primary now and `old` its replica. */
function exchange({instances}: Cast, name: string, old: string, {rejoining}: {rejoining: boolean}): void {
  const {resource} = instances.get(name)
  if (!isReplica(resource)) return
  const before = instances.get(old)
  const wasDr = before.resource.replicationCluster?.failoverDrReplicaName !== undefined
  instances.change(name, {
    ...becomesPrimary(resource),
    replicaNames: [...without(resource.replicaNames, old), old],
    replicationCluster: wasDr
      ? {failoverDrReplicaName: `${before.resource.project}:${old}`, drReplica: false}
      : undefined,
  })
  const demoted = instances.change(old, {
    instanceType: 'READ_REPLICA_INSTANCE',
    masterInstanceName: `${resource.project}:${name}`,
    replicaNames: without(before.resource.replicaNames, name),
    replicationCluster: wasDr ? {drReplica: true} : undefined,
    settings: {...before.resource.settings, backupConfiguration: {enabled: false, pointInTimeRecoveryEnabled: false}},
  })
  if (rejoining) instances.put({...demoted, rejoining: true})
}

/** "When promoted, read replicas are automatically configured with backups"; point-in-time recovery is for whoever operates it. */
function becomesPrimary({settings}: InstanceResource) {
  return {
    instanceType: 'CLOUD_SQL_INSTANCE' as const,
    masterInstanceName: undefined,
    replicationCluster: undefined,
    settings: {...settings, backupConfiguration: {...settings.backupConfiguration, enabled: true}},
  }
}

function moveReplica(instances: Instances, name: string, from: string, to: string): void {
  const {resource} = instances.get(name)
  instances.change(name, {masterInstanceName: `${resource.project}:${to}`})
  instances.change(from, {replicaNames: without(instances.get(from).resource.replicaNames, name)})
  const {replicaNames} = instances.get(to).resource
  instances.change(to, {replicaNames: [...without(replicaNames, name), name]})
}

export const without = (names: readonly string[] = [], name: string) => names.filter((other) => other !== name)

/** Refuses what instances.promoteReplica refuses. */
export function checkPromote({resource}: Stored, failover: boolean): void {
  if (!isReplica(resource)) {
    throw new GoogleError(400, 'invalidOperation', `Invalid request: ${resource.name} is not a read replica.`)
  }
  if (failover && resource.replicationCluster?.drReplica !== true) {
    throw new GoogleError(400, 'invalidOperation', `Invalid request: ${resource.name} is not a designated DR replica.`)
  }
}

/** Refuses what instances.switchover refuses. https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
export function checkSwitchover(stored: Stored): void {
  const {resource} = stored
  checkPromote(stored, false)
  if (resource.settings.edition !== 'ENTERPRISE_PLUS') {
    throw new GoogleError(400, 'invalidOperation', 'Invalid request: Switchover needs the ENTERPRISE_PLUS edition.')
  }
  checkPromote(stored, true)
}
