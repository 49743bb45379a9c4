/** The one adapter of the port: Google's REST APIs and Kubernetes', at whatever address the wires give. */
import type {Clock} from '../clock.ts'
import type {Cloud} from './cloud.ts'
import {discoverEndpoints} from './compute.ts'
import {readGate, writeGate} from './gate.ts'
import {answers, podLogs, runJob} from './kubernetes.ts'
import {findLeftovers} from './leftovers.ts'
import {observe} from './observe.ts'
import {reachOf} from './reach.ts'
import {addSecret, hasSecret} from './secrets.ts'
import {prepareDatabase} from './sql.ts'
import {listFacts} from './sql-deeds.ts'
import type {Wires} from './wires.ts'

export function createCloud(wires: Wires, clock: Clock): Cloud {
  const token = async () => wires.token?.()
  return {
    answers: (endpoint) => answers(clock, endpoint),
    observe: (topology, endpoints) => observe(wires, clock, topology, endpoints),
    instances: (project) => listFacts(reachOf({wires, project, clock})),
    prepareDatabase: async (request) => {
      const caller = await wires.caller?.()
      await prepareDatabase(wires, clock, {...request, ...(caller !== undefined && {caller})}, await token())
    },
    async openGate(gate, epoch) {
      const bearer = await token()
      if (await readGate(wires, gate, bearer)) return
      await writeGate(wires, gate, {epoch, state: 'open', timeline: 0}, undefined, bearer)
    },
    discoverEndpoints: async (request) => discoverEndpoints(wires, clock, request, await token()),
    leftovers: async (ground) => findLeftovers(wires, ground, await token()),
    hasSecret: async (project, id) => hasSecret(wires, project, id, await token()),
    addSecret: async (project, id, value) => addSecret(wires, project, id, value, await token()),
    runJob: async (request) => runJob(request, await token()),
    logs: async (request) => podLogs(request, await token()),
  }
}
