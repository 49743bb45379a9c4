/**
 * Standalone NEGs: a Service's pods as endpoints of one network endpoint group per zone.
 * https://cloud.google.com/kubernetes-engine/docs/how-to/standalone-neg
 */
import {timestamp} from '../../api/objects.ts'
import type {KubeObject, ObjectStore} from '../../api/store.ts'
import {isTrue, withCondition} from '../conditions.ts'
import {type Controller, type ControlPlane, keyOf, messageOf} from '../controller.ts'
import {hostPortOf, podsBehind, servicesOf} from '../network/endpoints.ts'
import {isTerminating} from '../pods.ts'
import {ZONE} from '../scheduler.ts'
import {NEG_STATUS, type NegPort, negPorts} from './annotations.ts'
import type {Endpoint, Group, GroupApi} from './compute.ts'
import {waitingPods, writeGates} from './gates.ts'
import {FINALIZER, newRecord, RECORDS, SERVICE_NAME, zonesIn} from './record.ts'

const COMPONENT = {component: 'neg-controller'}
/** How often health is asked for while pods wait at their gate. */
const GATE_POLL_MS = 1_000
/** How long what was attached last is taken to be so still. */
const TRUSTED_MS = 50_000

export interface NegOptions extends ControlPlane {
  readonly api: GroupApi
  readonly cluster: string
  readonly zones: readonly string[]
  readonly network?: string
}

