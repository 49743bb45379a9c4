/** Requests on instances, as the API judges them; the REST routes and Pulumi's resources both come through here. */
import {GoogleError} from '../compute/google.ts'
import type {Props} from '../contract.ts'
import {checkDrReplica, type Stage} from './deeds.ts'
import type {Observed} from './observed.ts'
import type {Deed, Operations} from './operations.ts'
import {viewOf} from './outputs.ts'
import {
  type InstanceResource,
  isReplica,
  majorOf,
  masterOf,
  type Settings,
  type Stored,
  withDefaults,
} from './resource.ts'
import {checkPromote, checkSwitchover, observe} from './roles.ts'
import {instanceProblems, type Request, replicaMismatch, shrinks} from './rules.ts'

const invalid = (message: string) => new GoogleError(400, 'invalid', message)

export class InstanceApi {
  readonly stage: Stage
  readonly operations: Operations

  constructor(stage: Stage, operations: Operations) {
    this.stage = stage
    this.operations = operations
  }

  /** Puts the instance on record as PENDING_CREATE and says what has to be done. Throws 400 or 409. */
  create(project: string, request: Request, local: Props): Deed {
    const {instances} = this.stage
    const resource = newResource(project, request)
    const problem = instanceProblems(resource)[0]
    if (problem) throw invalid(`Invalid request: ${problem.property}: ${problem.reason}`)
    this.#checkName(resource.name)
    const master = masterOf(resource)
    if (master) this.#checkMaster(resource, master)
    instances.put({resource, local, port: 0})
    return {
      type: master ? 'CREATE_REPLICA' : 'CREATE',
      project,
      target: resource.name,
      ...(master ? {also: [master]} : {}),
      args: {},
    }
  }

  /** instances.clone */
  clone(
    project: string,
    source: string,
    {destinationInstanceName: name, pointInTime: at}: {destinationInstanceName?: string; pointInTime?: string},
  ): Deed {
    const {resource} = this.stage.instances.get(source, project)
    if (!name) throw new GoogleError(400, 'required', 'Required: cloneContext.destinationInstanceName')
    if (isReplica(resource)) throw invalid('Invalid request: A read replica cannot be cloned.')
    if (at !== undefined && Number.isNaN(Date.parse(at))) throw invalid(`Invalid value for: pointInTime: ${at}`)
    const {replicaNames: _, replicationCluster: __, ...rest} = resource
    const problem = instanceProblems({...rest, name})[0]
    if (problem) throw invalid(`Invalid request: ${problem.property}: ${problem.reason}`)
    this.#checkName(name)
    const settings = {...resource.settings, settingsVersion: '1'}
    this.stage.instances.put({resource: {...rest, name, state: 'PENDING_CREATE', settings}, local: {}, port: 0})
    return {type: 'CREATE_CLONE', project, target: name, also: [source], args: {source, ...(at ? {at} : {})}}
  }

  /** `replace`: instances.update, else instances.patch. Throws 412 when the request was made from an older state. */
  update(project: string, name: string, request: Request, how: 'patch' | 'replace'): Deed {
    const stored = this.stage.instances.get(name, project)
    const {resource} = stored
    const asked = request.settings ?? {}
    if (asked.settingsVersion !== undefined && asked.settingsVersion !== resource.settings.settingsVersion) {
      throw new GoogleError(
        412,
        'staleData',
        `The settings of ${name} have changed: settingsVersion is ${resource.settings.settingsVersion}, not ${asked.settingsVersion}.`,
      )
    }
    const settings =
      how === 'patch'
        ? patched(resource.settings, asked)
        : {
            ...withDefaults(asked, resource.databaseVersion, isReplica(resource)),
            settingsVersion: resource.settings.settingsVersion ?? '1',
          }
    const fields = {settings, ...this.#changedRest(stored, request)}
    const problem = instanceProblems({...resource, ...fields})[0]
    if (problem) throw invalid(`Invalid request: ${problem.property}: ${problem.reason}`)
    if (shrinks(resource.settings, settings)) throw invalid('Invalid request: The disk size cannot be reduced.')
    return {type: 'UPDATE', project, target: name, args: {fields}}
  }

  delete(project: string, name: string): Deed {
    const {resource} = this.stage.instances.get(name, project)
    if (resource.settings.deletionProtectionEnabled) {
      throw invalid(
        'The instance is protected. Please disable the deletion protection and try again. To disable deletion protection, update the instance settings with deletionProtectionEnabled set to false.',
      )
    }
    if (this.stage.instances.replicasOf(name).length > 0) {
      throw invalid(`Invalid request: ${name} has replicas; delete them first.`)
    }
    const master = masterOf(resource)
    return {type: 'DELETE', project, target: name, ...(master ? {also: [master]} : {}), args: {}}
  }

  restart(project: string, name: string): Deed {
    this.#running(project, name)
    return {type: 'RESTART', project, target: name, args: {}}
  }

  failover(project: string, name: string, settingsVersion?: string): Deed {
    const {settings} = this.#running(project, name)
    if (settings.availabilityType !== 'REGIONAL') {
      throw invalid('Invalid request: Only an instance with high availability (REGIONAL) can fail over.')
    }
    if (settingsVersion !== undefined && settingsVersion !== settings.settingsVersion) {
      throw new GoogleError(
        412,
        'staleData',
        `The settings of ${name} have changed: settingsVersion is ${settings.settingsVersion}.`,
      )
    }
    return {type: 'FAILOVER', project, target: name, args: {}}
  }

  promote(project: string, name: string, failover: boolean): Deed {
    const stored = this.stage.instances.get(name, project)
    checkPromote(stored, failover)
    return {type: 'PROMOTE_REPLICA', project, target: name, also: this.#withMaster(stored), args: {failover}}
  }

  switchover(project: string, name: string, withinMs?: number): Deed {
    const stored = this.stage.instances.get(name, project)
    checkSwitchover(stored)
    const args = withinMs === undefined ? {} : {withinMs}
    return {type: 'SWITCHOVER', project, target: name, also: this.#withMaster(stored), args}
  }

  /** The instance as it is now: on record, with what its region says when that answers. */
  async view(stored: Stored): Promise<InstanceResource> {
    const view = viewOf(stored)
    if (view.state !== 'RUNNABLE') return view
    const seen = await observe(this.stage, stored.resource).catch(() => undefined)
    if (!seen) return {...view, state: 'SQL_INSTANCE_STATE_UNSPECIFIED'}
    this.#noteZoneChanges(stored, seen)
    const {zone, secondaryZone, state} = seen
    return {...view, state, gceZone: zone, ...(secondaryZone ? {secondaryGceZone: secondaryZone} : {})}
  }

  /** Zone failovers happen without us; they belong into the history all the same. */
  #noteZoneChanges({resource: {name, project}}: Stored, {zoneChanges}: Observed): void {
    const known = new Set(this.operations.list(project, name).map(({endTime}) => endTime))
    for (const {at, cause} of zoneChanges) {
      if (cause === 'crash' && !known.has(at)) this.operations.note({type: 'FAILOVER', project, target: name}, at)
    }
  }

  #withMaster({resource}: Stored): string[] {
    const master = masterOf(resource)
    return master ? [master] : []
  }

  #running(project: string, name: string): InstanceResource {
    const {resource} = this.stage.instances.get(name, project)
    if (resource.settings.activationPolicy !== 'NEVER') return resource
    throw invalid(`Invalid request: ${name} is stopped.`)
  }

