import {kubeconfigOf} from '../../src/topology/kubeconfig.ts'
import type {MetricsTopology, RegionTopology, Topology} from '../../src/topology/topology.ts'
import {endpointOf} from '../app/endpoint.ts'
import {UNKNOWN_ENDPOINT} from '../app/index.ts'
import {cellName} from '../cell/names.ts'
import type {Recorded, Stack} from '../stack.ts'

export type MetricsInput = ReturnType<typeof metricsInput>

function metricsInput(
  {project, target}: Topology,
  metrics: MetricsTopology,
  region: RegionTopology,
  recorded: Recorded,
) {
  const {name, namespace, image, account} = metrics
  return {
    name,
    namespace,
    image,
    account: `${account}@${project}.iam.gserviceaccount.com`,
    kubeconfig: kubeconfigOf(target, endpointOf(recorded, region.name) ?? UNKNOWN_ENDPOINT, region.name, namespace),
    clusterIdentifier: `projects/${project}/locations/${region.name}/clusters/${region.cluster}`,
  }
}

/**
 * What answers `external.metrics.k8s.io` in one region: without it an autoscaler that goes by a backlog knows nothing, and leaves
 * its workers at their floor. A stack of its own, so that neither its rollout nor its absence holds up the app's.
 */
export const metrics = (topology: Topology, measured: MetricsTopology, region: RegionTopology): Stack => ({
  kind: 'stack',
  name: `metrics-${region.name}`,
  needs: ['foundation', cellName(region.name)],
  region: region.name,
  input: (recorded) => metricsInput(topology, measured, region, recorded),
  program: async (input: MetricsInput) => (await import('./program.ts')).program(input),
})
