import type {Topology} from '../../src/topology/topology.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'

export type ObserveInput = ReturnType<typeof observeInput>

export function observeInput(topology: Topology) {
  const {project, prefix, alerts, objectives, edge, database, queues, services} = topology
  const front = services.find(({config}) => config.type === 'http')
  return {
    project,
    prefix,
    alerts,
    objectives,
    ...(edge.domain !== undefined && front && {check: {host: edge.domain, path: front.config.health!.ready}}),
    hasDatabase: database !== undefined,
    subscriptions: queues.map(({subscription, deadLetterSubscription}) => ({subscription, deadLetterSubscription})),
    labels: labelsOf(topology, 'observe'),
  }
}

/** What wakes people up: alerts on lag against the rpo, stuck queues, dead letters, errors at the edge. Global. */
export const observe = (topology: Topology): Stack => ({
  kind: 'stack',
  name: 'observe',
  needs: [
    'foundation',
    ...(topology.database ? ['data'] : []),
    ...(topology.queues.length > 0 ? ['messaging'] : []),
    ...(topology.services.some(({config}) => config.type === 'http') ? ['edge'] : []),
  ],
  input: () => observeInput(topology),
  program: async (input: ObserveInput) => (await import('./program.ts')).program(input),
})
