/** Compute's load balancing: control plane for Pulumi and REST, and the load balancer itself. */
import {join} from 'node:path'
import {type EmulatorClock, systemClock} from '../clock.ts'
import type {Service, World} from '../contract.ts'
import {createCollections} from './directory.ts'
import {KINDS} from './kinds/index.ts'
import {KEPT} from './limits.ts'
import {createNegs} from './negs.ts'
import {openAccessLog} from './plane/access-log.ts'
import {certificateAt} from './plane/certificate.ts'
import {compileEdge} from './plane/config.ts'
import {createPlane} from './plane/plane.ts'
import type {Probe} from './plane/probe.ts'
import {resourceType} from './resources.ts'
import {createOperations} from './rest/operations.ts'
import {mountRoutes} from './rest/routes.ts'

export interface ComputeOptions {
  /** Local port that stands for port 80; taken by somebody else is PortTaken. Default: 8080 when free, else any. */
  readonly edgePort?: number
  readonly time?: EmulatorClock
  readonly probe?: Probe
}

const NAME = 'compute'

/**
 * Serves, over one set of records: the load balancing resources of Pulumi's gcp provider, Compute's REST API for them
 * (`/compute/v1/projects/P/…`), `GET /emulator/v1/edge`, and the load balancer they describe.
 */
export function createComputeService(world: World, options: ComputeOptions = {}): Service {
  const time = options.time ?? systemClock
  const dir = join(world.dir, NAME)
  let running = false
  let latest: Promise<void> = Promise.resolve()

  const plane = createPlane({
    ports: world.ports,
    time,
    log: world.log,
    accessLog: openAccessLog(dir, KEPT.accessLogBytes, time),
    certificate: () => certificateAt(join(dir, 'edge-certificate.json'), time.now()),
    edgePort: options.edgePort,
    ...(options.probe === undefined ? {} : {probe: options.probe}),
  })

  const changed = () => {
    if (!running) return
    latest = latest.catch(() => undefined).then(() => plane.apply(compileEdge(collections, negs)))
    latest.catch((failure: unknown) =>
      world.log('error', `The load balancer could not take over a change: ${String(failure)}`),
    )
  }
  const settled = () => latest

  const collections = createCollections(world.records, time, changed)
  const negs = createNegs(world.records, time, collections.usersOf, changed)
  const operations = createOperations(time)

  return {
    name: NAME,
    resources: KINDS.map((kind) => resourceType(kind, collections, settled)),

    routes: (server) => {
      server.get('/emulator/v1/edge', () => plane.status())
      server.get<{Params: {port: string}}>('/emulator/v1/edge/ports/:port', async ({params}) => ({
        port: await plane.reserve(Number(params.port)),
      }))
      const services = () => collections.everything('backendServices').map(({id}) => id)
      mountRoutes(server, {
        collections,
        negs,
        operations,
        settled,
        health: {
          of: (group, endpoint, service) => {
            for (const id of service === undefined ? services() : [service]) {
              const healthy = plane.health(id, group, endpoint)
              if (healthy !== undefined) return {service: id, healthy}
            }
            return undefined
          },
        },
      })
    },

    start: async () => {
      running = true
      latest = plane.apply(compileEdge(collections, negs), true)
      await latest
    },

    stop: async () => {
      if (!running) return
      running = false
      await latest.catch(() => undefined)
      await plane.stop()
    },
  }
}
