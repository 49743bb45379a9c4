/** What each operation does. A deed is done again from the start when the emulator ended in the middle of it, so all are idempotent. */
import {GoogleError} from '../compute/google.ts'
import type {Log} from '../contract.ts'
import type {UserSpec} from './admin.ts'
import type {CreateRequest} from './host-routes.ts'
import type {Observed} from './observed.ts'
import type {Deed, Perform} from './operations.ts'
import {type InstanceResource, isReplica, masterOf, specOf} from './resource.ts'
import {type Cast, promote, rejoin, switchover, upstreamOf, without} from './roles.ts'

export interface Stage extends Cast {
  readonly log: Log
  now(): number
}

type Act = (stage: Stage, deed: Deed) => Promise<unknown>

const ACTS: Readonly<Record<string, Act>> = {
  CREATE: (stage, deed) => create(stage, deed, {}),
  CREATE_REPLICA: async (stage, deed) => {
    const master = masterOf(stage.instances.get(deed.target).resource)
    await create(stage, deed, {primary: await upstreamOf(stage, stage.instances.get(master!).resource)})
    const {replicaNames} = stage.instances.get(master!).resource
    stage.instances.change(master!, {replicaNames: [...without(replicaNames, deed.target), deed.target]})
  },
  CREATE_CLONE: (stage, deed) => {
    const {source, at} = deed.args as {source: string; at?: string}
    return create(stage, deed, {source: {name: source, ...(at ? {at} : {})}})
  },
  UPDATE: async (stage, deed) => {
    const fields = deed.args.fields as Partial<InstanceResource>
    const {resource} = stage.instances.get(deed.target)
    const changed = {...resource, ...fields}
    await stage.regions.work(resource.region, 'PUT', path(deed, '/spec'), specOf(changed))
    stage.instances.change(deed.target, fields)
    designate(stage, resource, changed)
  },
  DELETE: remove,
  RESTART: (stage, deed) => work(stage, deed, '/restart'),
  FAILOVER: (stage, deed) => work(stage, deed, '/failover'),
  BACKUP_VOLUME: (stage, deed) => work(stage, deed, '/backups'),
  PROMOTE_REPLICA: (stage, deed) => promote(stage, deed.target, deed.args.failover === true),
  SWITCHOVER: (stage, deed) => switchover(stage, deed.target, deed.args.withinMs as number | undefined),
  RECREATE_REPLICA: (stage, deed) => rejoin(stage, deed.target),
  CREATE_DATABASE: (stage, deed) => onItem(stage, deed, 'PUT', 'databases', {}),
  DELETE_DATABASE: (stage, deed) => onItem(stage, deed, 'DELETE', 'databases'),
  CREATE_USER: (stage, deed) => onItem(stage, deed, 'PUT', 'users', deed.args.user as UserSpec),
  UPDATE_USER: (stage, deed) => onItem(stage, deed, 'PUT', 'users', deed.args.user as UserSpec),
  DELETE_USER: (stage, deed) => onItem(stage, deed, 'DELETE', 'users'),
}

export function performer(stage: Stage): Perform {
  return async (deed) => {
    const act = ACTS[deed.type]
    if (!act) throw new Error(`No operation ${deed.type}`)
    await act(stage, deed)
  }
}

const path = (deed: Deed, rest = '') => `/sql/instances/${deed.target}${rest}`

function work({instances, regions}: Stage, deed: Deed, rest: string): Promise<unknown> {
  return regions.work(instances.get(deed.target).resource.region, 'POST', path(deed, rest))
}

function onItem(
  {instances, regions}: Stage,
  deed: Deed,
  method: 'PUT' | 'DELETE',
  kind: string,
  body?: unknown,
): Promise<unknown> {
  const item = encodeURIComponent(deed.args.name as string)
  return regions.work(instances.get(deed.target).resource.region, method, path(deed, `/${kind}/${item}`), body)
}

async function create(stage: Stage, deed: Deed, from: Pick<CreateRequest, 'primary' | 'source'>): Promise<void> {
  const {instances, regions} = stage
  const stored = instances.get(deed.target)
  const {resource, local} = stored
  const rootPassword = local.rootPassword as string | undefined
  const request: CreateRequest = {
    project: resource.project,
    spec: specOf(resource),
    ...(rootPassword ? {rootPassword} : {}),
    ...from,
  }
  try {
    const made = await regions.begin<Observed>(resource.region, 'PUT', path(deed), request)
    instances.put({...stored, port: made.port, resource: {...resource, state: 'RUNNABLE'}})
  } catch (error) {
    // Nothing came of it, so the name is not used up.
    instances.remove(deed.target, undefined)
    throw error
  }
}

async function remove({instances, regions, now}: Stage, deed: Deed): Promise<void> {
  const stored = instances.find(deed.target)
  if (!stored) return
  const {resource} = stored
  await regions.begin(resource.region, 'DELETE', path(deed))
  const master = instances.find(masterOf(resource) ?? '')
  if (master) {
    instances.change(master.resource.name, {replicaNames: without(master.resource.replicaNames, deed.target)})
    // Or its primary would keep for it what it writes; bounded, and only until it can be told.
    await regions
      .ask(master.resource.region, 'DELETE', `/sql/instances/${master.resource.name}/slots/${deed.target}`)
      .catch(() => {})
  }
  instances.remove(deed.target, now())
}

/** A change of replicationCluster.failoverDrReplicaName shows on the replica. */
function designate({instances}: Stage, before: InstanceResource, after: InstanceResource): void {
  const nameIn = ({replicationCluster}: InstanceResource) =>
    replicationCluster?.failoverDrReplicaName?.split(':').at(-1)
  if (nameIn(before) === nameIn(after)) return
  for (const [name, drReplica] of [
    [nameIn(before), false],
    [nameIn(after), true],
  ] as const) {
    if (name && instances.find(name)) instances.change(name, {replicationCluster: {drReplica}})
  }
}

/** A replica that may be named as the DR replica of `primary`. https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
export function checkDrReplica({instances}: Pick<Stage, 'instances'>, primary: InstanceResource, name: string): void {
  const replica = instances.find(name.split(':').at(-1)!)?.resource
  const fits = replica && isReplica(replica) && masterOf(replica) === primary.name && replica.region !== primary.region
  const plus = primary.settings.edition === 'ENTERPRISE_PLUS' && replica?.settings.edition === 'ENTERPRISE_PLUS'
  if (fits && plus && primary.settings.backupConfiguration?.pointInTimeRecoveryEnabled) return
  throw new GoogleError(
    400,
    'invalid',
    `Invalid request: ${name} cannot be the DR replica of ${primary.name}: it must be a direct replica in another region, both ENTERPRISE_PLUS, and the primary's point-in-time recovery on.`,
  )
}
