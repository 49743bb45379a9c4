/**
 * EndpointSlices, and Endpoints for older clients. Pods stand on different ports of one host, so every pod has a slice of its own, as
 * Kubernetes makes one per set of ports. https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
import {matchesSelector} from '../../api/selectors.ts'
import type {Json, KubeObject, ObjectStore, WatchEvent} from '../../api/store.ts'
import {type Controller, type ControlPlane, keyOf} from '../controller.ts'
import {controlledBy, hashOf} from '../names.ts'
import {containerPort, hasEnded, hostPorts, isReady, isTerminating} from '../pods.ts'
import {ZONE} from '../scheduler.ts'

const SLICES = 'discovery.k8s.io/endpointslices'
const SERVICE_NAME = 'kubernetes.io/service-name'

export function endpointSlices({store}: ControlPlane): Controller {
  function reconcile(namespace: string, name: string) {
    const service = store.get('services', namespace, name)
    if (!service || service.metadata.deletionTimestamp || !service.spec.selector) return
    const pods = podsBehind(store, service).filter((pod) => pod.status?.podIP)
    const wanted = new Map(pods.map((pod) => sliceOf(store, service, pod)).map((slice) => [slice.metadata.name, slice]))
    for (const old of store.list(SLICES, {namespace, labels: {matchLabels: {[SERVICE_NAME]: name}}})) {
      if (!wanted.has(old.metadata.name)) store.remove(SLICES, namespace, old.metadata.name)
    }
    for (const slice of wanted.values()) put(SLICES, slice)
    put('endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name,
        namespace,
        labels: {...service.metadata.labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller'},
      },
      ...(pods.length > 0 && {subsets: pods.filter((pod) => !isTerminating(pod)).map((pod) => subsetOf(service, pod))}),
    })
  }

  function put(resource: string, object: KubeObject) {
    const {namespace, name} = object.metadata
    const known = store.get(resource, namespace, name)
    if (!known) return store.create(resource, object)
    return store.update(resource, {...known, ...object, metadata: {...known.metadata, ...object.metadata}})
  }

  return {
    name: 'endpointslice-controller',
    of: 'services',
    watches: {
      pods: (event) => servicesOf(store, event).map(keyOf),
      [SLICES]: ({type, object}) =>
        type === 'DELETED' ? [`${object.metadata.namespace}/${object.metadata.labels?.[SERVICE_NAME]}`] : [],
    },
    reconcile,
  }
}

/** The pods a Service selects that have a node and have not ended. */
export const podsBehind = (store: ObjectStore, {metadata, spec}: KubeObject): KubeObject[] =>
  spec.selector
    ? store
        .list('pods', {namespace: metadata.namespace!, labels: {matchLabels: spec.selector}})
        .filter((pod) => pod.spec.nodeName && !hasEnded(pod))
    : []

/** The Services that select a pod, as it is or as it was. */
export function servicesOf(store: ObjectStore, {object, previous}: WatchEvent): KubeObject[] {
  const selects = ({spec}: KubeObject, pod: KubeObject | undefined) =>
    pod !== undefined && spec.selector && matchesSelector({matchLabels: spec.selector}, pod.metadata.labels)
  return store
    .list('services', {namespace: object.metadata.namespace!})
    .filter((service) => selects(service, object) || selects(service, previous))
}

/** Where a Service's port really is on this pod: the host port of its target port. */
export function hostPortOf(pod: KubeObject, targetPort: string | number): number | undefined {
  const port = containerPort(pod, targetPort)
  return port === undefined ? undefined : (hostPorts(pod).get(port) ?? port)
}

function portsOf(service: KubeObject, pod: KubeObject): Json[] {
  return (service.spec.ports ?? []).flatMap(
    ({name = '', port, targetPort = port, protocol = 'TCP', appProtocol}: Json) => {
      const number = hostPortOf(pod, targetPort)
      return number === undefined ? [] : [{name, port: number, protocol, ...(appProtocol && {appProtocol})}]
    },
  )
}

function sliceOf(store: ObjectStore, service: KubeObject, pod: KubeObject): KubeObject {
  const {metadata, spec} = service
  const ready = isReady(pod)
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${metadata.name.slice(0, 50)}-${hashOf([pod.metadata.uid])}`,
      namespace: metadata.namespace!,
      labels: {
        ...metadata.labels,
        [SERVICE_NAME]: metadata.name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [controlledBy(service)],
    },
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: [pod.status.podIP],
        conditions: {
          ready: (ready && !isTerminating(pod)) || spec.publishNotReadyAddresses === true,
          serving: ready,
          terminating: isTerminating(pod),
        },
        nodeName: pod.spec.nodeName,
        zone: store.get('nodes', undefined, pod.spec.nodeName)?.metadata.labels?.[ZONE],
        targetRef: reference(pod),
      },
    ],
    ports: portsOf(service, pod),
  }
}

function subsetOf(service: KubeObject, pod: KubeObject): Json {
  const address = {ip: pod.status.podIP, nodeName: pod.spec.nodeName, targetRef: reference(pod)}
  return {[isReady(pod) ? 'addresses' : 'notReadyAddresses']: [address], ports: portsOf(service, pod)}
}

const reference = ({metadata}: KubeObject): Json => ({
  kind: 'Pod',
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
})
