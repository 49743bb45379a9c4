/** What planners and preflight look at: the world, once, every answer bounded and none taken for granted. Plain data. */
import {systemClock} from '../clock.ts'
import {type Attempt, attemptWithin} from '../cloud/attempt.ts'
import type {Seen, ServiceSeen} from '../cloud/cloud.ts'
import type {GateWord, Health, InstanceFacts, Operable, Position, QueueFacts, Rotation} from '../cloud/operable.ts'
import {HaError} from '../errors.ts'
import type {Facts} from '../facts.ts'
import type {InstanceTopology, Topology} from '../topology/topology.ts'

export interface Scene {
  /** When it was looked at, milliseconds since the epoch. */
  readonly at: number
  readonly instances: Seen<readonly InstanceFacts[]>
  /** By instance of the topology. */
  readonly positions: Readonly<Record<string, Seen<Position>>>
  /** By region. */
  readonly observers: Readonly<Record<string, Seen<Facts>>>
  /**
   * By instance, of replicas: age of the newest heartbeat or transaction they hold, seconds, asked after the observers were; null when
   * there is none.
   */
  readonly held: Readonly<Record<string, Seen<number | null>>>
  /** Instances something is being done to. */
  readonly busy: Seen<readonly string[]>
  readonly records: {
    readonly primary: Seen<string | undefined>
    readonly nearest: Readonly<Record<string, Seen<string | undefined>>>
  }
  /** What the gates go by; undefined: nothing, or there are none. */
  readonly gate: Seen<GateWord | undefined>
  /** By backend service. */
  readonly rotations: Readonly<Record<string, Seen<Rotation>>>
  readonly health: Readonly<Record<string, Seen<Readonly<Record<string, Health>>>>>
  /** By region. */
  readonly workloads: Readonly<Record<string, Seen<readonly ServiceSeen[]>>>
  /** By queue. */
  readonly queues: Readonly<Record<string, Seen<QueueFacts>>>
  /** By instance, where ha.yaml has a query for it: age of the oldest unsent message in the app's outbox, seconds; null: none. */
  readonly outbox: Readonly<Record<string, Seen<number | null>>>
  /** When the primary's newest backup ended. */
  readonly lastBackup: Seen<number | undefined>
}

/**
 * All is asked at once, and this is what a look costs at most, where a region does not answer: an unplanned failover waits for it. A
 * planned one is refused for what was not seen, so it gives an answer as long as a slow day may take.
 */
export const LOOK_MS = {planned: 10_000, unplanned: 2_500}

/** The region's instance, where there is a database. */
export const instanceIn = ({database}: Pick<Topology, 'database'>, region: string): InstanceTopology =>
  database!.instances.find((it) => it.region === region)!

export const backendsOf = ({services}: Topology): readonly string[] => services.flatMap(({backend}) => backend ?? [])

/** What each region's observer tells. `withinMs`: one of LOOK_MS. */
export function observersOf(cloud: Operable, {regions}: Topology, withinMs: number): Promise<Scene['observers']> {
  const attempt = attemptWithin(systemClock, withinMs)
  return byKey(
    regions.map(({name}) => name),
    async (region) => flat(await attempt(() => cloud.observed(region))),
  )
}

