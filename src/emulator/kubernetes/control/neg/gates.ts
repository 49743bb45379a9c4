/** The load balancer's word on a pod's readiness. https://cloud.google.com/kubernetes-engine/docs/concepts/container-native-load-balancing#pod_readiness */
import type {Json, KubeObject, ObjectStore} from '../../api/store.ts'
import {type Condition, conditionOf, isTrue, withCondition} from '../conditions.ts'
import {isTerminating} from '../pods.ts'
import type {ListedEndpoint} from './compute.ts'
import {GATE} from './readiness-gate.ts'

/** A pod that waited this long is let through. Source: kubernetes/ingress-gce pkg/neg/readiness */
const TIMEOUT_MS = 600_000

/** Pods that are ready but for their gate. */
export const waitingPods = (pods: readonly KubeObject[]): KubeObject[] =>
  pods.filter(
    (pod) =>
      pod.spec.readinessGates?.some(({conditionType}: Json) => conditionType === GATE) &&
      !isTrue(pod, GATE) &&
      isTrue(pod, 'ContainersReady') &&
      !isTerminating(pod),
  )

/** Sets each pod's condition by what the load balancer says of its endpoint. Returns whether some are still closed. */
export function writeGates(
  store: ObjectStore,
  pods: readonly KubeObject[],
  entryOf: (pod: KubeObject) => ListedEndpoint | undefined,
  group: string,
  now: Date,
): boolean {
  let closed = false
  for (const pod of pods) {
    const condition = gateOf(pod, entryOf(pod), group, now)
    if (condition.status !== 'True') closed = true
    store.updateStatus('pods', pod.metadata.namespace, pod.metadata.name, ({status}: KubeObject) => ({
      ...status,
      conditions: withCondition(status?.conditions, condition, now),
    }))
  }
  return closed
}

/** Pure. */
export function gateOf(pod: KubeObject, entry: ListedEndpoint | undefined, group: string, now: Date): Condition {
  const open = (reason: string, message: string): Condition => ({type: GATE, status: 'True', reason, message})
  if (entry && !entry.healths?.length) {
    const message = `Pod is in NEG "${group}". NEG is not attached to any BackendService with health checking. Marking condition "${GATE}" to True.`
    return open('LoadBalancerNegWithoutHealthCheck', message)
  }
  if (entry?.healths?.some(({healthState}) => healthState === 'HEALTHY')) {
    return open(
      'LoadBalancerNegReady',
      `Pod has become Healthy in NEG "${group}" attached to BackendService. Marking condition "${GATE}" to True.`,
    )
  }
  const since = Date.parse(conditionOf(pod, 'ContainersReady')?.lastTransitionTime ?? '')
  if (now.getTime() - since >= TIMEOUT_MS) {
    return open(
      'LoadBalancerNegTimeout',
      `Timeout waiting for pod to become healthy in at least one of the NEG(s): [${group}]. Marking condition "${GATE}" to True.`,
    )
  }
  const message = `Waiting for pod to become healthy in at least one of the NEG(s): [${group}]`
  return {type: GATE, status: 'False', reason: 'LoadBalancerNegNotReady', message}
}
