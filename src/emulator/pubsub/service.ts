import {join} from 'node:path'
import type {Server} from '@grpc/grpc-js'
import {type EmulatorClock, systemClock} from '../clock.ts'
import type {ResourceType, Service, World} from '../contract.ts'
import {Broker} from './broker.ts'
import {deadLetterGrants} from './dead-letter-grants.ts'
import {CODE, PubSubError} from './failures.ts'
import {gauges} from './gauges.ts'
import {createServer, listen} from './grpc/server.ts'
import {forwardDeadLetter} from './publish.ts'
import {resourceTypes} from './resources/resources.ts'
import {mountRoutes} from './rest.ts'
import {keepRetention} from './retention.ts'
import {Store} from './store.ts'
import {Timers} from './timers.ts'

export interface PubSubService extends Service {
  readonly resources: readonly ResourceType[]
  /** `127.0.0.1:PORT` of the gRPC server, for PUBSUB_EMULATOR_HOST. Throws before `start`. */
  readonly address: string
}

const NAME = 'pubsub'
/** Where Google's own emulator listens by default. */
const USUAL_PORT = 8085
/** For calls under way when it stops; streams are told at once. */
const DRAIN_MS = 1_000

interface Running {
  readonly address: string
  readonly broker: Broker
  readonly store: Store
  readonly timers: Timers
  readonly server: Server
}

/** Pub/Sub: gRPC for clients, REST for gcloud, resource types for Pulumi; all that is acknowledged is on disk below `<dir>/pubsub`. */
export function createPubSubService(world: World, clock: EmulatorClock = systemClock): PubSubService {
  let running: Running | undefined
  const needed = (): Running => {
    if (!running) throw new PubSubError(CODE.unavailable, 'The emulated Pub/Sub is not running.')
    return running
  }
  const broker = () => needed().broker
  return {
    name: NAME,
    resources: resourceTypes(broker, world.records),
    gauges: gauges(broker),
    routes: (server) => mountRoutes(server, broker),
    start: async () => {
      running ??= await start(world, clock)
    },
    stop: async () => {
      const stopping = running
      running = undefined
      if (stopping) await stop(stopping)
    },
    get address() {
      return needed().address
    },
  }
}

async function start(world: World, clock: EmulatorClock): Promise<Running> {
  const port = await world.ports.claim(NAME, {preferred: USUAL_PORT})
  const timers = new Timers(clock)
  const store = new Store(join(world.dir, NAME))
  const broker = new Broker({store, clock, timers, log: world.log, mayDeadLetter: deadLetterGrants(world.records)})
  broker.forward = (subscription, delivery) => forwardDeadLetter(broker, subscription, delivery)
  broker.load()
  keepRetention(broker)
  const server = createServer(broker)
  try {
    await listen(server, port)
  } catch (error) {
    timers.close()
    store.close()
    throw error
  }
  return {address: `127.0.0.1:${port}`, broker, store, timers, server}
}

async function stop({broker, store, timers, server}: Running): Promise<void> {
  for (const subscription of broker.subscriptions.values()) {
    subscription.closed = true
    subscription.closeConsumers(new PubSubError(CODE.unavailable, 'The emulated Pub/Sub is stopping.'))
  }
  await new Promise<void>((done) => {
    const force = setTimeout(() => {
      server.forceShutdown()
      done()
    }, DRAIN_MS)
    server.tryShutdown(() => {
      clearTimeout(force)
      done()
    })
  })
  timers.close()
  store.close()
}
