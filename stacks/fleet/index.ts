import type {Topology} from '../../src/topology/topology.ts'
import {cellName} from '../cell/names.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'

export type FleetInput = ReturnType<typeof fleetInput>

export function fleetInput(topology: Topology) {
  const {project, prefix, terms} = topology
  return {project, prefix, soakSeconds: terms.cluster.soakSeconds, labels: labelsOf(topology, 'fleet')}
}

/** Whether upgrades of Kubernetes are watched in one region before the others get them. */
export const upgradesInSequence = ({terms, regions}: Topology) => terms.cluster.soakSeconds > 0 && regions.length > 1

/** The order in which clusters are upgraded. Global; stands on clusters that exist, but names none of them. */
export const fleet = (topology: Topology): Stack => ({
  kind: 'stack',
  name: 'fleet',
  needs: ['foundation', ...topology.regions.filter(({lost}) => !lost).map(({name}) => cellName(name))],
  input: () => fleetInput(topology),
  program: async (input: FleetInput) => (await import('./program.ts')).program(input),
})
