/** Databases and users of an instance, in the SQL Admin API. */
import type {FastifyInstance} from 'fastify'
import {GoogleError} from '../compute/google.ts'
import type {Props} from '../contract.ts'
import type {UserRow} from './admin.ts'
import type {InstanceApi} from './api.ts'
import {databaseUserName, iamEmailOf, userSpec} from './provider-catalog.ts'
import type {InstanceResource} from './resource.ts'
import type {OnInstance, OnItem} from './rest.ts'

function primaryOnly({instanceType, name}: InstanceResource): void {
  if (instanceType !== 'READ_REPLICA_INSTANCE') return
  throw new GoogleError(400, 'invalid', `Invalid request: ${name} is a read replica; make the change on its primary.`)
}

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/databases */
export function databaseRoutes(server: FastifyInstance, path: string, {stage, operations}: InstanceApi): void {
  const list = async (project: string, name: string) => {
    const {resource} = stage.instances.get(name, project)
    const names = await stage.regions.ask<string[]>(resource.region, 'GET', `/sql/instances/${name}/databases`)
    return names.map((database) => ({
      kind: 'sql#database',
      charset: 'UTF8',
      collation: 'en_US.UTF8',
      name: database,
      instance: name,
      project,
      selfLink: `https://sqladmin.googleapis.com/sql/v1beta4/projects/${project}/instances/${name}/databases/${database}`,
    }))
  }
  server.get<OnInstance>(path, async ({params}) => ({
    kind: 'sql#databasesList',
    items: await list(params.project, params.name),
  }))
  server.get<OnItem>(`${path}/:item`, async ({params}) => {
    const found = (await list(params.project, params.name)).find(({name}) => name === params.item)
    if (!found) throw new GoogleError(404, 'notFound', 'Not Found')
    return found
  })
  server.post<OnInstance<{name?: string}>>(path, async ({params, body}) => {
    const {project, name: target} = params
    primaryOnly(stage.instances.get(target, project).resource)
    const name = body?.name
    if (!name) throw new GoogleError(400, 'required', 'Required: name')
    if ((await list(project, target)).some((database) => database.name === name)) {
      throw new GoogleError(
        400,
        'invalid',
        `Invalid request: failed to create database ${name}. Detail: pq: database "${name}" already exists.`,
      )
    }
    return operations.begin({type: 'CREATE_DATABASE', project, target, args: {name}})
  })
  server.delete<OnItem>(`${path}/:item`, async ({params}) => {
    const {project, name: target, item: name} = params
    primaryOnly(stage.instances.get(target, project).resource)
    return operations.begin({type: 'DELETE_DATABASE', project, target, args: {name}})
  })
}

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/users */
export function userRoutes(server: FastifyInstance, path: string, {stage, operations}: InstanceApi): void {
  const list = async (project: string, instance: string) => {
    const {resource} = stage.instances.get(instance, project)
    const rows = await stage.regions.ask<UserRow[]>(resource.region, 'GET', `/sql/instances/${instance}/users`)
    return rows.map(({name, type}) => ({
      kind: 'sql#user',
      name,
      host: '',
      instance,
      project,
      ...(type === 'BUILT_IN' ? {} : {type, iamEmail: iamEmailOf({name, type})}),
    }))
  }
  const checkIam = ({settings}: InstanceResource, type: unknown) => {
    const on = settings.databaseFlags?.some(({name, value}) => name === 'cloudsql.iam_authentication' && value === 'on')
    if (type === undefined || type === 'BUILT_IN' || on) return
    throw new GoogleError(
      400,
      'invalid',
      'Invalid request: IAM users need the flag cloudsql.iam_authentication to be on.',
    )
  }
  server.get<OnInstance>(path, async ({params}) => ({
    kind: 'sql#usersList',
    items: await list(params.project, params.name),
  }))
  server.get<OnItem>(`${path}/:item`, async ({params}) => {
    const found = (await list(params.project, params.name)).find(({name}) => name === databaseUserName(params.item))
    if (!found) throw new GoogleError(404, 'notFound', 'Not Found')
    return found
  })
  server.post<OnInstance<Props>>(path, async ({params, body}) => {
    const {project, name: target} = params
    const {resource} = stage.instances.get(target, project)
    primaryOnly(resource)
    if (!body?.name) throw new GoogleError(400, 'required', 'Required: name')
    checkIam(resource, body.type)
    const user = userSpec(body)
    return operations.begin({type: 'CREATE_USER', project, target, args: {name: user.name, user}})
  })
  server.put<OnInstance<Props>>(path, async ({params, body, query}) => {
    const {project, name: target} = params
    primaryOnly(stage.instances.get(target, project).resource)
    const user = userSpec({...body, name: query.name ?? body.name})
    return operations.begin({type: 'UPDATE_USER', project, target, args: {name: user.name, user}})
  })
  server.delete<OnInstance>(path, async ({params, query}) => {
    const {project, name: target} = params
    primaryOnly(stage.instances.get(target, project).resource)
    if (!query.name) throw new GoogleError(400, 'required', 'Required: name')
    return operations.begin({type: 'DELETE_USER', project, target, args: {name: databaseUserName(query.name)}})
  })
}
