/**
 * What GKE and the load balancer leave behind in a network that is about to go: made by controllers, not by Pulumi, so that nobody
 * takes it down when the cluster went first. Sources: https://cloud.google.com/kubernetes-engine/docs/how-to/standalone-neg#cleaning-up,
 * https://cloud.google.com/kubernetes-engine/docs/concepts/firewall-rules, https://cloud.google.com/kubernetes-engine/docs/how-to/persistent-volumes/gce-pd-csi-driver
 */
import {isInstanceName} from '../topology/names.ts'
import type {Topology} from '../topology/topology.ts'
import {callJson} from './rest.ts'
import type {Wires} from './wires.ts'

export interface Leftover {
  readonly what: 'network endpoint group' | 'firewall rule' | 'forwarding rule' | 'disk' | 'database instance'
  readonly name: string
  /** Zone or region; none: global. */
  readonly place?: string
  /** What takes it down. */
  readonly command: string
}

export interface Ground {
  readonly project: string
  readonly network: string
  /** Names of the clusters. */
  readonly clusters: readonly string[]
}

interface Item {
  readonly name: string
  readonly zone?: string
  readonly region?: string
  readonly network?: string
  readonly labels?: Readonly<Record<string, string>>
}
type Page = {readonly nextPageToken?: string} & {
  readonly items?: readonly Item[] | Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** GKE labels every disk it makes with its cluster. */
const CLUSTER_LABEL = 'goog-k8s-cluster-name'

const KINDS = [
  {what: 'network endpoint group', collection: 'networkEndpointGroups', command: 'network-endpoint-groups'},
  {what: 'forwarding rule', collection: 'forwardingRules', command: 'forwarding-rules'},
  {what: 'disk', collection: 'disks', command: 'disks'},
  {what: 'firewall rule', collection: 'firewalls', command: 'firewall-rules'},
] as const

/** Everything of those kinds in the network, or of the clusters. @throws HaError CLOUD_UNREACHABLE, CLOUD_REFUSED */
export async function findLeftovers(wires: Wires, ground: Ground, token?: string): Promise<readonly Leftover[]> {
  const found = await Promise.all(
    KINDS.map(async ({what, collection, command}) => {
      // Firewall rules are global, so nothing is aggregated.
      const scope = collection === 'firewalls' ? 'global' : 'aggregated'
      const url = `${wires.base('compute')}/compute/v1/projects/${ground.project}/${scope}/${collection}`
      const items = await listAll(url, collection, token)
      return items.filter((item) => isOurs(item, ground)).map((item) => leftover(what, command, item, ground.project))
    }),
  )
  return found.flat()
}

/**
 * Of these instances those of earlier generations, whose place another has taken: former primaries, kept stopped with what only they may
 * have, and replicas that nobody reads. Operations delete none of them. Pure.
 */
export function formerInstances(
  instances: readonly {readonly name: string; readonly region: string}[],
  {project, prefix, protect, database}: Pick<Topology, 'project' | 'prefix' | 'protect' | 'database'>,
): readonly Leftover[] {
  const current = new Set(database?.instances.map(({name}) => name))
  return instances
    .filter(({name, region}) => isInstanceName(prefix, region, name) && !current.has(name))
    .map(({name, region: place}) => {
      const at = `${name} --project=${project}`
      const lift = protect ? `gcloud sql instances patch ${at} --no-deletion-protection && ` : ''
      return {what: 'database instance', name, place, command: `${lift}gcloud sql instances delete ${at}`}
    })
}

async function listAll(url: string, collection: string, token?: string): Promise<readonly Item[]> {
  const items: Item[] = []
  let query = ''
  do {
    const page = await callJson<Page>(`${url}${query}`, token === undefined ? {} : {token})
    const scopes = Array.isArray(page.items) ? [{[collection]: page.items}] : Object.values(page.items ?? {})
    for (const scope of scopes) items.push(...((scope[collection] ?? []) as readonly Item[]))
    query = page.nextPageToken === undefined ? '' : `?pageToken=${encodeURIComponent(page.nextPageToken)}`
  } while (query)
  return items
}

const isOurs = ({network, labels}: Item, ground: Ground): boolean =>
  (network !== undefined && lastOf(network) === ground.network) ||
  ground.clusters.includes(labels?.[CLUSTER_LABEL] ?? '')

function leftover(what: Leftover['what'], command: string, {name, zone, region}: Item, project: string): Leftover {
  const place = zone ?? region
  const where =
    zone !== undefined
      ? ` --zone=${lastOf(zone)}`
      : region !== undefined
        ? ` --region=${lastOf(region)}`
        : command === 'forwarding-rules'
          ? ' --global'
          : ''
  return {
    what,
    name,
    ...(place !== undefined && {place: lastOf(place)}),
    command: `gcloud compute ${command} delete ${name}${where} --project=${project}`,
  }
}

const lastOf = (link: string) => link.slice(link.lastIndexOf('/') + 1)
