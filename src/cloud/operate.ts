/** The adapter of Operable over Google's REST APIs and Kubernetes'. */
import {HaError} from '../errors.ts'
import type {Facts} from '../facts.ts'
import type {GateTopology} from '../topology/topology.ts'
import type {Seen, ServiceSeen} from './cloud.ts'
import {readGate, writeGate} from './gate.ts'
import {servicesIn} from './kubernetes.ts'
import {type ObserverPlace, readFacts} from './observer.ts'
import type {Operable} from './operable.ts'
import {readQueue, readRedelivery, redeliver} from './queues.ts'
import {type Place, type Reach, reachOf} from './reach.ts'
import {moveRecord, readRecord} from './records.ts'
import {groupHealth, readRotation, writeRotation} from './rotation.ts'
import {beginDeed, listFacts, readLastBackup, readOperation, readRecoveryWindow, runningOn} from './sql-deeds.ts'
import {executeSql, readPosition} from './sql-query.ts'

export interface Ground extends Place {
  /** Managed zone of the records. */
  readonly zone: string
  readonly namespace: string
  readonly gate?: GateTopology | undefined
  /** Base URL of each region's Kubernetes API. */
  readonly endpoints: Readonly<Record<string, string>>
  /** Absent: none runs. */
  readonly observer?: Omit<ObserverPlace, 'endpoint'>
}

export type Grounded = Ground & Reach

export function createOperable(ground: Ground): Operable {
  const reach = reachOf(ground)
  return {
    instances: () => listFacts(reach),
    position: (instance) => readPosition(reach, instance),
    query: (instance, sql, database) => executeSql(reach, instance, sql, database),
    begin: (deed) => beginDeed(reach, deed),
    operation: (id) => readOperation(reach, id),
    running: (instance) => runningOn(reach, instance),
    lastBackup: (instance) => readLastBackup(reach, instance),
    recoveryWindow: (instance) => readRecoveryWindow(reach, instance),
    queue: (names) => readQueue(reach, names),
    redeliver: (redelivery) => redeliver(reach, redelivery),
    redelivered: (mark) => readRedelivery(reach, mark),
    record: (name) => readRecord(reach, name),
    moveRecord: (name, from, to) => moveRecord(reach, name, from, to),
    gate: async () => ground.gate && readGate(ground.wires, ground.gate, await ground.wires.token?.()),
    setGate: async (word, generation) => {
      if (ground.gate) await writeGate(ground.wires, ground.gate, word, generation, await ground.wires.token?.())
    },
    rotation: (backend) => readRotation(reach, backend),
    setRotation: (backend, rotation) => writeRotation(reach, backend, rotation),
    health: (backend, rotation) => groupHealth(reach, backend, rotation),
    workloads: (region) => workloads(reach, region),
    observed: (region) => observed(reach, region),
  }
}

const workloads = (reach: Grounded, region: string): Promise<Seen<readonly ServiceSeen[]>> =>
  inCluster(reach, region, (endpoint, token) => servicesIn(endpoint, reach.namespace, token))

const observed = (reach: Grounded, region: string): Promise<Seen<Facts>> =>
  inCluster(reach, region, (endpoint, token) => {
    if (!reach.observer) throw new HaError('NOT_DEPLOYED', 'no observer runs')
    return readFacts({...reach.observer, endpoint}, token)
  })

async function inCluster<T>(
  {endpoints, wires}: Grounded,
  region: string,
  ask: (endpoint: string, token: string | undefined) => Promise<T>,
): Promise<Seen<T>> {
  const endpoint = endpoints[region]
  if (endpoint === undefined) return {unseen: 'not deployed'}
  try {
    return {seen: await ask(endpoint, await wires.token?.())}
  } catch (thrown) {
    if (thrown instanceof HaError) return {unseen: thrown.message}
    throw thrown
  }
}
