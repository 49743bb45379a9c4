/** Databases and users as Pulumi's gcp provider behaves. */
import type {CheckFailure, Props, Records, ResourceType} from '../contract.ts'
import type {UserSpec, UserType} from './admin.ts'
import type {InstanceApi} from './api.ts'
import {MAX_IDENTIFIER} from './limits.ts'
import {worded} from './provider.ts'

/** https://www.pulumi.com/registry/packages/gcp/api-docs/sql/database/ */
export function databaseType({stage, operations}: InstanceApi, records: Records): ResourceType {
  const token = 'gcp:sql/database:Database'
  const idOf = ({project, instance, name}: Props) => `projects/${project}/instances/${instance}/databases/${name}`
  return {
    token,
    check: (inputs) => [
      ...identifierProblem(inputs.name),
      ...only(inputs, 'charset', 'UTF8'),
      ...only(inputs, 'collation', 'en_US.UTF8'),
    ],
    known: (inputs) => ({id: idOf(inputs)}),
    create: (inputs) =>
      worded('creating the database', async () => {
        const {project, instance, name} = inputs as Record<string, string>
        stage.instances.get(instance!, project)
        await operations.finish({type: 'CREATE_DATABASE', project: project!, target: instance!, args: {name}})
        const id = idOf(inputs)
        const selfLink = `https://sqladmin.googleapis.com/sql/v1beta4/${id}`
        const outputs = {deletionPolicy: 'DELETE', charset: 'UTF8', collation: 'en_US.UTF8', ...inputs, selfLink}
        records.put(token, id, outputs)
        return {id, outputs}
      }),
    read: async (id) => ofLivingInstance({stage}, records, token, id),
    update: async (id, _outputs, inputs) => {
      const outputs = {...records.get(token, id), ...inputs}
      records.put(token, id, outputs)
      return outputs
    },
    delete: (id, {project, instance, name, deletionPolicy}) =>
      worded('deleting the database', async () => {
        if (deletionPolicy !== 'ABANDON' && stage.instances.find(String(instance))) {
          await operations.finish({
            type: 'DELETE_DATABASE',
            project: String(project),
            target: String(instance),
            args: {name},
          })
        }
        records.delete(token, id)
      }),
  }
}

/** https://www.pulumi.com/registry/packages/gcp/api-docs/sql/user/ */
export function userType({stage, operations}: InstanceApi, records: Records): ResourceType {
  const token = 'gcp:sql/user:User'
  const idOf = ({instance, name}: Props) => `${name}//${instance}`
  const put = async (type: 'CREATE_USER' | 'UPDATE_USER', inputs: Props) => {
    const {project, instance} = inputs as Record<string, string>
    const user = userSpec(inputs)
    stage.instances.get(instance!, project)
    await operations.finish({type, project: project!, target: instance!, args: {name: user.name, user}})
    const outputs = {
      deletionPolicy: 'DELETE',
      host: '',
      type: 'BUILT_IN',
      sqlServerUserDetails: [],
      ...inputs,
      iamEmail: iamEmailOf(user),
    }
    records.put(token, idOf(inputs), outputs)
    return outputs
  }
  return {
    token,
    check: (inputs) => [...identifierProblem(inputs.name), ...userTypeProblem(inputs.type)],
    known: (inputs) => ({id: idOf(inputs)}),
    create: (inputs) =>
      worded('creating the user', async () => ({id: idOf(inputs), outputs: await put('CREATE_USER', inputs)})),
    read: async (id) => ofLivingInstance({stage}, records, token, id),
    update: (_id, _outputs, inputs) => worded('updating the user', () => put('UPDATE_USER', inputs)),
    delete: (id, {project, instance, name, deletionPolicy}) =>
      worded('deleting the user', async () => {
        if (deletionPolicy !== 'ABANDON' && stage.instances.find(String(instance))) {
          const args = {name: databaseUserName(String(name))}
          await operations.finish({type: 'DELETE_USER', project: String(project), target: String(instance), args})
        }
        records.delete(token, id)
      }),
  }
}

/** What belongs to an instance is gone with it. */
function ofLivingInstance(
  {stage}: Pick<InstanceApi, 'stage'>,
  records: Records,
  token: string,
  id: string,
): Props | undefined {
  const outputs = records.get(token, id)
  return outputs && stage.instances.find(String(outputs.instance)) ? outputs : undefined
}

export function userSpec({name, type = 'BUILT_IN', password, databaseRoles}: Props): UserSpec {
  return {
    name: databaseUserName(String(name)),
    type: type as UserType,
    ...(typeof password === 'string' ? {password} : {}),
    ...(Array.isArray(databaseRoles) ? {databaseRoles} : {}),
  }
}

/** PostgreSQL's user names are shorter than service accounts' addresses. https://cloud.google.com/sql/docs/postgres/iam-logins */
export const databaseUserName = (name: string) => name.replace(/\.gserviceaccount\.com$/, '')

export const iamEmailOf = ({name, type}: UserSpec) =>
  type === 'CLOUD_IAM_SERVICE_ACCOUNT' ? `${name}.gserviceaccount.com` : type === 'CLOUD_IAM_USER' ? name : ''

const USER_TYPES = ['BUILT_IN', 'CLOUD_IAM_USER', 'CLOUD_IAM_SERVICE_ACCOUNT']

function userTypeProblem(type: unknown): CheckFailure[] {
  if (type === undefined || type === '' || USER_TYPES.includes(String(type))) return []
  return [{property: 'type', reason: `${type} is not emulated: use one of ${USER_TYPES.join(', ')}`}]
}

function identifierProblem(name: unknown): CheckFailure[] {
  const length = Buffer.byteLength(databaseUserName(String(name ?? '')))
  if (length > 0 && length <= MAX_IDENTIFIER) return []
  return [{property: 'name', reason: `a name has 1 to ${MAX_IDENTIFIER} bytes, this one ${length}`}]
}

function only(inputs: Props, property: string, value: string): CheckFailure[] {
  const given = inputs[property]
  return given === undefined || given === value
    ? []
    : [{property, reason: `PostgreSQL on Cloud SQL supports ${value} only`}]
}
