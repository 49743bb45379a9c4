import {kubeconfigOf} from '../../src/topology/kubeconfig.ts'
import type {ObserverTopology, RegionTopology, Topology} from '../../src/topology/topology.ts'
import {recordsIn} from '../app/database.ts'
import {endpointOf} from '../app/endpoint.ts'
import {UNKNOWN_ENDPOINT} from '../app/index.ts'
import {cellName} from '../cell/names.ts'
import type {Recorded, Stack} from '../stack.ts'

export type ObserverInput = ReturnType<typeof observerInput>

const observerName = (region: string) => `observer-${region}`

export function observerInput(
  topology: Topology,
  observer: ObserverTopology,
  region: RegionTopology,
  recorded: Recorded,
) {
  const {project, target, serviceRange} = topology
  const {name, namespace, image, account} = observer
  return {
    project,
    region: region.name,
    name,
    namespace,
    image,
    account: `${account}@${project}.iam.gserviceaccount.com`,
    env: environment(topology, observer, region, recorded),
    records: recordsIn(topology.database!, region.name),
    kubeconfig: kubeconfigOf(target, endpointOf(recorded, region.name) ?? UNKNOWN_ENDPOINT, region.name, namespace),
    clusterIdentifier: `projects/${project}/locations/${region.name}/clusters/${region.cluster}`,
    serviceRange: `${serviceRange.address}/${serviceRange.prefixLength}`,
  }
}

/** Its settings: src/observer/settings.ts. A region that is given up is looked at like any other: it may come back. */
function environment(
  {regions, target}: Topology,
  {env, frontDoor, canary}: ObserverTopology,
  region: RegionTopology,
  recorded: Recorded,
): Record<string, string> {
  const scheme = target === 'local' ? 'http' : 'https'
  const peers = regions
    .filter(({name, lost}) => name !== region.name && !(lost && endpointOf(recorded, name) === undefined))
    .map(({name}) => `${name}=${scheme}://${endpointOf(recorded, name) ?? UNKNOWN_ENDPOINT}/readyz`)
  const door =
    frontDoor && ('url' in frontDoor ? frontDoor.url : `http://${recorded.foundation?.address ?? UNKNOWN_ENDPOINT}`)
  return {
    HA_REGION: region.name,
    ...env,
    ...(peers.length > 0 && {PEERS: peers.join(',')}),
    ...(door !== undefined && {FRONT_DOOR: door, CANARY_READ: canary.read}),
    ...(door !== undefined && canary.write !== undefined && {CANARY_WRITE: canary.write}),
  }
}

/**
 * One region's observer, in a stack and a namespace of its own: it neither waits for the app's rollout nor holds it up. It needs
 * every cell, because it looks at them all.
 */
export const observer = (topology: Topology, observed: ObserverTopology, region: RegionTopology): Stack => ({
  kind: 'stack',
  name: observerName(region.name),
  needs: ['foundation', 'database', ...topology.regions.filter(({lost}) => !lost).map(({name}) => cellName(name))],
  region: region.name,
  input: (recorded) => observerInput(topology, observed, region, recorded),
  program: async (input: ObserverInput) => (await import('./program.ts')).program(input),
})
