import {kubeconfigOf} from '../../src/topology/kubeconfig.ts'
import type {RegionTopology, ServiceTopology, Topology} from '../../src/topology/topology.ts'
import {cellName} from '../cell/names.ts'
import type {Recorded, Stack} from '../stack.ts'
import {databaseIn} from './database.ts'
import {endpointOf} from './endpoint.ts'

export type AppInput = ReturnType<typeof appInput>

export const appName = (region: string) => `app-${region}`

/** What a plan assumes of a cluster that does not exist yet; never contacted, since nothing can be there. */
export const UNKNOWN_ENDPOINT = 'not-created-yet.invalid'

export function appInput(topology: Topology, region: RegionTopology, recorded: Recorded) {
  const {project, namespace, services, secrets, target, database, terms, protect} = topology
  return {
    project,
    namespace,
    services: services.map((service) => serviceIn(service, region.name)),
    secrets,
    settleSeconds: terms.workload.settleSeconds,
    protect,
    region: region.name,
    kubeconfig: kubeconfigOf(target, endpointOf(recorded, region.name) ?? UNKNOWN_ENDPOINT, region.name, namespace),
    clusterIdentifier: `projects/${project}/locations/${region.name}/clusters/${region.cluster}`,
    serviceRange: `${topology.serviceRange.address}/${topology.serviceRange.prefixLength}`,
    ...(database && {database: databaseIn(database, region.name)}),
  }
}

/** Only what concerns this region, so that a change elsewhere leaves its fingerprint alone. */
function serviceIn(service: ServiceTopology, region: string): ServiceTopology {
  const {local: _, ...config} = service.config
  const neg = service.negs[region]
  return {...service, config, negs: neg === undefined ? {} : {[region]: neg}}
}

/** One region's workloads. */
export const app = (topology: Topology, region: RegionTopology): Stack => ({
  kind: 'stack',
  name: appName(region.name),
  needs: [
    'foundation',
    cellName(region.name),
    ...(topology.database ? ['database'] : []),
    ...(topology.queues.length > 0 ? ['messaging'] : []),
    ...(topology.database?.config.migrate ? ['migration'] : []),
    ...(topology.secrets.length > 0 ? ['secrets'] : []),
  ],
  region: region.name,
  input: (recorded) => appInput(topology, region, recorded),
  program: async (input: AppInput) => (await import('./program.ts')).program(input),
})
