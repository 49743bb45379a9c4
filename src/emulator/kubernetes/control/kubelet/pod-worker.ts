/** One pod on the node: its containers in their order, from the first start to the last SIGKILL. */
import {existsSync, mkdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {controllerOf} from '../../api/objects.ts'
import type {Json, KubeObject} from '../../api/store.ts'
import type {ControlPlane} from '../controller.ts'
import {containerPort, HOST_PORTS, hostPorts} from '../pods.ts'
import {isSidecar} from '../quantity.ts'
import {type Container, createContainer} from './container.ts'
import {environmentOf, expand, fill, NotStartable} from './environment.ts'
import type {FrontDoors} from './front-doors.ts'
import type {HostPorts} from './host-ports.ts'
import type {Images} from './images.ts'
import {forgetOldLogs, type LogFeed, logFileOf} from './logs.ts'
import {startMetricsAdapter} from './metrics-adapter.ts'
import {portsOf} from './pod-ports.ts'
import {podStatus} from './pod-status.ts'
import {type RunningContainer, type StartStandIn, startInside, startProcess} from './runtime.ts'

/** What the node gives every pod. */
export interface Node {
  readonly plane: ControlPlane
  /** Holds a folder per pod, by uid. */
  readonly dir: string
  readonly ports: HostPorts
  readonly images: Images
  readonly frontDoors: FrontDoors
  readonly startProxy: StartStandIn
  /** The environment every container starts with. */
  readonly base: Readonly<Record<string, string>>
  readonly feed: LogFeed
}

export interface PodWorker {
  /** The pod object as it is now; one with a deletionTimestamp is terminated and then removed. */
  seen(pod: KubeObject): void
  /** Main processes that run now. */
  pids(): number[]
  /** Ends everything within the grace, without hooks; the pod object stays and is started again with the node. */
  shutdown(graceMs: number): Promise<void>
  /** The object is gone already: ends everything at once. */
  discard(): Promise<void>
}

export function startPodWorker(first: KubeObject, node: Node): PodWorker {
  const {store, record, now, log} = node.plane
  const {namespace, name, uid} = first.metadata
  const home = join(node.dir, uid!)
  let pod = first
  let ports: ReadonlyMap<number, number> = new Map()
  let ending = false
  let silent = false
  let publishing = false

  const statusesOf = (containers: readonly Container[]) => containers.map((container) => container.status())

  /** Once for all that changed in this turn of the loop. */
  function publish() {
    if (publishing || silent) return
    publishing = true
    queueMicrotask(() => {
      publishing = false
      if (silent) return
      const observed = {init: statusesOf(inits), containers: statusesOf(mains)}
      store.updateStatus('pods', namespace, name, (current: Json) =>
        podStatus({...pod, status: statusIn(current)}, observed, now()),
      )
    })
  }

  const portOf = (port: string | number): number => {
    const wanted = containerPort(pod, port) ?? 0
    return ports.get(wanted) ?? wanted
  }

  async function launch(spec: Json, attempt: number): Promise<RunningContainer> {
    const temporary = join(home, 'tmp')
    mkdirSync(temporary, {recursive: true})
    const base = {...node.base, HOSTNAME: name, TMPDIR: temporary}
    const lookup = (resource: 'configmaps' | 'secrets', wanted: string) => store.get(resource, namespace, wanted)
    const env = await node.frontDoors.lead(environmentOf(spec, {pod, ports, lookup, base}))
    forgetOldLogs(home, spec.name, attempt)
    const program = {
      name: `${namespace}/${name}/${spec.name}`,
      env,
      cwd: home,
      command: [],
      logFile: logFileOf(home, spec.name, attempt),
      pidFile: join(home, `${spec.name}.pid`),
      onLine: node.feed.writer(uid!, spec.name),
    }
    const standIn = STAND_INS.find(({image}) => image.test(spec.image))
    if (standIn) {
      const args = [...(spec.command?.slice(1) ?? []), ...(spec.args ?? [])]
      return startInside(
        program,
        args.map((arg) => expand(arg, env)),
        portOf,
        standIn.start(node),
      )
    }
    const told = {...spec, command: spec.command && fill(spec.command, env, ports), args: fill(spec.args, env, ports)}
    const entry = await node.images.find(told, controllerOf(pod)?.kind === 'Job')
    if (!entry) throw missingImage(spec, find(spec.name)?.status())
    if (!existsSync(entry.cwd))
      throw new Error(`The folder registered for image ${spec.image} does not exist: ${entry.cwd}`)
    return startProcess({...program, ...entry})
  }

  const find = (container: string) => [...inits, ...mains].find(({spec}) => spec.name === container)

  const createFor = (spec: Json, init: boolean): Container => {
    const restartPolicy = pod.spec.restartPolicy ?? 'Always'
    const statuses: Json[] = (init ? pod.status?.initContainerStatuses : pod.status?.containerStatuses) ?? []
    const before = statuses.find((status) => status.name === spec.name)
    // After a restart of the node init containers run again, as in a new sandbox.
    const remembered = init && !isSidecar(spec) ? before && {restartCount: before.restartCount} : before
    const policy = isSidecar(spec) ? 'Always' : init && restartPolicy === 'Always' ? 'OnFailure' : restartPolicy
    return createContainer({
      spec,
      policy,
      waitsFor: (pod.spec.initContainers ?? []).length > 0 && !init ? 'PodInitializing' : 'ContainerCreating',
      ...(remembered && {before: remembered}),
      host: {
        now,
        launch,
        portOf,
        changed: publish,
        event: (type, reason, message) =>
          record(pod, type, reason, message, {component: 'kubelet', fieldPath: `spec.containers{${spec.name}}`}),
        graceSeconds: pod.spec.terminationGracePeriodSeconds ?? 30,
      },
    })
  }
  const inits: Container[] = (pod.spec.initContainers ?? []).map((spec: Json) => createFor(spec, true))
  const mains: Container[] = pod.spec.containers.map((spec: Json) => createFor(spec, false))

  async function runAll() {
    ports = await node.ports.reserve(portsOf(pod), hostPorts(pod))
    if (ending) return
    annotate()
    for (const container of inits) {
      const end = container.run()
      if (isSidecar(container.spec)) await container.started
      else if ((await end) !== 0) return
      if (ending) return
    }
    await Promise.all(mains.map((container) => container.run()))
    if (!ending) await stopSidecars(performance.now() + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000)
    publish()
  }

  function annotate() {
    const text = JSON.stringify(Object.fromEntries(ports))
    const current = store.get('pods', namespace, name)
    if (ports.size === 0 || !current || current.metadata.annotations?.[HOST_PORTS] === text) return
    const annotations = {...current.metadata.annotations, [HOST_PORTS]: text}
    pod = store.update('pods', {...current, metadata: {...current.metadata, annotations}})
  }

  /** In reverse order, after the main containers: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-pod-lifecycle */
  async function stopSidecars(until: number, hooks = true) {
    for (const container of [...inits].reverse()) await container.stop(Math.max(0, until - performance.now()), hooks)
  }

  async function end(graceMs: number, hooks = true) {
    ending = true
    const until = performance.now() + graceMs
    await Promise.all(mains.map((container) => container.stop(graceMs, hooks)))
    await stopSidecars(until, hooks)
    await life
  }

  function release() {
    node.ports.release(ports.values())
    rmSync(home, {recursive: true, force: true})
  }

  let deletion: Promise<void> | undefined
  let graceLeft = Number.POSITIVE_INFINITY

  function terminate(graceMs: number) {
    if (graceMs >= graceLeft) return
    graceLeft = graceMs
    if (!deletion) {
      deletion = end(graceMs).then(() => {
        silent = true
        release()
        // Another pod may have the name by now.
        if (store.get('pods', namespace, name)?.metadata.uid === uid) store.remove('pods', namespace, name)
      })
      return
    }
    // The grace was shortened while the pod was terminating already.
    setTimeout(() => void end(0), graceMs).unref()
  }

  const life = runAll().catch((error) => log('error', `pod ${namespace}/${name} failed`, {reason: String(error)}))
  publish()

  return {
    seen(next) {
      pod = next
      const {deletionTimestamp, deletionGracePeriodSeconds} = next.metadata
      if (deletionTimestamp) terminate((deletionGracePeriodSeconds ?? 30) * 1000)
      publish()
    },
    pids: () => [...inits, ...mains].map((container) => container.pid()).filter((pid) => pid !== undefined),
    async shutdown(graceMs) {
      silent = true
      await end(graceMs, false)
      node.ports.release(ports.values())
    },
    async discard() {
      silent = true
      await end(0)
      release()
    },
  }
}

/** The store hands the whole object to a status function; only its status is wanted here. */
const statusIn = (current: KubeObject): Json => current.status

/** Images that nobody registers: the emulator runs them itself. */
const STAND_INS: readonly {image: RegExp; start: (node: Node) => StartStandIn}[] = [
  {image: /\/cloud-sql-proxy(?=[:@]|$)/, start: ({startProxy}) => startProxy},
  {image: /\/custom-metrics-stackdriver-adapter(?=[:@]|$)/, start: () => startMetricsAdapter},
]

function missingImage(spec: Json, status: Json): NotStartable {
  const tried = ['ErrImagePull', 'ImagePullBackOff'].includes(status?.state.waiting?.reason)
  return tried
    ? new NotStartable('ImagePullBackOff', `Back-off pulling image "${spec.image}"`)
    : new NotStartable(
        'ErrImagePull',
        `image "${spec.image}" is not registered with the emulator for container ${spec.name}`,
      )
}
