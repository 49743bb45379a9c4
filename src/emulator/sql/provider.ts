/** Cloud SQL instances as Pulumi's gcp provider behaves. */
import {asProviderError} from '../compute/google.ts'
import type {Props, ResourceType} from '../contract.ts'
import {type InstanceApi, newResource} from './api.ts'
import {outputsOf} from './outputs.ts'
import {type InstanceResource, localInputs, type Settings, settingsFromInputs} from './resource.ts'
import {instanceProblems, type Request} from './rules.ts'
import {INSTANCE_TOKEN} from './store.ts'

/** Fields that keep their value when the program stops naming them ("optional and computed" in the provider's schema). */
const KEPT = [
  'backupConfiguration',
  'connectorEnforcement',
  'dataApiAccess',
  'dataDiskSizeGb',
  'dataDiskType',
  'edition',
  'insightsConfig',
  'ipConfiguration',
  'locationPreference',
  'userLabels',
]

const requestOf = (inputs: Props): Request => ({
  ...inputs,
  settings: settingsFromInputs((inputs.settings ?? {}) as Props),
})

/** https://www.pulumi.com/registry/packages/gcp/api-docs/sql/databaseinstance/ */
export function instanceType(api: InstanceApi): ResourceType {
  const {stage, operations} = api
  const read = async (id: string) => {
    const stored = stage.instances.find(id)
    return stored && outputsOf(stored)
  }
  return {
    token: INSTANCE_TOKEN,
    immutable: ['masterInstanceName'],
    check: (inputs) => instanceProblems(newResource(String(inputs.project), requestOf(inputs))),
    known: ({name, project, region}) => ({
      id: name,
      connectionName: `${project}:${region}:${name}`,
      selfLink: `https://sqladmin.googleapis.com/sql/v1beta4/projects/${project}/instances/${name}`,
    }),
    create: (inputs) =>
      worded('creating the instance', async () => {
        const project = String(inputs.project)
        await operations.finish(createDeed(api, project, inputs))
        const id = String(inputs.name)
        return {id, outputs: (await read(id))!}
      }),
    read,
    update: (id, outputs, inputs) =>
      worded('updating the instance', async () => {
        const project = String(inputs.project)
        await changeRole(api, project, id, outputs, inputs)
        const {resource} = stage.instances.get(id)
        const settings = nextSettings(resource.settings, outputs, inputs)
        const request = {settings, databaseVersion: inputs.databaseVersion as string}
        if (differs(resource, request)) await operations.finish(api.update(project, id, request, 'replace'))
        stage.instances.put({...stage.instances.get(id), local: localInputs(inputs)})
        return (await read(id))!
      }),
    delete: (id, outputs) =>
      worded('deleting the instance', async () => {
        if (!stage.instances.find(id)) return
        if (outputs.deletionPolicy === 'ABANDON') return
        if (outputs.deletionProtection === true) {
          throw new Error(
            `Error, failed to delete instance because deletionProtection is set to true. Set it to false and deploy that before ${id} is deleted`,
          )
        }
        await operations.finish(api.delete(String(outputs.project), id))
      }),
  }
}

function createDeed(api: InstanceApi, project: string, inputs: Props) {
  const clone = inputs.clone as {sourceInstanceName: string; pointInTime?: string} | undefined
  if (!clone) return api.create(project, requestOf(inputs), localInputs(inputs))
  const context = {
    destinationInstanceName: String(inputs.name),
    ...(clone.pointInTime ? {pointInTime: clone.pointInTime} : {}),
  }
  return api.clone(project, clone.sourceInstanceName, context)
}

/** The provider promotes when a replica's instanceType becomes a primary's, and switches over when its old primary is named as a replica. */
async function changeRole(api: InstanceApi, project: string, id: string, outputs: Props, inputs: Props): Promise<void> {
  const wanted = inputs.instanceType
  if (outputs.instanceType === wanted || wanted !== 'CLOUD_SQL_INSTANCE') return
  const replicas = (inputs.replicaNames ?? []) as readonly string[]
  const reversed = replicas.includes(String(outputs.masterInstanceName))
  await api.operations.finish(reversed ? api.switchover(project, id) : api.promote(project, id, false))
}

/** With the version the state holds, so that a change made from an outdated state is refused. */
function nextSettings(now: Settings, outputs: Props, inputs: Props): Settings {
  const kept = Object.fromEntries(KEPT.filter((key) => now[key] !== undefined).map((key) => [key, now[key]]))
  const changedRole = outputs.instanceType !== inputs.instanceType
  const {version} = outputs.settings as {version?: number}
  const settingsVersion = changedRole ? now.settingsVersion : String(version ?? now.settingsVersion)
  return {...kept, ...settingsFromInputs(inputs.settings as Props), ...(settingsVersion ? {settingsVersion} : {})}
}

function differs(resource: InstanceResource, request: Request): boolean {
  const sameVersion = request.databaseVersion === undefined || request.databaseVersion === resource.databaseVersion
  const asked = Object.entries(request.settings ?? {})
  return !sameVersion || asked.some(([key, value]) => JSON.stringify(value) !== JSON.stringify(resource.settings[key]))
}

/** Refusals worded as the provider words them. */
export async function worded<T>(deed: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asProviderError(deed, error)
  }
}
