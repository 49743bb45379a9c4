import type {RegionTopology, Topology} from '../../src/topology/topology.ts'
import {nodeAccountOf} from '../foundation/index.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'
import {cellName} from './names.ts'

export type CellInput = ReturnType<typeof cellInput>

export function cellInput(topology: Topology, region: RegionTopology) {
  const {project, prefix, network, namespace, terms} = topology
  const {name, zones, cluster, ranges, nodes, maintenanceDay, stage, backupRegion} = region
  return {
    project,
    prefix,
    network,
    namespace,
    region: name,
    zones,
    cluster,
    ranges,
    nodes,
    maintenanceDay,
    stage,
    ...(backupRegion !== undefined && {backupRegion}),
    nodeEmail: `${nodeAccountOf(topology)}@${project}.iam.gserviceaccount.com`,
    terms: terms.cluster,
    flowSampling: terms.network.flowSampling,
    /** A pod is given its whole grace when its node is drained. */
    graceSeconds: Math.max(0, ...topology.services.map(({drain}) => drain.terminationSeconds)),
    protect: topology.protect,
    labels: labelsOf(topology, cellName(name)),
  }
}

/** One region's ground: subnet, way out to the internet, cluster, nodes and the backups of what runs there. */
export const cell = (topology: Topology, region: RegionTopology): Stack => ({
  kind: 'stack',
  name: cellName(region.name),
  needs: ['foundation'],
  region: region.name,
  input: () => cellInput(topology, region),
  program: async (input: CellInput) => (await import('./program.ts')).program(input),
})