export function negController(options: NegOptions): Controller {
  const {store, record, now, api, zones} = options
  /** What is attached, by zone and name, as seen or made `at`. */
  const attached = new Map<string, {readonly keys: ReadonlySet<string>; readonly at: number}>()

  async function reconcile(namespace: string, name: string, again: (ms: number) => void) {
    const service = store.get('services', namespace, name)
    const wanted = service && !service.metadata.deletionTimestamp ? negPorts(service) : []
    for (const old of store.list(RECORDS, {namespace, labels: {matchLabels: {[SERVICE_NAME]: name}}})) {
      if (old.metadata.deletionTimestamp || !wanted.some((port) => port.name === old.metadata.name))
        await removeGroups(old)
    }
    if (!service) return
    annotate(service, wanted)
    for (const port of wanted) await sync(service, port, again)
  }

  async function sync(service: KubeObject, port: NegPort, again: (ms: number) => void) {
    const {namespace} = service.metadata
    if (store.get(RECORDS, namespace, port.name)?.metadata.deletionTimestamp) return
    if (!store.get(RECORDS, namespace, port.name)) store.create(RECORDS, newRecord(service, port))
    try {
      // What has to go goes first, and in all zones at once.
      const groups = await Promise.all(zones.map((zone) => ensureGroup(zone, service, port)))
      await Promise.all(zones.map((zone) => syncEndpoints(zone, port, endpointsIn(zone, service, port))))
      writeStatus(service, port, groups)
      if (await openGates(service, port)) again(GATE_POLL_MS)
    } catch (error) {
      for (const zone of zones) attached.delete(`${zone}/${port.name}`)
      writeFailure(service, port, messageOf(error))
      throw error
    }
  }

  async function ensureGroup(zone: string, service: KubeObject, port: NegPort): Promise<Group> {
    const description = describe(options.cluster, service, port)
    const found = await api.get(zone, port.name)
    if (found && found.description !== description) {
      throw new Error(
        `NEG ${port.name} in ${zone} exists already and belongs to something else: ${found.description ?? '(no description)'}`,
      )
    }
    if (found) return found
    attached.delete(`${zone}/${port.name}`)
    await api.insert(zone, {name: port.name, description, ...(options.network && {network: options.network})})
    record(service, 'Normal', 'Create', `Created NEG "${port.name}" for ${keyOf(service)} in "${zone}".`, COMPONENT)
    return (await api.get(zone, port.name))!
  }

  /** Pods whose containers are ready: the rest of readiness is the gate, which waits for the endpoint. */
  function endpointsIn(zone: string, service: KubeObject, port: NegPort): Endpoint[] {
    const here = podsBehind(store, service).filter((pod) => zoneOf(store, pod) === zone)
    return here
      .filter((pod) => isTrue(pod, 'ContainersReady') && !isTerminating(pod))
      .flatMap((pod) => {
        const endpoint = endpointOf(pod, port)
        return endpoint ? [endpoint] : []
      })
  }

  async function syncEndpoints(zone: string, {name}: NegPort, wanted: readonly Endpoint[]) {
    const place = `${zone}/${name}`
    const known = attached.get(place)
    const fresh = known && now().getTime() - known.at < TRUSTED_MS
    const have = fresh
      ? known.keys
      : new Set((await api.list(zone, name)).map(({networkEndpoint}) => keyOfEndpoint(networkEndpoint)))
    const keys = new Set(wanted.map(keyOfEndpoint))
    const surplus = [...have].filter((key) => !keys.has(key))
    if (surplus.length > 0) await api.detach(zone, name, surplus.map(endpointOfKey))
    const missing = wanted.filter((endpoint) => !have.has(keyOfEndpoint(endpoint)))
    if (missing.length > 0) await api.attach(zone, name, missing)
    attached.set(place, {keys, at: now().getTime()})
  }

  /** Whether pods still wait for their load balancer. */
  async function openGates(service: KubeObject, port: NegPort): Promise<boolean> {
    const waiting = waitingPods(podsBehind(store, service))
    if (waiting.length === 0) return false
    const asked = [...new Set(waiting.map((pod) => zoneOf(store, pod)))].filter((zone) => zone !== undefined)
    const listed = (await Promise.all(asked.map((zone) => api.list(zone, port.name, true)))).flat()
    const health = new Map(listed.map((entry) => [keyOfEndpoint(entry.networkEndpoint), entry]))
    const entryOf = (pod: KubeObject) => {
      const endpoint = endpointOf(pod, port)
      return endpoint && health.get(keyOfEndpoint(endpoint))
    }
    return writeGates(store, waiting, entryOf, port.name, now())
  }

  async function removeGroups(old: KubeObject) {
    const {namespace, name} = old.metadata
    if (!old.metadata.deletionTimestamp) store.delete(RECORDS, namespace, name)
    for (const zone of new Set([...zonesIn(old), ...zones])) {
      attached.delete(`${zone}/${name}`)
      if (!(await api.get(zone, name))) continue
      const left = await api.list(zone, name)
      if (left.length > 0)
        await api.detach(
          zone,
          name,
          left.map(({networkEndpoint}) => networkEndpoint),
        )
      await api.remove(zone, name)
    }
    const marked = store.get(RECORDS, namespace, name)
    if (!marked) return
    const finalizers = (marked.metadata.finalizers ?? []).filter((one) => one !== FINALIZER)
    store.update(RECORDS, {...marked, metadata: {...marked.metadata, finalizers}})
  }

  function annotate(service: KubeObject, wanted: readonly NegPort[]) {
    const names = Object.fromEntries(wanted.map(({port, name}) => [String(port), name]))
    const text = wanted.length > 0 ? JSON.stringify({network_endpoint_groups: names, zones}) : undefined
    const {[NEG_STATUS]: before, ...others} = service.metadata.annotations ?? {}
    if (before === text) return
    const annotations = {...others, ...(text !== undefined && {[NEG_STATUS]: text})}
    store.update('services', {...service, metadata: {...service.metadata, annotations}})
  }

  const update = ({metadata}: KubeObject, {name}: NegPort, change: (status: KubeObject['status']) => object) =>
    store.updateStatus(RECORDS, metadata.namespace, name, (current: KubeObject) => change(current.status ?? {}))

  function writeStatus(service: KubeObject, port: NegPort, groups: readonly Group[]) {
    const ready = (type: string, reason: string) => ({type, status: 'True' as const, reason, message: ''})
    update(service, port, (status) => {
      const conditions = [
        ready('Initialized', 'NegInitializationSuccessful'),
        ready('Synced', 'NegSyncSuccessful'),
      ].reduce((list, condition) => withCondition(list, condition, now()), status.conditions)
      const same = JSON.stringify(conditions) === JSON.stringify(status.conditions)
      return {
        ...status,
        networkEndpointGroups: groups.map(({id, selfLink}) => ({
          id,
          selfLink,
          networkEndpointType: 'GCE_VM_IP_PORT',
          state: 'ACTIVE',
        })),
        conditions,
        lastSyncTime: same ? (status.lastSyncTime ?? timestamp(now())) : timestamp(now()),
      }
    })
  }

  function writeFailure(service: KubeObject, port: NegPort, message: string) {
    const condition = {type: 'Synced', status: 'False' as const, reason: 'NegSyncFailed', message}
    update(service, port, (status) => ({...status, conditions: withCondition(status.conditions, condition, now())}))
  }

  return {
    name: 'neg-controller',
    of: 'services',
    watches: {
      pods: (event) =>
        servicesOf(store, event)
          .filter((service) => negPorts(service).length > 0)
          .map(keyOf),
      [RECORDS]: ({type, object}) =>
        object.metadata.deletionTimestamp || type === 'DELETED'
          ? [`${object.metadata.namespace}/${object.metadata.labels?.[SERVICE_NAME]}`]
          : [],
    },
    reconcile,
    longestRetryMs: 2_000,
  }
}

const zoneOf = (store: ObjectStore, {spec}: KubeObject): string | undefined =>
  store.get('nodes', undefined, spec.nodeName)?.metadata.labels?.[ZONE]

function endpointOf(pod: KubeObject, {targetPort}: NegPort): Endpoint | undefined {
  const port = hostPortOf(pod, targetPort)
  return port === undefined ? undefined : {ipAddress: '127.0.0.1', port, instance: pod.spec.nodeName}
}

const keyOfEndpoint = ({ipAddress, port}: Endpoint): string => `${ipAddress}:${port}`

const endpointOfKey = (key: string): Endpoint => {
  const [ipAddress = '', port = ''] = key.split(':')
  return {ipAddress, port: Number(port)}
}

/** As GKE's controller describes what it owns. */
const describe = (cluster: string, {metadata}: KubeObject, {port}: NegPort): string =>
  JSON.stringify({
    'cluster-uid': cluster,
    namespace: metadata.namespace,
    'service-name': metadata.name,
    port: String(port),
  })
