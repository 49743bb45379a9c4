/** The adapter of Operable over Google's REST APIs and Kubernetes'. */
import {HaError} from '../errors.ts'
import type {GateTopology} from '../topology/topology.ts'
import type {Seen, ServiceSeen} from './cloud.ts'
import {readGate, writeGate} from './gate.ts'
import {servicesIn} from './kubernetes.ts'
import type {Operable} from './operable.ts'
import {readQueue, readRedelivery, redeliver} from './queues.ts'
import {moveRecord, readRecord} from './records.ts'
import type {Call} from './rest.ts'
import {groupHealth, readRotation, writeRotation} from './rotation.ts'
import {beginDeed, listFacts, readLastBackup, readOperation, runningOn} from './sql-deeds.ts'
import {executeSql, readPosition} from './sql-query.ts'
import type {Wires} from './wires.ts'

export interface Ground {
  readonly wires: Wires
  readonly project: string
  /** Managed zone of the records. */
  readonly zone: string
  readonly namespace: string
  readonly gate?: GateTopology | undefined
  /** Base URL of each region's Kubernetes API. */
  readonly endpoints: Readonly<Record<string, string>>
}

/** What each call is given: the ground and how to sign. */
export interface Reach extends Ground {
  /** Call options with the token of now. */
  signed(call?: Call): Promise<Call>
}

export function createOperable(ground: Ground): Operable {
  const signed = async (call: Call = {}) => {
    const token = await ground.wires.token?.()
    return token === undefined ? call : {...call, token}
  }
  const reach: Reach = {...ground, signed}
  return {
    instances: () => listFacts(reach),
    position: (instance) => readPosition(reach, instance),
    query: (instance, sql, database) => executeSql(reach, instance, sql, database),
    begin: (deed) => beginDeed(reach, deed),
    operation: (id) => readOperation(reach, id),
    running: (instance) => runningOn(reach, instance),
    lastBackup: (instance) => readLastBackup(reach, instance),
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
  }
}

async function workloads({endpoints, namespace, wires}: Reach, region: string): Promise<Seen<readonly ServiceSeen[]>> {
  const endpoint = endpoints[region]
  if (endpoint === undefined) return {unseen: 'not deployed'}
  try {
    return {seen: await servicesIn(endpoint, namespace, await wires.token?.())}
  } catch (thrown) {
    if (thrown instanceof HaError) return {unseen: thrown.message}
    throw thrown
  }
}