  #checkName(name: string): void {
    const {instances, now} = this.stage
    if (!instances.find(name) && !instances.isBlocked(name, now())) return
    throw new GoogleError(
      409,
      'instanceAlreadyExists',
      'The Cloud SQL instance already exists. When you delete an instance, you cannot reuse the name of the deleted instance until one week from the deletion date.',
    )
  }

  #checkMaster(resource: InstanceResource, name: string): void {
    const master = this.stage.instances.find(name)
    if (!master) throw invalid(`Invalid request: The primary instance ${name} does not exist.`)
    const mismatch = replicaMismatch(resource, master.resource)
    if (mismatch) throw invalid(`Invalid request: ${mismatch}`)
  }

  /** Besides the settings only few fields may change. */
  #changedRest({resource}: Stored, request: Request): Partial<InstanceResource> {
    const {region, masterInstanceName, instanceType, databaseVersion, replicationCluster} = request
    const fixed: [string, unknown, unknown][] = [
      ['region', region, resource.region],
      ['masterInstanceName', masterInstanceName?.split(':').at(-1), masterOf(resource)],
      ['instanceType', instanceType, resource.instanceType],
    ]
    const changed = fixed.find(([, asked, now]) => asked !== undefined && asked !== now)
    if (changed) throw invalid(`Invalid request: ${changed[0]} of an instance cannot be changed.`)
    if (databaseVersion && majorOf(databaseVersion) < majorOf(resource.databaseVersion)) {
      throw invalid('Invalid request: databaseVersion cannot be lowered.')
    }
    const dr = replicationCluster?.failoverDrReplicaName
    if (dr) checkDrReplica(this.stage, resource, dr)
    return {
      ...(databaseVersion ? {databaseVersion} : {}),
      ...(dr === undefined ? {} : {replicationCluster: dr === '' ? {} : {failoverDrReplicaName: dr, drReplica: false}}),
    }
  }
}

/** Before anything else is known of it. */
export function newResource(project: string, request: Request): InstanceResource {
  const {name = '', region = '', databaseVersion = 'POSTGRES_17', masterInstanceName} = request
  const master = masterInstanceName?.split(':').at(-1)
  return {
    name,
    project,
    region,
    databaseVersion,
    instanceType: request.instanceType ?? (master ? 'READ_REPLICA_INSTANCE' : 'CLOUD_SQL_INSTANCE'),
    ...(master ? {masterInstanceName: `${project}:${master}`} : {}),
    state: 'PENDING_CREATE',
    createTime: new Date().toISOString(),
    settings: withDefaults(request.settings ?? {}, databaseVersion, master !== undefined),
  }
}

/** Objects are merged, lists and values replaced. */
function patched(before: Settings, change: Settings): Settings {
  const merge = (old: unknown, now: unknown): unknown => {
    if (!isObject(old) || !isObject(now)) return now
    return {...old, ...Object.fromEntries(Object.entries(now).map(([key, value]) => [key, merge(old[key], value)]))}
  }
  return merge(before, change) as Settings
}

const isObject = (value: unknown): value is Props =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
