/** Reads the world for `ha status`: every region asked at the same time, each answer bounded, none taken for granted. */
import type {Clock} from '../clock.ts'
import type {Facts} from '../facts.ts'
import type {RegionTopology, ServiceTopology, Topology} from '../topology/topology.ts'
import {attempt} from './attempt.ts'
import type {EndpointsSeen, InstanceSeen, Observation, QueueSeen, RegionSeen, Seen} from './cloud.ts'
import {servicesIn} from './kubernetes.ts'
import {formerInstances} from './leftovers.ts'
import {type Figures, readFigures} from './monitoring.ts'
import {readFacts} from './observer.ts'
import type {InstanceFacts, Rotation} from './operable.ts'
import {readWaiting} from './queues.ts'
import {type Reach, reachOf} from './reach.ts'
import {callJson, statusOf} from './rest.ts'
import {groupHealth, readRotation} from './rotation.ts'
import {listFacts, readRecoveryWindow} from './sql-deeds.ts'
import type {Wires} from './wires.ts'

const DEADLINE_MS = 3000

/** Over within ten seconds, whatever does not answer: the longest that the load balancer's two questions may take together. */
export async function observe(
  wires: Wires,
  clock: Clock,
  topology: Topology,
  endpoints: Readonly<Record<string, string>>,
): Promise<Observation> {
  const reach = reachOf({wires, project: topology.project, clock})
  const world: World = {
    reach,
    topology,
    endpoints,
    token: await wires.token?.(),
    rotations: attempt(() => rotationsOf(reach, topology)),
    ...(topology.database && {
      instances: attempt(() => listFacts(reach)),
      lags: attempt(() => readFigures(reach, 'lag', instanceIds(topology), DEADLINE_MS)),
    }),
  }
  const primary = topology.database?.instances.find(({role}) => role === 'primary')
  const [url, regions, queues, recovery, listed] = await Promise.all([
    frontDoor(reach, topology),
    Promise.all(topology.regions.map((region) => regionSeen(world, region))),
    attempt(() => queuesSeen(reach, topology)),
    // At first Cloud SQL itself sees to it, sooner or later; a new primary is what operations must have made safe.
    primary && topology.epoch > 1 ? attempt(() => readRecoveryWindow(reach, primary.name)) : undefined,
    world.instances,
  ])
  const leftBehind = listed && 'seen' in listed ? formerInstances(listed.seen, topology) : []
  return {
    ...(url !== undefined && {url}),
    regions,
    queues,
    ...(recovery && {recovery}),
    ...(leftBehind.length > 0 && {leftBehind}),
  }
}

/** What is asked once and told of every region. */
interface World {
  readonly reach: Reach
  readonly topology: Topology
  readonly endpoints: Readonly<Record<string, string>>
  readonly token: string | undefined
  /** By backend service; without those that are not made yet. */
  readonly rotations: Promise<Seen<ReadonlyMap<string, Rotation>>>
  readonly instances?: Promise<Seen<readonly InstanceFacts[]>>
  readonly lags?: Promise<Seen<Figures>>
}

async function regionSeen(world: World, region: RegionTopology): Promise<RegionSeen> {
  const {topology, endpoints, token} = world
  const endpoint = endpoints[region.name]
  const [services, inRotation, instance, observer] = await Promise.all([
    endpoint === undefined ? {unseen: 'not deployed'} : attempt(() => servicesIn(endpoint, topology.namespace, token)),
    endpointsSeen(world, region.name),
    instanceSeen(world, region.name),
    topology.observer && observerSeen(topology.observer, endpoint, token),
  ])
  return {name: region.name, services, endpoints: inRotation, ...(instance && {instance}), ...(observer && {observer})}
}

const observerSeen = async (
  {namespace, name}: NonNullable<Topology['observer']>,
  endpoint: string | undefined,
  token: string | undefined,
): Promise<Seen<Facts>> =>
  endpoint === undefined ? {unseen: 'not deployed'} : attempt(() => readFacts({endpoint, namespace, name}, token))

