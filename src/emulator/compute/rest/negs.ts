/** https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups */
import type {FastifyInstance, FastifyRequest} from 'fastify'
import type {Props} from '../../contract.ts'
import {numberOf} from '../directory.ts'
import {selfLink} from '../google.ts'
import {propsOf} from '../kinds/kind.ts'
import {endpointsOf, negId, negView} from '../negs.ts'
import {parseFilter} from './filter.ts'
import {type Api, BASE} from './routes.ts'

type Params = Record<string, string>

const KIND = 'compute#networkEndpointGroup'

export function mountNegs(server: FastifyInstance, api: Api): void {
  const path = `${BASE}/zones/:zone/networkEndpointGroups`
  const at = (request: FastifyRequest) => {
    const {project = '', zone = '', name = ''} = request.params as Params
    return {project, zone, id: negId(project, zone, name)}
  }
  const viewed = (id: string, neg: Props) => negView(id, neg, numberOf(id, neg.creationTimestamp))
  const listed = (request: FastifyRequest, zone?: string) => {
    const keeps = parseFilter((request.query as Params).filter)
    return api.negs
      .list(at(request).project, zone)
      .map(({id, neg}) => viewed(id, neg))
      .filter(keeps)
  }
  const deed =
    (type: string, act: (id: string, body: Props) => string | undefined) => async (request: FastifyRequest) => {
      const {project, zone, id} = at(request)
      const target = act(id, propsOf(request.body)) ?? id
      await api.settled()
      return api.operations.done(project, type, target, zone)
    }
  const quiet = (act: (id: string, body: Props) => void) => (id: string, body: Props) => {
    act(id, body)
    return undefined
  }

  server.get(path, (request) => ({kind: `${KIND}List`, items: listed(request, at(request).zone)}))
  server.get(`${path}/:name`, (request) => viewed(at(request).id, api.negs.get(at(request).id)))
  server.post(path, async (request) => {
    const {project, zone} = at(request)
    const id = api.negs.insert(project, zone, propsOf(request.body))
    return api.operations.done(project, 'insert', id, zone)
  })
  server.delete(
    `${path}/:name`,
    deed(
      'delete',
      quiet((id) => api.negs.remove(id)),
    ),
  )
  server.post(`${path}/:name/attachNetworkEndpoints`, deed('attachNetworkEndpoints', quiet(api.negs.attach)))
  server.post(`${path}/:name/detachNetworkEndpoints`, deed('detachNetworkEndpoints', quiet(api.negs.detach)))
  server.post(`${path}/:name/listNetworkEndpoints`, (request) => {
    const {id} = at(request)
    const withHealth = propsOf(request.body).healthStatus === 'SHOW'
    return {
      kind: `${KIND}sListNetworkEndpoints`,
      items: endpointsOf(api.negs.get(id)).map((networkEndpoint) => {
        const health = withHealth ? api.health.of(id, networkEndpoint) : undefined
        const shown = health && [
          {
            backendService: {backendService: selfLink(health.service)},
            healthState: health.healthy ? 'HEALTHY' : 'UNHEALTHY',
          },
        ]
        return {networkEndpoint, ...(shown === undefined ? {} : {healths: shown})}
      }),
    }
  })
  server.get(`${BASE}/aggregated/networkEndpointGroups`, (request) => {
    const items: Record<string, {networkEndpointGroups: Props[]}> = {}
    for (const neg of listed(request)) {
      const zone = `zones/${String(neg.zone).split('/').at(-1)}`
      items[zone] ??= {networkEndpointGroups: []}
      items[zone].networkEndpointGroups.push(neg)
    }
    return {
      kind: `${KIND}AggregatedList`,
      id: `projects/${at(request).project}/aggregated/networkEndpointGroups`,
      items,
    }
  })
}
