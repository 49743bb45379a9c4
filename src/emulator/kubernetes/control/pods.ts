/** What controllers ask of pods, and how they make them. */
import {admitted} from '../api/admission.ts'
import {resourceByKey} from '../api/resources.ts'
import type {Json, KubeObject, ObjectStore} from '../api/store.ts'
import {conditionOf, isTrue} from './conditions.ts'
import {controlledBy, generateName} from './names.ts'
import {gatesFor} from './neg/readiness-gate.ts'

/** Container ports of a pod that stand on other ports of the host: `{"8080": 31007}`. Set by the kubelet. */
export const HOST_PORTS = 'emulator/host-ports'

export const isReady = (pod: KubeObject): boolean => isTrue(pod, 'Ready')
export const isTerminating = (pod: KubeObject): boolean => pod.metadata.deletionTimestamp !== undefined
export const hasEnded = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(pod.status?.phase)
export const isActive = (pod: KubeObject): boolean => !hasEnded(pod) && !isTerminating(pod)

/** Milliseconds until a pod has been ready for `minReadySeconds`: 0 when it is available, undefined when it is not even ready. */
export function msToAvailable(pod: KubeObject, minReadySeconds: number, now: Date): number | undefined {
  if (!isReady(pod)) return undefined
  const since = Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '')
  return Math.max(0, since + minReadySeconds * 1000 - now.getTime()) || 0
}

/** Host port by container port. Empty before the pod has started. */
export function hostPorts(pod: KubeObject): ReadonlyMap<number, number> {
  const text = pod.metadata.annotations?.[HOST_PORTS]
  return new Map(
    Object.entries(text ? (JSON.parse(text) as Record<string, number>) : {}).map(([from, to]) => [Number(from), to]),
  )
}

/** All containers of a pod, init containers first. */
export const containersOf = ({spec}: KubeObject): Json[] => [...(spec.initContainers ?? []), ...(spec.containers ?? [])]

/** The number behind a port's name or number; undefined when no container declares the name. */
export function containerPort(pod: KubeObject, port: string | number): number | undefined {
  if (typeof port === 'number') return port
  if (/^\d+$/.test(port)) return Number(port)
  const declared = containersOf(pod).flatMap((container) => container.ports ?? [])
  return declared.find(({name}) => name === port)?.containerPort
}

/** Creates a pod from a template for its controller, as its admission plugins would complete it. */
export function createPod(
  store: ObjectStore,
  owner: KubeObject,
  template: Json,
  names = `${owner.metadata.name}-`,
): KubeObject {
  const namespace = owner.metadata.namespace!
  const labels = template.metadata?.labels ?? {}
  const gates = gatesFor(store, namespace, labels)
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(template.metadata?.annotations && {annotations: template.metadata.annotations}),
      labels,
      name: generateName(names),
      generateName: names,
      namespace,
      ownerReferences: [controlledBy(owner)],
    },
    spec: {
      ...template.spec,
      ...(gates.length > 0 && {readinessGates: [...(template.spec.readinessGates ?? []), ...gates]}),
    },
    status: {phase: 'Pending', qosClass: qualityOf(template.spec)},
  }
  return store.create('pods', admitted(store, resourceByKey('pods')!, pod))
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qualityOf({containers = []}: Json): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const demands = containers.map((container: Json) => container.resources ?? {})
  if (demands.every(({requests, limits}: Json) => !requests && !limits)) return 'BestEffort'
  const fixed = ({requests, limits}: Json) =>
    ['cpu', 'memory'].every((what) => limits?.[what] && (requests?.[what] ?? limits[what]) === limits[what])
  return demands.every(fixed) ? 'Guaranteed' : 'Burstable'
}
