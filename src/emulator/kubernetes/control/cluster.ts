/** The region's cluster: API server, controllers, scheduler and kubelet, brought back from disk whenever the region's process starts. */
import {createHash} from 'node:crypto'
import {rmSync} from 'node:fs'
import {homedir} from 'node:os'
import {delimiter, dirname, join} from 'node:path'
import type {FastifyInstance} from 'fastify'
import type {RegionPart, RegionWorld} from '../../contract.ts'
import {readJson, writeJson} from '../../files.ts'
import {openStore} from '../api/open-store.ts'
import {createApiServer} from '../api/server.ts'
import type {ObjectStore} from '../api/store.ts'
import {type Controller, type ControlPlane, runController} from './controller.ts'
import {controllersOf} from './controllers.ts'
import {openFrontDoors} from './kubelet/front-doors.ts'
import {openHostPorts} from './kubelet/host-ports.ts'
import {openImages} from './kubelet/images.ts'
import {startKubelet} from './kubelet/kubelet.ts'
import type {StartStandIn} from './kubelet/runtime.ts'
import {addressOf} from './network/addresses.ts'
import {declareNodes, type NodePool, removeNodes} from './nodes.ts'
import {createRecorder} from './recorder.ts'

export interface ClusterOptions {
  /** Starts the emulated Cloud SQL Auth Proxy, which stands for images named `…/cloud-sql-proxy`. */
  readonly startProxy: StartStandIn
}

/** What the cluster is, as the container service said it last. Kept in `cluster.json`. */
interface ClusterFacts {
  readonly name: string
  readonly project: string
  readonly zones: readonly string[]
  readonly network?: string
}

/** What runs while there is a cluster. */
interface Live {
  readonly facts: ClusterFacts
  /** `127.0.0.1:PORT`, as GKE gives a DNS endpoint without a scheme. */
  readonly endpoint: string
  readonly store: ObjectStore
  stop(): Promise<void>
}

/** What pods have for their SIGTERM when the emulator stops; no preStop hooks, since nothing is drained then. */
const STOP_GRACE_MS = 8_000
const PRUNE_MS = 600_000

/**
 * Control routes: `PUT /kubernetes/cluster {name, zones, project, network?}` → `{endpoint}`, `DELETE /kubernetes/cluster?name=N`,
 * `PUT /kubernetes/nodes {cluster, pool, machineType, zones?, maxPerZone?}`, `DELETE /kubernetes/nodes?pool=N`, `GET /kubernetes`.
 */
export function createCluster(world: RegionWorld, options: ClusterOptions): RegionPart {
  const dir = join(world.dir, 'kubernetes')
  const file = join(dir, 'cluster.json')
  let live: Live | undefined
  // Starts and stops come one after another.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  const declare = async (facts: ClusterFacts): Promise<Live> => {
    if (live && live.facts.name !== facts.name) {
      throw conflict(
        `Region ${world.region} has the cluster ${live.facts.name} already; the emulator runs one per region.`,
      )
    }
    if (JSON.stringify(live?.facts) !== JSON.stringify(facts)) writeJson(file, facts)
    live = live ? {...live, facts} : await startLive(world, dir, facts, options)
    return live
  }

  const remove = async (name: string | undefined) => {
    if (name !== undefined && live && live.facts.name !== name) return
    await live?.stop()
    live = undefined
    rmSync(dir, {recursive: true, force: true})
    world.ports.release('kubernetes')
  }

  const running = (): Live => {
    if (!live) throw conflict(`Region ${world.region} has no cluster.`)
    return live
  }

  return {
    name: 'kubernetes',
    routes(server: FastifyInstance) {
      server.put<{Body: ClusterFacts}>('/kubernetes/cluster', async ({body}) => {
        const {name, project, zones, network} = body
        const {endpoint} = await inTurn(() =>
          declare({name, project, zones: zones ?? world.zones, ...(network && {network})}),
        )
        return {endpoint}
      })
      server.delete<{Querystring: {name?: string}}>('/kubernetes/cluster', async ({query}) => {
        await inTurn(() => remove(query.name))
        return {}
      })
      server.put<{Body: NodePool & {zones?: readonly string[]}}>('/kubernetes/nodes', async ({body}) => {
        const {store, facts} = running()
        const at = {cluster: facts.name, region: world.region, zones: body.zones ?? facts.zones}
        declareNodes(store, at, body, new Date())
        await store.flush()
        return {nodes: store.list('nodes').map(({metadata}) => metadata.name)}
      })
      server.delete<{Querystring: {pool: string}}>('/kubernetes/nodes', async ({query}) => {
        if (live) removeNodes(live.store, query.pool)
        await live?.store.flush()
        return {}
      })
      server.get('/kubernetes', () => (live ? summaryOf(live) : {}))
    },
    async start() {
      const facts = readJson<ClusterFacts>(file)
      if (facts) await inTurn(() => declare(facts))
    },
    stop: () =>
      inTurn(async () => {
        await live?.stop()
        live = undefined
      }),
  }
}

const conflict = (message: string) => Object.assign(new Error(message), {statusCode: 409})

const summaryOf = ({facts, endpoint, store}: Live) => ({
  ...facts,
  endpoint,
  nodes: store.list('nodes').map(({metadata}) => metadata.name),
  pods: store.list('pods').map(({metadata, status, spec}) => ({
    namespace: metadata.namespace,
    name: metadata.name,
    node: spec.nodeName,
    phase: status?.phase,
  })),
})

async function startLive(
  world: RegionWorld,
  dir: string,
  facts: ClusterFacts,
  {startProxy}: ClusterOptions,
): Promise<Live> {
  const {log, ports, googleapis, pubsub} = world
  const now = () => new Date()
  const store = await openStore({dir: join(dir, 'objects'), now, log})
  const record = createRecorder(store, now)
  const plane: ControlPlane = {store, log, record, now}
  const hostPorts = await openHostPorts(createHash('sha256').update(world.dir).digest().readUInt16BE(0))
  const kubelet = await startKubelet({
    plane,
    dir: join(dir, 'pods'),
    ports: hostPorts,
    images: openImages(googleapis, join(dir, 'images.json')),
    frontDoors: openFrontDoors(googleapis),
    startProxy,
    base: baseEnvironment(pubsub, googleapis),
  })
  const server = await createApiServer({
    store,
    log,
    port: await ports.claim('kubernetes'),
    podLogs: kubelet.logs,
    proxy: (target) => addressOf(store, target),
  })
  const controllers: Controller[] = controllersOf({
    ...plane,
    usage: kubelet.usage,
    ports,
    cloud: {googleapis, ...facts},
  })
  const running = controllers.map((controller) => runController(plane, controller))
  const pruning = setInterval(() => record.prune(), PRUNE_MS)
  log('info', `Cluster ${facts.name} is up`, {endpoint: server.url})
  return {
    facts,
    endpoint: new URL(server.url).host,
    store,
    async stop() {
      clearInterval(pruning)
      await Promise.all(running.map((controller) => controller.stop()))
      await Promise.all([kubelet.stop(STOP_GRACE_MS), server.close()])
      hostPorts.close()
      await store.close()
    },
  }
}

/** Containers find the same Node that runs the emulator, and Google's clients their services. */
function baseEnvironment(pubsub: string, googleapis: string): Record<string, string> {
  const path = [dirname(process.execPath), process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter)
  const known = {PUBSUB_EMULATOR_HOST: pubsub, STORAGE_EMULATOR_HOST: googleapis}
  return {PATH: path, HOME: process.env.HOME ?? homedir(), LANG: 'C.UTF-8', ...known}
}
