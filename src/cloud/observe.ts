/** Reads the world for `ha status`: every region asked at the same time, each answer bounded, none taken for granted. */
import type {Facts} from '../facts.ts'
import type {RegionTopology, Topology} from '../topology/topology.ts'
import type {EndpointsSeen, InstanceSeen, Observation, QueueSeen, RegionSeen, Seen} from './cloud.ts'
import {servicesIn} from './kubernetes.ts'
import {readFacts} from './observer.ts'
import {callJson} from './rest.ts'
import {listInstances} from './sql.ts'
import type {Wires} from './wires.ts'

const DEADLINE_MS = 3000

/** As the emulator's own pages answer; on Google the same facts come from Monitoring (not read yet). */
interface EdgePage {
  readonly listeners: readonly {readonly url: string; readonly port: number}[]
  readonly backends: readonly {
    readonly service: string
    readonly region: string
    readonly capacityScaler: number
    readonly endpoints: readonly {readonly healthy: boolean; readonly ejected?: boolean}[]
  }[]
}
interface InstancePage {
  readonly role: 'primary' | 'replica'
  readonly state: string
  readonly zone?: string
  readonly lagSeconds?: number
  readonly timeline?: number
  readonly port?: number
}
interface QueuePage {
  readonly name: string
  readonly backlog: number
  readonly oldestUnackedSeconds: number
}

export async function observe(
  wires: Wires,
  topology: Topology,
  endpoints: Readonly<Record<string, string>>,
  token?: string,
): Promise<Observation> {
  const edge = attempt(() => page<EdgePage>(wires, 'edge'))
  const instances = topology.database ? attempt(() => listInstances(wires, topology.project, token)) : undefined
  const [edgeSeen, regions, queues] = await Promise.all([
    edge,
    Promise.all(
      topology.regions.map((region) => regionSeen({wires, topology, region, endpoints, token, edge, instances})),
    ),
    queuesSeen(wires, topology),
  ])
  const url = 'seen' in edgeSeen ? edgeSeen.seen.listeners[0]?.url : undefined
  return {...(url !== undefined && {url}), regions, queues}
}

interface Question {
  readonly wires: Wires
  readonly topology: Topology
  readonly region: RegionTopology
  readonly endpoints: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly edge: Promise<Seen<EdgePage>>
  readonly instances: Promise<Seen<Awaited<ReturnType<typeof listInstances>>>> | undefined
}

async function regionSeen(question: Question): Promise<RegionSeen> {
  const {topology, region, endpoints, token, edge, instances} = question
  const endpoint = endpoints[region.name]
  const [services, groups, instance, observer] = await Promise.all([
    endpoint === undefined ? {unseen: 'not deployed'} : attempt(() => servicesIn(endpoint, topology.namespace, token)),
    edge.then((seen) => mapSeen(seen, (it) => groupsIn(it, topology, region.name))),
    instances && instanceSeen(question, instances),
    topology.observer && observerSeen(topology.observer, endpoint, token),
  ])
  return {name: region.name, services, endpoints: groups, ...(instance && {instance}), ...(observer && {observer})}
}

const observerSeen = async (
  {namespace, name}: NonNullable<Topology['observer']>,
  endpoint: string | undefined,
  token: string | undefined,
): Promise<Seen<Facts>> =>
  endpoint === undefined ? {unseen: 'not deployed'} : attempt(() => readFacts({endpoint, namespace, name}, token))

async function instanceSeen(
  {wires, topology, region}: Question,
  instances: NonNullable<Question['instances']>,
): Promise<Seen<InstanceSeen>> {
  const name = topology.database!.instances.find((it) => it.region === region.name)!.name
  const listed = await instances
  if ('unseen' in listed) return listed
  const instance = listed.seen.find((it) => it.name === name)
  if (!instance) return {unseen: 'no such instance'}
  const observed = await attempt(() => page<InstancePage>(wires, `sql/instances/${name}/observed`))
  if ('unseen' in observed) return {seen: {name, role: instance.role, state: instance.state}}
  const {port, ...rest} = observed.seen
  return {seen: {name, ...rest, ...(port !== undefined && {address: `127.0.0.1:${port}`})}}
}

function groupsIn({backends}: EdgePage, topology: Topology, region: string): EndpointsSeen[] {
  return topology.services.flatMap(({name, backend}) => {
    const groups = backends.filter((it) => it.service === backend && it.region === region)
    if (backend === undefined || groups.length === 0) return []
    const all = groups.flatMap((group) => group.endpoints)
    return [
      {
        service: name,
        total: all.length,
        healthy: all.filter(({healthy, ejected}) => healthy && !ejected).length,
        drained: groups.every(({capacityScaler}) => capacityScaler === 0),
      },
    ]
  })
}

async function queuesSeen(wires: Wires, topology: Topology): Promise<Seen<readonly QueueSeen[]>> {
  if (topology.queues.length === 0) return {seen: []}
  const pages = await attempt(() =>
    page<{subscriptions?: readonly QueuePage[]} | readonly QueuePage[]>(wires, 'pubsub'),
  )
  return mapSeen(pages, (answer) => {
    const list = 'subscriptions' in answer ? (answer.subscriptions ?? []) : (answer as readonly QueuePage[])
    const find = (id: string) => list.find(({name}) => name === id || name.endsWith(`/${id}`))
    return topology.queues.map(({config, subscription, deadLetterSubscription}) => ({
      name: config.name,
      backlog: find(subscription)?.backlog ?? 0,
      oldestSeconds: Math.round(find(subscription)?.oldestUnackedSeconds ?? 0),
      dead: find(deadLetterSubscription)?.backlog ?? 0,
    }))
  })
}

function page<T>(wires: Wires, path: string): Promise<T> {
  if (wires.emulator === undefined) return Promise.reject(new Error('read from Monitoring, which is not wired yet'))
  return callJson<T>(`${wires.emulator}/emulator/v1/${path}`, {deadlineMs: DEADLINE_MS})
}

async function attempt<T>(ask: () => Promise<T>): Promise<Seen<T>> {
  try {
    return {seen: await ask()}
  } catch (error) {
    return {unseen: error instanceof Error ? error.message : String(error)}
  }
}

const mapSeen = <A, B>(seen: Seen<A>, map: (value: A) => B): Seen<B> => ('seen' in seen ? {seen: map(seen.seen)} : seen)
