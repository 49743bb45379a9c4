/** Google's Compute REST API, as far as the load balancer goes. */
import type {FastifyInstance, FastifyRequest} from 'fastify'
import type {Props} from '../../contract.ts'
import {type Collections, idOf} from '../directory.ts'
import {GoogleError, invalid, relativeName, selfLink} from '../google.ts'
import {KINDS} from '../kinds/index.ts'
import {type Kind, propsOf, textOr} from '../kinds/kind.ts'
import {recordOf, writable} from '../kinds/wire.ts'
import {endpointsOf, type Negs} from '../negs.ts'
import {mountBatch} from './batch.ts'
import {parseFilter} from './filter.ts'
import {mountNegs} from './negs.ts'
import type {Operations} from './operations.ts'

export interface Health {
  /** undefined: no backend service checks this endpoint. */
  of(
    group: string,
    endpoint: {ipAddress: string; port: number},
    service?: string,
  ): {service: string; healthy: boolean} | undefined
}

export interface Api {
  readonly collections: Collections
  readonly negs: Negs
  readonly operations: Operations
  readonly health: Health
  /** Resolves when the load balancer serves what is on record. */
  settled(): Promise<void>
}

type Params = Record<string, string>

export const BASE = '/compute/v1/projects/:project'

/** Methods that set one field: https://cloud.google.com/compute/docs/reference/rest/v1/targetHttpProxies/setUrlMap and the like. */
const SETTERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  backendServices: {setSecurityPolicy: 'securityPolicy'},
  forwardingRules: {setTarget: 'target', setLabels: 'labels'},
  addresses: {setLabels: 'labels'},
  targetHttpProxies: {setUrlMap: 'urlMap'},
  targetHttpsProxies: {setUrlMap: 'urlMap', setSslPolicy: 'sslPolicy', setCertificateMap: 'certificateMap'},
}
const SETTER_BODY: Readonly<Record<string, string>> = {setUrlMap: 'urlMap', setSslPolicy: 'sslPolicy'}

export function mountRoutes(root: FastifyInstance, api: Api): void {
  root.register(async (server) => {
    server.setErrorHandler((thrown: Error & {statusCode?: number}, _request, reply) => {
      const refusal =
        thrown instanceof GoogleError
          ? thrown
          : new GoogleError(
              thrown.statusCode ?? 500,
              thrown.statusCode === 400 ? 'parseError' : 'backendError',
              thrown.message,
            )
      return reply.code(refusal.status).send(refusal.body)
    })
    for (const kind of KINDS) mountKind(server, kind, api)
    mountNegs(server, api)
    mountOperations(server, api.operations)
    mountBatch(server)
  })
}

function mountKind(server: FastifyInstance, kind: Kind, api: Api): void {
  const {collections, operations} = api
  const path = `${BASE}/global/${kind.collection}`
  const id = (request: FastifyRequest) => {
    const {project = '', name = ''} = request.params as Params
    return idOf(kind, project, name)
  }
  const project = (request: FastifyRequest) => (request.params as Params).project ?? ''
  const all = (request: FastifyRequest) => {
    const keeps = parseFilter((request.query as Params).filter)
    return collections
      .list(kind, project(request))
      .map((item) => collections.view(kind, item.id, item.outputs))
      .filter(keeps)
  }
  const write = (type: string, how: 'patch' | 'put') => async (request: FastifyRequest) => {
    collections.write(kind, id(request), propsOf(request.body), how)
    await api.settled()
    return operations.done(project(request), type, id(request))
  }

  server.get(path, (request) => ({
    kind: `${kind.restKind}List`,
    id: `projects/${project(request)}/global/${kind.collection}`,
    items: all(request),
    selfLink: selfLink(`projects/${project(request)}/global/${kind.collection}`),
  }))
  server.get(`${BASE}/aggregated/${kind.collection}`, (request) => ({
    kind: `${kind.restKind}AggregatedList`,
    id: `projects/${project(request)}/aggregated/${kind.collection}`,
    items: {global: {[kind.collection]: all(request)}},
    selfLink: selfLink(`projects/${project(request)}/aggregated/${kind.collection}`),
  }))
  server.get(`${path}/:name`, (request) => collections.view(kind, id(request), collections.get(kind, id(request))))
  server.post(path, async (request) => {
    const body = propsOf(request.body)
    const made = collections.insert(kind, {...recordOf(kind, writable(body)), project: project(request)})
    await api.settled()
    return operations.done(project(request), 'insert', made.id)
  })
  server.patch(`${path}/:name`, write('patch', 'patch'))
  server.put(`${path}/:name`, write('update', 'put'))
  server.delete(`${path}/:name`, async (request) => {
    collections.remove(kind, id(request))
    await api.settled()
    return operations.done(project(request), 'delete', id(request))
  })
  mountSetters(server, kind, api)
  if (kind.collection === 'backendServices') mountGetHealth(server, kind, api)
}

