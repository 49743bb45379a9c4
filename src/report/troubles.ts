/** What is amiss, in words: of a look at the world. Pure. */
import type {InstanceSeen, Observation, RegionSeen, Seen} from '../cloud/cloud.ts'
import type {Topology} from '../topology/topology.ts'

/** Every reason to worry, worst first; empty when there is none. */
export const troubles = (topology: Topology, observation: Observation): string[] => [
  ...servingTroubles(topology, observation),
  ...figureTroubles(topology, observation),
  ...recoveryTroubles(observation),
]

/** Why not everything serves, by the word of those who serve: databases, clusters, the load balancer. */
export function servingTroubles(topology: Topology, {regions}: Observation): string[] {
  const living = regions.filter(({name}) => !isLost(topology, name))
  const primaries = living.filter(({instance}) => instance && 'seen' in instance && instance.seen.role === 'primary')
  return [
    ...(topology.database && primaries.length > 1
      ? [`Two primaries: ${primaries.map(({name}) => name).join(' and ')} both accept writes.`]
      : []),
    ...living.flatMap(({name, instance, services, endpoints}) => [
      ...(instance ? databaseTroubles(name, instance) : []),
      ...workloadTroubles(name, services),
      ...rotationTroubles(name, endpoints),
    ]),
  ]
}

/** What observers meet that is not as it should be: hearsay that may be some seconds old, and no reason to fail. */
export const observerTroubles = ({regions}: Observation): string[] =>
  regions.flatMap(({name, observer}) => {
    if (observer === undefined) return []
    if ('unseen' in observer) return [`${name}: the observer does not answer (${observer.unseen}).`]
    const {canaries, peers, primary} = observer.seen
    return [
      ...(primary.failing ? [`${name}: the observer meets no primary (${primary.failing.message}).`] : []),
      ...Object.entries(canaries).flatMap(([kind, {isWell, answer}]) =>
        isWell ? [] : [`${name}: the observer’s canary, a ${kind}, got ${answer}.`],
      ),
      ...peers.flatMap(({region, isReachable}) =>
        isReachable ? [] : [`${name}: the observer does not reach ${region}.`],
      ),
    ]
  })

/** What only Monitoring knows, or that it does not answer. A figure that it has not yet is no trouble. */
function figureTroubles(topology: Topology, {regions, queues}: Observation): string[] {
  const lags = regions.flatMap(({name, instance}) =>
    instance && 'seen' in instance && instance.seen.lag && !isLost(topology, name)
      ? [{name: instance.seen.name, lag: instance.seen.lag}]
      : [],
  )
  const silent = lags.flatMap(({lag}) => ('unseen' in lag ? [lag.unseen] : []))
  return [
    ...lags.flatMap(({name, lag}) => ('seen' in lag && lag.seen.value < 0 ? [`${name} does not replicate.`] : [])),
    ...(silent[0] === undefined ? [] : [`Replication lag cannot be told (${silent[0]}).`]),
    ...('unseen' in queues
      ? [`What waits in the queues cannot be told (${queues.unseen}).`]
      : queues.seen.flatMap(({name, dead = 0}) =>
          dead > 0 ? [`${name}: ${dead} messages failed every delivery.`] : [],
        )),
  ]
}

const recoveryTroubles = ({recovery}: Observation): string[] =>
  recovery && 'seen' in recovery && !recovery.seen
    ? ['The new primary is not protected yet: there is no moment that it can be recovered to.']
    : []

const isLost = ({regions}: Topology, region: string) => regions.some(({name, lost}) => name === region && lost)

function databaseTroubles(region: string, instance: Seen<InstanceSeen>): string[] {
  if ('unseen' in instance) return [`${region}: the database does not answer (${instance.unseen}).`]
  return instance.seen.state === 'RUNNABLE' ? [] : [`${region}: ${instance.seen.name} is ${instance.seen.state}.`]
}

function workloadTroubles(region: string, services: RegionSeen['services']): string[] {
  if ('unseen' in services) return [`${region}: the cluster does not answer (${services.unseen}).`]
  return services.seen.flatMap(({name, ready, desired, reasons}) => {
    const why = reasons.length > 0 ? ` (${reasons.join(', ')})` : ''
    return ready < desired ? [`${region}: ${name} has ${ready} of ${desired} ready${why}.`] : []
  })
}

function rotationTroubles(region: string, endpoints: RegionSeen['endpoints']): string[] {
  if ('unseen' in endpoints) return [`${region}: the load balancer does not tell of it (${endpoints.unseen}).`]
  return endpoints.seen.flatMap(({service, healthy, drained}) =>
    healthy === 0 && !drained ? [`${region}: no instance of ${service} is in rotation.`] : [],
  )
}