async function instanceSeen(world: World, region: string): Promise<Seen<InstanceSeen> | undefined> {
  const {reach, topology, instances, lags} = world
  if (!topology.database || !instances || !lags) return undefined
  const {name} = topology.database.instances.find((it) => it.region === region)!
  const [listed, figures, address] = await Promise.all([instances, lags, psqlAddress(reach, name)])
  if ('unseen' in listed) return listed
  const facts = listed.seen.find((it) => it.name === name)
  if (!facts) return {unseen: 'no such instance'}
  const {role, state, active, zone} = facts
  const lag = 'unseen' in figures ? figures : seenOr(figures.seen.get(`${topology.project}:${name}`))
  return {
    seen: {
      ...{name, role, state: active ? state : 'STOPPED'},
      ...(zone !== undefined && {zone}),
      ...(role === 'replica' && lag && {lag}),
      ...(address !== undefined && {address}),
    },
  }
}

const seenOr = <T>(value: T | undefined): Seen<T> | undefined => (value === undefined ? undefined : {seen: value})

/** As Monitoring names them. */
const instanceIds = ({project, database}: Topology) => database!.instances.map(({name}) => `${project}:${name}`)

const backendsOf = ({services}: Topology) =>
  services.filter((it): it is ServiceTopology & {backend: string} => it.backend !== undefined)

async function rotationsOf(reach: Reach, topology: Topology): Promise<ReadonlyMap<string, Rotation>> {
  const found = await Promise.all(
    backendsOf(topology).map(async ({backend}) => {
      try {
        return [[backend, await readRotation(reach, backend)] as const]
      } catch (error) {
        if (statusOf(error) === 404) return []
        throw error
      }
    }),
  )
  return new Map(found.flat())
}

async function endpointsSeen({reach, topology, rotations}: World, region: string): Promise<Seen<EndpointsSeen[]>> {
  const known = await rotations
  if ('unseen' in known) return known
  return attempt(async () => {
    const seen = backendsOf(topology).map(async ({name, backend}): Promise<EndpointsSeen[]> => {
      const rotation = known.seen.get(backend)
      const groups = rotation?.groups.filter((it) => it.region === region) ?? []
      if (!rotation || groups.length === 0) return []
      const {healthy = 0, total = 0} = (await groupHealth(reach, backend, {...rotation, groups}))[region] ?? {}
      return [{service: name, healthy, total, drained: groups.every(({share}) => share === 0)}]
    })
    return (await Promise.all(seen)).flat()
  })
}

async function queuesSeen(reach: Reach, {queues}: Topology): Promise<readonly QueueSeen[]> {
  const waiting = await readWaiting(reach, queues, DEADLINE_MS)
  return queues.map(({config}, at) => ({name: config.name, ...waiting[at]}))
}

/** On the emulated target ports of this machine stand for Google's addresses, and only the emulator's own pages know them. */
async function page<T>({wires}: Reach, path: string): Promise<T | undefined> {
  if (wires.emulator === undefined) return undefined
  const answer = await attempt(() => callJson<T>(`${wires.emulator}/emulator/v1/${path}`, {deadlineMs: DEADLINE_MS}))
  return 'seen' in answer ? answer.seen : undefined
}

async function frontDoor(reach: Reach, {edge}: Topology): Promise<string | undefined> {
  const local = await page<{readonly listeners: readonly {readonly url: string}[]}>(reach, 'edge')
  if (reach.wires.emulator !== undefined) return local?.listeners[0]?.url
  return edge.domain === undefined ? undefined : `https://${edge.domain}`
}

async function psqlAddress(reach: Reach, instance: string): Promise<string | undefined> {
  const local = await page<{readonly port?: number}>(reach, `sql/instances/${instance}/observed`)
  return local?.port === undefined ? undefined : `127.0.0.1:${local.port}`
}
