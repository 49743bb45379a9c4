/** GKE's REST API, for reading: https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters */
import type {FastifyInstance} from 'fastify'
import type {Props, World} from '../contract.ts'
import {lastOf} from './names.ts'
import {failWith} from './rest.ts'

export const CLUSTER = 'gcp:container/cluster:Cluster'
export const POOL = 'gcp:container/nodePool:NodePool'

/** What the emulated control plane says it is; the regular channel's minor version in 2026. */
export const VERSION = '1.34.1-gke.1431000'

export const clusterId = ({project, location, name}: Props): string =>
  `projects/${project}/locations/${location}/clusters/${name}`

interface ClusterParams {
  readonly project: string
  readonly location: string
  readonly name: string
}

export function mountRoutes(server: FastifyInstance, world: World): void {
  const {records} = world
  const describe = async ({id, outputs}: {id: string; outputs: Props}) => {
    const up = (await world.regions()).some(({name, up}) => name === outputs.location && up)
    const pools = records.list(POOL).filter((pool) => pool.id.startsWith(`${id}/`))
    return {
      name: outputs.name,
      location: outputs.location,
      zone: outputs.location,
      locations: outputs.nodeLocations,
      endpoint: outputs.endpoint,
      controlPlaneEndpointsConfig: outputs.controlPlaneEndpointsConfig,
      currentMasterVersion: VERSION,
      currentNodeVersion: VERSION,
      currentNodeCount: pools.reduce((sum, pool) => sum + ((pool.outputs.nodeLocations as string[]).length ?? 0), 0),
      network: lastOf(String(outputs.network ?? 'default')),
      subnetwork: lastOf(String(outputs.subnetwork ?? 'default')),
      resourceLabels: outputs.resourceLabels ?? {},
      nodePools: pools.map(({outputs: pool}) => ({
        name: pool.name,
        version: VERSION,
        status: 'RUNNING',
        locations: pool.nodeLocations,
        config: pool.nodeConfig,
      })),
      selfLink: outputs.selfLink,
      status: up ? 'RUNNING' : 'DEGRADED',
    }
  }

  server.get<{Params: ClusterParams}>('/v1/projects/:project/locations/:location/clusters', async ({params}) => {
    const {project, location} = params
    const prefix = location === '-' ? `projects/${project}/` : `projects/${project}/locations/${location}/`
    const found = records.list(CLUSTER).filter(({id}) => id.startsWith(prefix))
    return {clusters: await Promise.all(found.map(describe))}
  })

  server.get<{Params: ClusterParams}>('/v1/projects/:project/locations/:location/clusters/:name', async ({params}) => {
    const id = clusterId({...params})
    const outputs = records.get(CLUSTER, id)
    return outputs ? describe({id, outputs}) : failWith(404, `Not found: ${id}.`)
  })
}
