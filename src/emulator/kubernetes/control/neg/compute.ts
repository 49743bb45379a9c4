/** The calls of Google's Compute API that a NEG controller makes. https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups */
import {fetchJson, HttpError} from '../../../http.ts'

export interface Endpoint {
  readonly ipAddress: string
  readonly port: number
  /** The node. */
  readonly instance?: string
}

export interface ListedEndpoint {
  readonly networkEndpoint: Endpoint
  /** Absent when no backend service with a health check uses the group. */
  readonly healths?: readonly {readonly healthState: string}[]
}

export interface Group {
  readonly id: string
  readonly selfLink: string
  readonly description?: string
}

export interface GroupApi {
  /** undefined: there is none. */
  get(zone: string, name: string): Promise<Group | undefined>
  insert(zone: string, body: {name: string; description: string; network?: string}): Promise<void>
  remove(zone: string, name: string): Promise<void>
  attach(zone: string, name: string, endpoints: readonly Endpoint[]): Promise<void>
  detach(zone: string, name: string, endpoints: readonly Endpoint[]): Promise<void>
  list(zone: string, name: string, withHealth?: boolean): Promise<readonly ListedEndpoint[]>
}

interface Operation {
  readonly name: string
  readonly status: string
  readonly error?: {readonly errors: readonly {readonly message: string}[]}
}

const DEADLINE_MS = 5_000
/** https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups/attachNetworkEndpoints */
const MOST_PER_CALL = 500

export function groupApi(googleapis: string, project: string): GroupApi {
  const zonal = (zone: string) => `${googleapis}/compute/v1/projects/${project}/zones/${zone}`
  const groups = (zone: string) => `${zonal(zone)}/networkEndpointGroups`
  const call = <T>(url: string, method: string, body?: unknown) =>
    fetchJson<T>(url, {method, body, deadlineMs: DEADLINE_MS})

  async function act(zone: string, url: string, method: string, body?: unknown) {
    let operation = await call<Operation>(url, method, body)
    const wait = `${zonal(zone)}/operations/${operation.name}/wait`
    while (operation.status !== 'DONE') operation = await call<Operation>(wait, 'POST')
    if (operation.error) throw new Error(operation.error.errors.map(({message}) => message).join('; '))
  }

  async function change(zone: string, name: string, verb: string, endpoints: readonly Endpoint[]) {
    for (let at = 0; at < endpoints.length; at += MOST_PER_CALL) {
      const networkEndpoints = endpoints.slice(at, at + MOST_PER_CALL)
      await act(zone, `${groups(zone)}/${name}/${verb}`, 'POST', {networkEndpoints})
    }
  }

  return {
    get: (zone, name) => orNone(call<Group>(`${groups(zone)}/${name}`, 'GET')),
    insert: (zone, body) => act(zone, groups(zone), 'POST', {...body, networkEndpointType: 'GCE_VM_IP_PORT'}),
    async remove(zone, name) {
      await orNone(act(zone, `${groups(zone)}/${name}`, 'DELETE'))
    },
    attach: (zone, name, endpoints) => change(zone, name, 'attachNetworkEndpoints', endpoints),
    detach: (zone, name, endpoints) => change(zone, name, 'detachNetworkEndpoints', endpoints),
    async list(zone, name, withHealth = false) {
      const body = withHealth ? {healthStatus: 'SHOW'} : {}
      const {items = []} = await call<{items?: ListedEndpoint[]}>(
        `${groups(zone)}/${name}/listNetworkEndpoints`,
        'POST',
        body,
      )
      return items
    },
  }
}

async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return undefined
    throw error
  }
}