function mountSetters(server: FastifyInstance, kind: Kind, api: Api): void {
  for (const [method, field] of Object.entries(SETTERS[kind.collection] ?? {})) {
    const set = async (request: FastifyRequest) => {
      const {project = '', name = ''} = request.params as Params
      const id = idOf(kind, project, name)
      const value = propsOf(request.body)[SETTER_BODY[method] ?? field]
      const kept = api.collections.get(kind, id)
      api.collections.replace(kind, id, {...kept, [field]: value}, undefined)
      await api.settled()
      return api.operations.done(project, method, id)
    }
    server.post(`${BASE}/global/${kind.collection}/:name/${method}`, set)
    // Some methods of target proxies have no `global` in their path.
    if (kind.collection.startsWith('target')) server.post(`${BASE}/${kind.collection}/:name/${method}`, set)
  }
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/backendServices/getHealth */
function mountGetHealth(server: FastifyInstance, kind: Kind, api: Api): void {
  server.post(`${BASE}/global/backendServices/:name/getHealth`, (request) => {
    const {project = '', name = ''} = request.params as Params
    const id = idOf(kind, project, name)
    const view = api.collections.view(kind, id, api.collections.get(kind, id))
    const group = relativeName(textOr(propsOf(request.body).group, ''), project, 'networkEndpointGroups')
    const attached = (view.backends as readonly Props[]).some((backend) => backend.group === selfLink(group))
    if (!attached) throw invalid('group', group, 'The group is not a backend of this backend service.')
    const healthStatus = endpointsOf(api.negs.get(group)).map((endpoint) => ({
      ipAddress: endpoint.ipAddress,
      port: endpoint.port,
      healthState: api.health.of(group, endpoint, id)?.healthy === true ? 'HEALTHY' : 'UNHEALTHY',
      ...(endpoint.instance === undefined ? {} : {instance: endpoint.instance}),
      ...(endpoint.annotations === undefined ? {} : {annotations: endpoint.annotations}),
    }))
    return {kind: 'compute#backendServiceGroupHealth', ...(healthStatus.length === 0 ? {} : {healthStatus})}
  })
}

function mountOperations(server: FastifyInstance, operations: Operations): void {
  for (const scope of ['global', 'zones/:zone']) {
    const prefix = (request: FastifyRequest) => {
      const {project = '', zone} = request.params as Params
      return `projects/${project}/${zone === undefined ? 'global' : `zones/${zone}`}/operations`
    }
    const one = (request: FastifyRequest) =>
      operations.get(`${prefix(request)}/${(request.params as Params).operation ?? ''}`)
    server.get(`${BASE}/${scope}/operations/:operation`, one)
    server.post(`${BASE}/${scope}/operations/:operation/wait`, one)
    server.get(`${BASE}/${scope}/operations`, (request) => ({
      kind: 'compute#operationList',
      items: operations.list(prefix(request)),
    }))
  }
}
