/** The SQL Admin API: https://cloud.google.com/sql/docs/postgres/admin-api/rest (v1beta4, which gcloud speaks, and v1). */
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
import {GoogleError} from '../compute/google.ts'
import type {Props} from '../contract.ts'
import type {InstanceApi} from './api.ts'
import type {ExecuteRequest, ExecuteResponse} from './execute.ts'
import {SWITCHOVER_TIMEOUT_MS} from './limits.ts'
import {viewOf} from './outputs.ts'
import {type InstanceResource, isReplica} from './resource.ts'
import {databaseRoutes, userRoutes} from './rest-catalog.ts'
import type {Request} from './rules.ts'

type Of<P extends string, B = unknown, Q = Record<string, string>> = {
  Params: Record<P, string>
  Body: B
  Querystring: Q
}
export type OnInstance<B = unknown, Q = Record<string, string>> = Of<'project' | 'name', B, Q>
export type OnItem<B = unknown> = Of<'project' | 'name' | 'item', B>

/** Every refusal in Google's form. */
export function refuse(
  thrown: Error & {statusCode?: number},
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const status = thrown.statusCode ?? 500
  const reason = status === 400 ? 'parseError' : 'internalError'
  const refusal = thrown instanceof GoogleError ? thrown : new GoogleError(status, reason, thrown.message)
  return reply.code(refusal.status).send(refusal.body)
}

export function mountRoutes(root: FastifyInstance, api: InstanceApi): void {
  root.register(async (server) => {
    server.setErrorHandler(refuse)
    // gcloud sends this type with no body.
    server.removeContentTypeParser('application/json')
    server.addContentTypeParser('application/json', {parseAs: 'string'}, (_request, text, done) => {
      try {
        done(null, text === '' ? {} : JSON.parse(text as string))
      } catch {
        done(new GoogleError(400, 'parseError', 'Parse Error') as unknown as Error)
      }
    })
    for (const base of ['/sql/v1beta4/projects/:project', '/v1/projects/:project']) {
      instanceRoutes(server, base, api)
      deedRoutes(server, `${base}/instances/:name`, api)
      databaseRoutes(server, `${base}/instances/:name/databases`, api)
      userRoutes(server, `${base}/instances/:name/users`, api)
      operationRoutes(server, base, api)
    }
  })
}

function instanceRoutes(server: FastifyInstance, base: string, api: InstanceApi): void {
  const {stage, operations} = api
  const path = `${base}/instances`
  server.get<Of<'project', unknown, {filter?: string}>>(path, async ({params}) => ({
    kind: 'sql#instancesList',
    items: await Promise.all(stage.instances.list(params.project).map((stored) => api.view(stored))),
  }))
  server.get<OnInstance>(`${path}/:name`, ({params}) => api.view(stage.instances.get(params.name, params.project)))
  server.post<Of<'project', Request & {rootPassword?: string}>>(path, async ({params, body}) => {
    const {rootPassword, ...request} = body
    const local = {deletionProtection: false, ...(rootPassword ? {rootPassword} : {})}
    return operations.begin(api.create(params.project, request, local))
  })
  server.patch<OnInstance<Request>>(`${path}/:name`, async ({params, body}) =>
    operations.begin(api.update(params.project, params.name, body, 'patch')),
  )
  server.put<OnInstance<Request>>(`${path}/:name`, async ({params, body}) =>
    operations.begin(api.update(params.project, params.name, body, 'replace')),
  )
  server.delete<OnInstance>(`${path}/:name`, async ({params}) =>
    operations.begin(api.delete(params.project, params.name)),
  )
}

