/** Capacity: node pools large enough for each region to carry the whole load alone, and the doubts when they are not. */
import type {Config, ServiceConfig} from '../config/config.ts'

/** What one n2-standard-4 node offers pods after GKE's own reservations. Source: https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes */
export const NODE = {machineType: 'n2-standard-4', cpuMillis: 3920, memoryMiB: 13_300} as const

/** The Auth Proxy beside each pod that uses the database, and the gate before it. */
const SIDECAR = {cpuMillis: 50, memoryMiB: 64} as const

/** The observer, one in each region. */
const OBSERVER = {cpuMillis: 25, memoryMiB: 64} as const

/** The metrics adapters, two in each region (stacks/metrics/pod.ts). */
const METRICS = {cpuMillis: 100, memoryMiB: 400} as const

export const scalesByBacklog = ({services}: Pick<Config, 'services'>): boolean =>
  services.some(({replicas}) => replicas.backlog !== undefined)

/** Nodes needed for `replicas(service)` instances of every service, over all zones. */
function nodesFor(config: Config, replicas: (service: ServiceConfig) => number): number {
  const ours = [...(config.observer ? [OBSERVER, SIDECAR] : []), ...(scalesByBacklog(config) ? [METRICS] : [])]
  let cpu = ours.reduce((sum, {cpuMillis}) => sum + cpuMillis, 0)
  let memory = ours.reduce((sum, {memoryMiB}) => sum + memoryMiB, 0)
  for (const service of config.services) {
    const sidecars = config.database ? (config.observer ? 2 : 1) : 0
    cpu += replicas(service) * (service.resources.cpuMillis + sidecars * SIDECAR.cpuMillis)
    memory += replicas(service) * (service.resources.memoryMiB + sidecars * SIDECAR.memoryMiB)
  }
  return Math.ceil(Math.max(cpu / NODE.cpuMillis, memory / NODE.memoryMiB))
}

/** Nodes per zone: at least `floor` and room for every service at `min` in this region; at most room for every service at `max`. */
export function nodePool(config: Config, zones: number, floor: number) {
  const minPerZone = Math.max(floor, Math.ceil(nodesFor(config, (service) => service.replicas.min) / zones))
  const maxPerZone = Math.max(minPerZone + 1, Math.ceil(nodesFor(config, (service) => service.replicas.max) / zones))
  return {machineType: NODE.machineType, minPerZone, maxPerZone}
}

/**
 * Doubts about surviving the loss of one region. `replicas` are per region, so a region that must take over from the others
 * needs `max` ≥ what all regions together run at rest.
 */
export function capacityWarnings(config: Config): readonly string[] {
  const regions = config.regions.length
  if (regions < 2) return ['Only one region: nothing takes over when it is lost.']
  return config.services.flatMap(({name, replicas}) => {
    const needed = replicas.min * regions
    if (replicas.max >= needed) return []
    return [
      `${name}: one region alone can run ${replicas.max} replicas, but ${regions} regions run ${needed} at rest; ` +
        `set replicas.max to at least ${needed} to survive the loss of a region without shedding load.`,
    ]
  })
}
