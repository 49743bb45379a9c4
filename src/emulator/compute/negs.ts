/** Zonal network endpoint groups: the seam between a cluster's NEG controller and the load balancer. */
import type {EmulatorClock} from '../clock.ts'
import type {Props, Records} from '../contract.ts'
import {alreadyExists, inUse, invalid, notFound, selfLink} from './google.ts'
import {listOf, requireName, textOr} from './kinds/kind.ts'
import {NETWORK_ENDPOINTS_PER_CALL} from './limits.ts'

/** Records are kept under the type's name in Pulumi, though only REST makes them. */
export const NEG_TOKEN = 'gcp:compute/networkEndpointGroup:NetworkEndpointGroup'

export interface NetworkEndpoint {
  readonly ipAddress: string
  readonly port: number
  readonly instance?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Negs {
  insert(project: string, zone: string, body: Props): string
  /** Throws 404. */
  get(id: string): Props
  list(project: string, zone?: string): readonly {id: string; neg: Props}[]
  remove(id: string): void
  attach(id: string, body: Props): void
  detach(id: string, body: Props): void
}

export const negId = (project: string, zone: string, name: string) =>
  `projects/${project}/zones/${zone}/networkEndpointGroups/${name}`

export const endpointsOf = (neg: Props): readonly NetworkEndpoint[] =>
  listOf(neg.endpoints) as unknown as readonly NetworkEndpoint[]

export const endpointKey = (endpoint: {ipAddress: string; port: number}) => `${endpoint.ipAddress}:${endpoint.port}`

/** https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups */
export function createNegs(
  records: Records,
  time: EmulatorClock,
  usersOf: (id: string) => readonly string[],
  changed: () => void,
): Negs {
  const get = (id: string): Props => {
    const found = records.get(NEG_TOKEN, id)
    if (found === undefined) throw notFound(id)
    return found
  }

  const put = (id: string, neg: Props) => {
    records.put(NEG_TOKEN, id, neg)
    changed()
  }

  return {
    get,
    list: (project, zone) =>
      records
        .list(NEG_TOKEN)
        .filter(({id}) =>
          id.startsWith(zone === undefined ? `projects/${project}/zones/` : `projects/${project}/zones/${zone}/`),
        )
        .map(({id, outputs}) => ({id, neg: outputs})),

    insert: (project, zone, body) => {
      requireName(body.name)
      const id = negId(project, zone, body.name)
      if (records.get(NEG_TOKEN, id) !== undefined) throw alreadyExists(id)
      const type = textOr(body.networkEndpointType, 'GCE_VM_IP_PORT')
      if (type !== 'GCE_VM_IP_PORT' && type !== 'NON_GCP_PRIVATE_IP_PORT') {
        throw invalid('networkEndpointType', type, 'Emulated are GCE_VM_IP_PORT and NON_GCP_PRIVATE_IP_PORT.')
      }
      const creationTimestamp = new Date(time.now()).toISOString().replace('Z', '+00:00')
      const {name, description, network, subnetwork, defaultPort, annotations} = body
      const fields = {name, description, network, subnetwork, defaultPort, annotations, networkEndpointType: type}
      put(id, {...fields, project, zone, creationTimestamp, endpoints: []})
      return id
    },

    remove: (id) => {
      get(id)
      const [user] = usersOf(id)
      if (user !== undefined) throw inUse('network_endpoint_group', id, user)
      records.delete(NEG_TOKEN, id)
      changed()
    },

    attach: (id, body) => {
      const neg = get(id)
      const wanted = endpointsIn(body, neg)
      const known = new Set(endpointsOf(neg).map(endpointKey))
      const fresh = wanted.filter((endpoint) => !known.has(endpointKey(endpoint)))
      if (fresh.length > 0) put(id, {...neg, endpoints: [...endpointsOf(neg), ...fresh]})
    },

    detach: (id, body) => {
      const neg = get(id)
      const unwanted = new Set(endpointsIn(body, neg).map(endpointKey))
      const left = endpointsOf(neg).filter((endpoint) => !unwanted.has(endpointKey(endpoint)))
      if (left.length < endpointsOf(neg).length) put(id, {...neg, endpoints: left})
    },
  }
}

function endpointsIn(body: Props, neg: Props): readonly NetworkEndpoint[] {
  const given = listOf(body.networkEndpoints)
  if (given.length === 0 || given.length > NETWORK_ENDPOINTS_PER_CALL) {
    throw invalid(
      'networkEndpoints',
      given.length,
      `Between 1 and ${NETWORK_ENDPOINTS_PER_CALL} endpoints are allowed.`,
    )
  }
  return given.map((endpoint, index) => {
    const port = Number(endpoint.port ?? neg.defaultPort)
    const ipAddress = textOr(endpoint.ipAddress, '')
    if (ipAddress === '') throw invalid(`networkEndpoints[${index}].ipAddress`, '', 'An IP address is required.')
    if (!(port >= 1 && port <= 65_535))
      throw invalid(`networkEndpoints[${index}].port`, endpoint.port, 'A port is required.')
    return {...endpoint, ipAddress, port}
  })
}

/** What GET answers. */
export function negView(id: string, neg: Props, number: string): Props {
  const {endpoints: _, project: __, zone, ...fields} = neg
  return {
    kind: 'compute#networkEndpointGroup',
    id: number,
    ...fields,
    size: endpointsOf(neg).length,
    selfLink: selfLink(id),
    zone: selfLink(`projects/${String(neg.project)}/zones/${String(zone)}`),
  }
}
