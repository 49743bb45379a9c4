import type {RegionTopology, Topology} from '../../src/topology/topology.ts'
import {nodeAccountOf} from '../foundation/index.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'
import {cellName} from './names.ts'

export type CellInput = ReturnType<typeof cellInput>

export function cellInput(topology: Topology, region: RegionTopology) {
  const {project, prefix, network} = topology
  const {name, zones, cluster, ranges, nodes, maintenanceDay} = region
  return {
    project,
    prefix,
    network,
    region: name,
    zones,
    cluster,
    ranges,
    nodes,
    maintenanceDay,
    nodeEmail: `${nodeAccountOf(topology)}@${project}.iam.gserviceaccount.com`,
    channel: topology.preset === 'critical' ? 'STABLE' : 'REGULAR',
    protect: topology.target === 'gcp',
    labels: labelsOf(topology, cellName(name)),
  }
}

/** One region's ground: subnet, way out to the internet, cluster and nodes. */
export const cell = (topology: Topology, region: RegionTopology): Stack => ({
  kind: 'stack',
  name: cellName(region.name),
  needs: ['foundation'],
  region: region.name,
  input: () => cellInput(topology, region),
  program: async (input: CellInput) => (await import('./program.ts')).program(input),
})