/** `withinMs`: one of LOOK_MS. */
export async function observeScene(cloud: Operable, topology: Topology, withinMs: number): Promise<Scene> {
  const attempt = attemptWithin(systemClock, withinMs)
  const at = systemClock.now()
  const names = topology.database?.instances.map(({name}) => name) ?? []
  const nearest = topology.database?.nearest ?? {}
  const record = topology.database?.record
  const backends = backendsOf(topology)
  const regions = topology.regions.map(({name}) => name)
  const position = new Map(names.map((name) => [name, attempt(() => cloud.position(name))]))
  const observers = observersOf(cloud, topology, withinMs)
  const held = byKey(names, async (name) => {
    const [seen] = await Promise.all([position.get(name)!, observers])
    return heldBy(cloud, name, seen, attempt)
  })
  const rotations = byKey(backends, (backend) => attempt(() => cloud.rotation(backend)))
  const outbox = outboxOf(cloud, topology, attempt, withinMs)
  const gate = attempt(async () => (await cloud.gate())?.word)
  const primaryName = topology.database?.instances.find(({role}) => role === 'primary')?.name
  const [instances, positions, busy, primary, nearestSeen, rotationsSeen, health, workloads, queues, lastBackup] =
    await Promise.all([
      attempt(() => cloud.instances()),
      byKey(names, (name) => position.get(name)!),
      attempt(async () => {
        const running = await Promise.all(names.map((name) => cloud.running(name)))
        return names.filter((_, index) => running[index]!.length > 0)
      }),
      record === undefined ? {seen: undefined} : attempt(() => cloud.record(record)),
      byKey(Object.keys(nearest), (region) => attempt(() => cloud.record(nearest[region]!))),
      rotations,
      byKey(backends, (backend) => attempt(async () => cloud.health(backend, orThrow((await rotations)[backend]!)))),
      byKey(regions, async (region) => flat(await attempt(() => cloud.workloads(region)))),
      byKey(
        topology.queues.map(({config}) => config.name),
        (name) => attempt(() => cloud.queue(topology.queues.find(({config}) => config.name === name)!)),
      ),
      primaryName === undefined ? {seen: undefined} : attempt(() => cloud.lastBackup(primaryName)),
    ])
  return {
    at,
    queues,
    lastBackup,
    instances,
    positions,
    observers: await observers,
    held: await held,
    busy,
    records: {primary, nearest: nearestSeen},
    rotations: rotationsSeen,
    health,
    workloads,
    outbox: await outbox,
    gate: await gate,
  }
}

/** Its own words, so whatever they say: nothing is written, and a database that nobody waits for any more does not go on with it. */
async function outboxOf(
  cloud: Operable,
  {database, operations}: Topology,
  attempt: Attempt,
  withinMs: number,
): Promise<Scene['outbox']> {
  const {outbox} = operations
  if (!database || outbox === undefined) return {}
  const sql = `SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${withinMs}; SELECT max(seconds)::float8 FROM (${outbox}\n) AS outbox(seconds)`
  return byKey(
    database.instances.map(({name}) => name),
    (name) =>
      attempt(async () => {
        const [[seconds] = []] = await cloud.query(name, sql, database.name)
        return seconds === null || seconds === undefined ? null : Number(seconds)
      }),
  )
}

/** `greatest` passes over what is null: a replica that was just cloned has replayed no transaction. */
const HELD = `
  SELECT extract(epoch FROM clock_timestamp() - greatest(max(at), pg_last_xact_replay_timestamp())) FROM public.ha_heartbeat`

/**
 * Read from the replica itself: that works also where the observer's pod cannot be reached. Its clock goes on from the observers'
 * answers, so that their silence is never counted longer than its age.
 */
async function heldBy(
  cloud: Operable,
  name: string,
  position: Seen<Position>,
  attempt: Attempt,
): Promise<Seen<number | null>> {
  if ('unseen' in position) return position
  if (!position.seen.inRecovery) return {unseen: `${name} is no replica`}
  return attempt(async () => {
    const [[age] = []] = await cloud.query(name, HELD)
    return age === null || age === undefined ? null : Number(age)
  })
}

async function byKey<T>(
  keys: readonly string[],
  ask: (key: string) => Promise<T>,
): Promise<Readonly<Record<string, T>>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await ask(key)] as const)))
}

const flat = <T>(seen: Seen<Seen<T>>): Seen<T> => ('seen' in seen ? seen.seen : seen)

function orThrow<T>(seen: Seen<T>): T {
  if ('seen' in seen) return seen.seen
  throw new HaError('CLOUD_UNREACHABLE', seen.unseen)
}

/** What was seen, or undefined. */
export const seenOf = <T>(seen: Seen<T> | undefined): T | undefined => (seen && 'seen' in seen ? seen.seen : undefined)
