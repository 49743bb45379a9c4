/** What happens to every object on its way in, once it is known what the client wants: defaults, allocation, checks. */
import {randomInt, randomUUID} from 'node:crypto'
import {defaulted} from './defaults.ts'
import type {KubeObject} from './objects.ts'
import {enforce} from './pod-security.ts'
import {apiVersionOf, type ResourceType, resourceByKey, storeKey} from './resources.ts'
import {ApiError} from './status.ts'
import type {ObjectStore} from './store.ts'
import {validate} from './validate.ts'

/** `wanted` as it may be stored; `old` is what it replaces. Throws ApiError Invalid, or Forbidden for a pod. */
export function admitted(store: ObjectStore, row: ResourceType, wanted: KubeObject, old?: KubeObject): KubeObject {
  const key = storeKey(row)
  const base = resourceByKey(key)!
  const metadata = old ? wanted.metadata : {...wanted.metadata, uid: randomUUID()}
  const carried = key === 'services' && old ? keepAddresses(wanted, old) : wanted
  const draft = defaulted(key, {...carried, apiVersion: apiVersionOf(base), kind: base.kind, metadata})
  if (key === 'services') allocateAddresses(store, draft, old)
  if (key === 'pods' && !old) givePriority(store, draft)
  if (key === 'batch/jobs' && !old) claimTemplate(draft)
  validate(base, draft, old)
  if (key === 'pods') enforce(store, draft, old)
  return draft
}

/** A replacement without the addresses means the ones it has. */
function keepAddresses(wanted: KubeObject, old: KubeObject): KubeObject {
  if (!wanted.spec || !old.spec?.clusterIP || wanted.spec.type === 'ExternalName') return wanted
  const {clusterIP, clusterIPs} = old.spec
  return {...wanted, spec: {clusterIP, clusterIPs, ...wanted.spec}}
}

const NODE_PORTS = {from: 30_000, to: 32_767}

/** Addresses of GKE's managed service range, 34.118.224.0/20; nothing answers there, as on any machine outside a cluster. */
function allocateAddresses(store: ObjectStore, {spec}: KubeObject, old: KubeObject | undefined): void {
  if (!spec || spec.type === 'ExternalName') return
  const others = store.list('services').filter((each) => each.metadata.uid !== old?.metadata.uid)
  if (!spec.clusterIP) spec.clusterIP = freeAddress(new Set(others.map((each) => each.spec?.clusterIP)))
  spec.clusterIPs = [spec.clusterIP]
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return
  const taken = new Set(
    others.flatMap((each) => (each.spec?.ports ?? []).map((port: {nodePort?: number}) => port.nodePort)),
  )
  for (const port of spec.ports ?? []) {
    const before = old?.spec.ports?.find((each: {port: number}) => each.port === port.port)?.nodePort
    port.nodePort ??= before
    while (!port.nodePort || (taken.has(port.nodePort) && port.nodePort !== before)) {
      port.nodePort = randomInt(NODE_PORTS.from, NODE_PORTS.to + 1)
    }
    taken.add(port.nodePort)
  }
}

function freeAddress(taken: ReadonlySet<string>): string {
  for (;;) {
    const address = `34.118.${randomInt(224, 240)}.${randomInt(10, 255)}`
    if (!taken.has(address)) return address
  }
}

function givePriority(store: ObjectStore, {metadata, spec}: KubeObject): void {
  const name = spec?.priorityClassName
  if (!name || name.startsWith('system-')) return
  const found = store.get('scheduling.k8s.io/priorityclasses', undefined, name)
  if (!found)
    throw new ApiError(
      'Forbidden',
      `pods "${metadata.name}" is forbidden: no PriorityClass with name ${name} was found`,
    )
  spec.priority = found.value
  spec.preemptionPolicy = found.preemptionPolicy
}

/**
 * Labels and selector of a job are its uid's, unless the client chose its own: its pods are nobody else's.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector
 */
function claimTemplate({metadata, spec}: KubeObject): void {
  if (!spec?.template || spec.manualSelector) return
  const {uid, name} = metadata
  const labels = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  spec.template.metadata.labels = {...spec.template.metadata.labels, ...labels}
  spec.selector ??= {matchLabels: {'batch.kubernetes.io/controller-uid': uid}}
  metadata.labels ??= {...spec.template.metadata.labels}
}