function deedRoutes(server: FastifyInstance, path: string, api: InstanceApi): void {
  const {stage, operations} = api
  server.post<OnInstance>(`${path}/restart`, async ({params}) =>
    operations.begin(api.restart(params.project, params.name)),
  )
  server.post<OnInstance<{failoverContext?: {settingsVersion?: string}}>>(`${path}/failover`, async ({params, body}) =>
    operations.begin(api.failover(params.project, params.name, body?.failoverContext?.settingsVersion)),
  )
  server.post<OnInstance>(`${path}/promoteReplica`, async ({params, query}) => {
    const failover = query.failover?.toLowerCase() === 'true'
    return operations.begin(api.promote(params.project, params.name, failover))
  })
  server.post<OnInstance>(`${path}/switchover`, async ({params, query}) =>
    operations.begin(api.switchover(params.project, params.name, timeoutOf(query.dbTimeout))),
  )
  server.post<OnInstance<{cloneContext?: Props}>>(`${path}/clone`, async ({params, body}) =>
    operations.begin(api.clone(params.project, params.name, body?.cloneContext ?? {})),
  )
  server.post<OnInstance<ExecuteRequest>>(`${path}/executeSql`, async ({params, body}) => {
    const {resource} = stage.instances.get(params.name, params.project)
    if (resource.settings.dataApiAccess !== 'ALLOW_DATA_API') {
      throw new GoogleError(
        400,
        'invalid',
        `Invalid request: Data API access is not allowed on ${params.name}: set settings.dataApiAccess to ALLOW_DATA_API.`,
      )
    }
    if (resource.settings.activationPolicy === 'NEVER') {
      throw new GoogleError(400, 'invalid', 'Invalid request: Invalid request since instance is not running.')
    }
    if (!body?.sqlStatement) throw new GoogleError(400, 'required', 'Required: sqlStatement')
    return stage.regions.work<ExecuteResponse>(resource.region, 'POST', `/sql/instances/${params.name}/execute`, body)
  })
  server.get<OnInstance>(`${path}/connectSettings`, async ({params}) => {
    const {region, databaseVersion, ipAddresses, dnsName} = viewOf(stage.instances.get(params.name, params.project))
    return {kind: 'sql#connectSettings', backendType: 'SECOND_GEN', region, databaseVersion, ipAddresses, dnsName}
  })
  server.get<OnInstance>(`${path}/getLatestRecoveryTime`, ({params}) =>
    recoveryWindow(api, params.project, params.name),
  )
  backupRoutes(server, `${path}/backupRuns`, api)
}

const observedBackups = ({stage}: InstanceApi, {region, name}: InstanceResource) =>
  stage.regions.ask<{backups: readonly string[]}>(region, 'GET', `/sql/instances/${name}`).then(({backups}) => backups)

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/projects.instances/getLatestRecoveryTime */
async function recoveryWindow(api: InstanceApi, project: string, name: string): Promise<unknown> {
  const {resource} = api.stage.instances.get(name, project)
  const {backupConfiguration: backup, activationPolicy} = resource.settings
  const backups = backup?.pointInTimeRecoveryEnabled ? await observedBackups(api, resource) : []
  const [earliest, newest] = [backups[0], backups.at(-1)]
  if (isReplica(resource) || earliest === undefined)
    throw new GoogleError(400, 'invalid', `Invalid request: ${name} cannot be recovered to a point in time.`)
  // The log of one that runs is archived when a recovery needs it.
  const latest = activationPolicy === 'NEVER' ? newest : new Date(api.stage.now()).toISOString()
  return {kind: 'sql#getLatestRecoveryTime', earliestRecoveryTime: earliest, latestRecoveryTime: latest}
}

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/backupRuns */
function backupRoutes(server: FastifyInstance, path: string, api: InstanceApi): void {
  const {stage, operations} = api
  server.get<OnInstance>(path, async ({params}) => {
    const backups = await observedBackups(api, stage.instances.get(params.name, params.project).resource)
    const items = [...backups].reverse().map((at) => ({
      kind: 'sql#backupRun',
      id: String(Date.parse(at)),
      instance: params.name,
      status: 'SUCCESSFUL',
      startTime: at,
      endTime: at,
    }))
    return {kind: 'sql#backupRunsList', items}
  })
  server.post<OnInstance>(path, async ({params}) => {
    const {resource} = stage.instances.get(params.name, params.project)
    if (isReplica(resource))
      throw new GoogleError(400, 'invalid', 'Invalid request: Backups of a read replica are not supported.')
    return operations.begin({type: 'BACKUP_VOLUME', project: params.project, target: params.name, args: {}})
  })
}

/** `600s`; ten minutes when absent. */
function timeoutOf(text: string | undefined): number {
  const ms = text === undefined ? SWITCHOVER_TIMEOUT_MS.initial : Number.parseFloat(text) * 1000
  if (ms > 0 && ms <= SWITCHOVER_TIMEOUT_MS.max) return ms
  throw new GoogleError(400, 'invalid', `Invalid value for: dbTimeout: ${text}`)
}

function operationRoutes(server: FastifyInstance, base: string, api: InstanceApi): void {
  const {stage, operations} = api
  server.get<Of<'project', unknown, {instance?: string; maxResults?: string}>>(
    `${base}/operations`,
    async ({params: {project}, query: {instance, maxResults = '100'}}) => {
      const meant = stage.instances.list(project).filter(({resource: {name}}) => (instance ?? name) === name)
      // What regions did by themselves is noted when somebody looks.
      await Promise.all(meant.map((stored) => api.view(stored)))
      return {kind: 'sql#operationsList', items: operations.list(project, instance).slice(0, Number(maxResults))}
    },
  )
  server.get<Of<'project' | 'operation'>>(`${base}/operations/:operation`, async ({params}) =>
    operations.get(params.project, params.operation),
  )
}
