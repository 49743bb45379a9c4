import {LIMITS} from '../../src/topology/limits.ts'
import type {DatabaseTopology, Topology} from '../../src/topology/topology.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'

export type ObserveInput = ReturnType<typeof observeInput>

export function observeInput(topology: Topology) {
  const {project, prefix, namespace, alerts, objectives, edge, database, queues, services} = topology
  const front = services.find(({config}) => config.type === 'http')
  return {
    project,
    prefix,
    namespace,
    alerts,
    objectives,
    limits: LIMITS,
    regions: topology.regions.map(({name, cluster}) => ({name, cluster})),
    ...(front && {front: {path: front.config.health!.ready, ...(edge.domain !== undefined && {host: edge.domain})}}),
    ...(database && {database: watchedIn(database)}),
    subscriptions: queues.map(({subscription, deadLetterSubscription}) => ({subscription, deadLetterSubscription})),
    labels: labelsOf(topology, 'observe'),
  }
}

const watchedIn = ({instances, flags}: DatabaseTopology) => ({
  replicas: instances.length - 1,
  /** How many instances have a second zone to fail over to; not which, as that goes with the role. */
  standbys: instances.filter(({availability}) => availability === 'REGIONAL').length,
  maxConnections: Number(flags.max_connections),
})

/** What wakes people up, what is promised, and the page to look at. Global: it outlives any region. */
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
