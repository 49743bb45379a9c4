import {SERVING} from '../../src/topology/serving.ts'
import type {Topology} from '../../src/topology/topology.ts'
import {appName} from '../app/index.ts'
import {labelsOf} from '../labels.ts'
import type {Recorded, Stack, Step} from '../stack.ts'

/** Regions whose workloads can stand behind the load balancer now. */
const living = (topology: Topology) => topology.regions.filter(({lost}) => !lost)

export interface EndpointsInput {
  readonly project: string
  /** Service → region → NEG name and the zones it must exist in. */
  readonly negs: Readonly<Record<string, Readonly<Record<string, {name: string; zones: readonly string[]}>>>>
}

/** GKE makes the NEGs, not Pulumi: wait until each exists in every zone and record where. */
export const discoverEndpoints = (topology: Topology): Step => ({
  kind: 'step',
  name: 'endpoints',
  title: 'Find the endpoint groups of every region',
  deed: 'discover-endpoints',
  needs: living(topology).map(({name}) => appName(name)),
  input: (_recorded, silent = []): EndpointsInput => ({project: topology.project, negs: negsOf(topology, silent)}),
})

const negsOf = (topology: Topology, silent: readonly string[]): EndpointsInput['negs'] =>
  Object.fromEntries(
    topology.services
      .filter(({config}) => config.type === 'http')
      .map(({name, negs}) => [
        name,
        Object.fromEntries(
          living(topology)
            .filter((region) => !silent.includes(region.name))
            .map((region) => [region.name, {name: negs[region.name]!, zones: region.zones}]),
        ),
      ]),
  )

export type EdgeInput = ReturnType<typeof edgeInput>

export function edgeInput(topology: Topology, recorded: Recorded) {
  const {project, prefix, edge, regions, terms} = topology
  const http = topology.services.filter(({config}) => config.type === 'http')
  const drained = new Set(regions.filter((region) => region.drained || region.lost).map(({name}) => name))
  return {
    project,
    prefix,
    edge: {...edge, port: undefined},
    addresses: {ipv4: `${prefix}-edge`, ipv6: `${prefix}-edge-ipv6`},
    adaptive: terms.edge.adaptive,
    sampling: terms.network.requestSampling,
    serving: SERVING,
    ...(edge.domain !== undefined && {
      certificateMap: `projects/${project}/locations/global/certificateMaps/${prefix}-certs`,
    }),
    services: http.map(({name, backend, config, drain}) => ({
      name,
      backend: backend!,
      paths: config.paths,
      health: config.health!.ready,
      requestSeconds: drain.requestSeconds,
      drainSeconds: drain.connectionSeconds,
      groups: regions.flatMap((region) =>
        region.zones.flatMap((zone) => {
          const group = groupOf(topology, recorded, name, region.name, zone)
          return group === undefined ? [] : [{group, capacityScaler: drained.has(region.name) ? 0 : 1}]
        }),
      ),
    })),
    labels: labelsOf(topology, 'edge'),
  }
}

/** The recorded self link; before the first deploy the one it will have; none for a lost region never recorded. */
function groupOf(topology: Topology, recorded: Recorded, service: string, region: string, zone: string) {
  const links = recorded.endpoints?.[service] as Record<string, Record<string, string>> | undefined
  const link = links?.[region]?.[zone]
  if (link !== undefined) return link
  if (topology.regions.find(({name}) => name === region)?.lost) return undefined
  const neg = topology.services.find(({name}) => name === service)!.negs[region]
  return `https://www.googleapis.com/compute/v1/projects/${topology.project}/zones/${zone}/networkEndpointGroups/${neg}`
}

/** The one global way in. Runs on recorded values alone, so that a region, or its state, out of reach blocks nothing. */
export const edge = (topology: Topology): Stack => ({
  kind: 'stack',
  name: 'edge',
  needs: ['foundation', 'endpoints'],
  input: (recorded) => edgeInput(topology, recorded),
  program: async (input: EdgeInput) => (await import('./program.ts')).program(input),
})
