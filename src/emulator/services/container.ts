/** Google Kubernetes Engine: clusters and node pools, whose API servers and nodes live in their region's process. https://cloud.google.com/kubernetes-engine/docs/reference/rest */
import type {Props, RegionLink, ResourceType, Service, World} from '../contract.ts'
import {UNKNOWN} from '../provider/values.ts'
import {CLUSTER, clusterId, mountRoutes, POOL, VERSION} from './container-rest.ts'
import {clusterCheck, poolCheck} from './container-rules.ts'
import {computeLink, hex, idOf, lastOf} from './names.ts'
import {googleError} from './plain.ts'

/** A region's cluster comes up with its process: seconds, where Google takes minutes. */
const REGION_DEADLINE_MS = 60_000

export interface ContainerOptions {
  /** The region's process, started with these zones when it is new. */
  readonly ensure: (region: string, facts: {zones?: readonly string[]; project?: string}) => Promise<RegionLink>
}

export function createContainerService(world: World, {ensure}: ContainerOptions): Service {
  return {
    name: 'container',
    resources: [clusterType(world, ensure), poolType(world)],
    routes: (server) => mountRoutes(server, world),
  }
}

function clusterOutputs(inputs: Props, endpoint: string): Props {
  const id = clusterId(inputs)
  const endpoints = (inputs.controlPlaneEndpointsConfig ?? {}) as Props
  return {
    ...inputs,
    controlPlaneEndpointsConfig: {
      ...endpoints,
      dnsEndpointConfig: {...(endpoints.dnsEndpointConfig as Props | undefined), endpoint},
    },
    endpoint: endpoint.split(':')[0],
    selfLink: `https://container.googleapis.com/v1/${id}`,
    masterVersion: VERSION,
    nodeVersion: VERSION,
    emulatedVersion: VERSION.replace(/\.\d+-.*/, ''),
    labelFingerprint: hex(JSON.stringify(inputs.resourceLabels ?? {}), 8),
    operation: null,
  }
}

function clusterType({records}: World, ensure: ContainerOptions['ensure']): ResourceType {
  const requireNetwork = ({project, location, network, subnetwork}: Props) => {
    const wanted = [
      ['gcp:compute/network:Network', network, `projects/${project}/global/networks`],
      ['gcp:compute/subnetwork:Subnetwork', subnetwork, `projects/${project}/regions/${location}/subnetworks`],
    ] as const
    for (const [token, given, folder] of wanted) {
      if (given === undefined || (token.includes('network:Network') && given === 'default')) continue
      const id = idOf(String(given), folder)
      if (!records.get(token, id)) throw googleError(400, `The resource '${id}' was not found`, 'badRequest')
    }
  }
  return {
    token: CLUSTER,
    check: clusterCheck,
    known: (inputs) => ({...clusterOutputs(inputs, UNKNOWN), id: clusterId(inputs)}),
    async create(inputs) {
      const id = clusterId(inputs)
      if (records.get(CLUSTER, id)) throw googleError(409, `Already exists: ${id}`, 'alreadyExists')
      requireNetwork(inputs)
      const {name, project, location, network, nodeLocations} = inputs as Record<string, string>
      const zones = nodeLocations as unknown as string[] | undefined
      const region = await ensure(location!, {project: project!, ...(zones && {zones})})
      const body = {name, zones, project, network}
      const {endpoint} = await region.call<{endpoint: string}>('PUT', '/kubernetes/cluster', body, REGION_DEADLINE_MS)
      const outputs = clusterOutputs(inputs, endpoint)
      records.put(CLUSTER, id, outputs)
      return {id, outputs}
    },
    read: async (id) => records.get(CLUSTER, id),
    async update(id, old, inputs) {
      const outputs = clusterOutputs(inputs, endpointOf(records.get(CLUSTER, id) ?? old))
      records.put(CLUSTER, id, outputs)
      return outputs
    },
    async delete(id, {deletionProtection, name, location}) {
      if (deletionProtection !== false) {
        throw new Error(
          'Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with cluster deletion.',
        )
      }
      const region = await ensure(String(location), {})
      await region.call('DELETE', `/kubernetes/cluster?name=${name}`, undefined, REGION_DEADLINE_MS)
      for (const pool of records.list(POOL)) if (pool.id.startsWith(`${id}/`)) records.delete(POOL, pool.id)
      records.delete(CLUSTER, id)
    },
  }
}

function endpointOf(cluster: Props): string {
  const {dnsEndpointConfig} = cluster.controlPlaneEndpointsConfig as {dnsEndpointConfig: {endpoint: string}}
  return dnsEndpointConfig.endpoint
}

const clusterOfPool = ({project, location, cluster}: Props) =>
  idOf(String(cluster), `projects/${project}/locations/${location}/clusters`)

function poolType(world: World): ResourceType {
  const {records} = world
  const poolId = (inputs: Props) => `${clusterOfPool(inputs)}/nodePools/${inputs.name}`
  const outputsOf = (inputs: Props, id: string, zones: readonly string[]): Props => {
    const groups = zones.map((zone) =>
      computeLink(`projects/${inputs.project}/zones/${zone}/instanceGroupManagers/gke-${hex(id, 8)}-grp`),
    )
    return {
      ...inputs,
      version: VERSION,
      nodeLocations: zones,
      instanceGroupUrls: groups,
      managedInstanceGroupUrls: groups.map((url) => url.replace('instanceGroupManagers', 'instanceGroups')),
      operation: null,
    }
  }
  const zonesOf = (inputs: Props): string[] => {
    const cluster = records.get(CLUSTER, clusterOfPool(inputs))
    if (!cluster) throw googleError(404, `Not found: ${clusterOfPool(inputs)}`, 'notFound')
    return (inputs.nodeLocations ?? cluster.nodeLocations ?? []) as string[]
  }
  const declare = async (inputs: Props, id: string) => {
    const zones = zonesOf(inputs)
    const region = await world.region(String(inputs.location))
    const machineType = ((inputs.nodeConfig ?? {}) as Props).machineType ?? 'e2-medium'
    const maxPerZone = ((inputs.autoscaling ?? {}) as Props).maxNodeCount
    const body = {cluster: lastOf(clusterOfPool(inputs)), pool: inputs.name, zones, machineType, maxPerZone}
    await region.call('PUT', '/kubernetes/nodes', body, REGION_DEADLINE_MS)
    const outputs = outputsOf(inputs, id, zones)
    records.put(POOL, id, outputs)
    return outputs
  }
  return {
    token: POOL,
    check: poolCheck,
    known: (inputs) => ({...inputs, id: poolId(inputs)}),
    async create(inputs) {
      const id = poolId(inputs)
      if (records.get(POOL, id)) throw googleError(409, `Already exists: ${id}`, 'alreadyExists')
      return {id, outputs: await declare(inputs, id)}
    },
    read: async (id) => records.get(POOL, id),
    update: (id, _, inputs) => declare(inputs, id),
    async delete(id, {location, name, cluster}) {
      if (!records.get(POOL, id)) return
      const region = await world.region(String(location))
      const query = new URLSearchParams({cluster: lastOf(String(cluster)), pool: String(name)})
      await region.call('DELETE', `/kubernetes/nodes?${query}`, undefined, REGION_DEADLINE_MS)
      records.delete(POOL, id)
    },
  }
}
