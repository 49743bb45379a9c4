/** ReplicaSets: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/ */
import {controllerOf} from '../../api/objects.ts'
import {matchesSelector} from '../../api/selectors.ts'
import type {KubeObject, ObjectStore} from '../../api/store.ts'
import {type Condition, withCondition} from '../conditions.ts'
import {type Controller, type ControlPlane, messageOf, ownerKeys} from '../controller.ts'
import {createPod, isActive, isReady, msToAvailable} from '../pods.ts'

const COMPONENT = {component: 'replicaset-controller'}

export function replicaSets({store, record, now}: ControlPlane): Controller {
  function reconcile(namespace: string, name: string, again: (ms: number) => void) {
    const set = store.get('apps/replicasets', namespace, name)
    if (!set || set.metadata.deletionTimestamp) return
    const failure = scale(set)
    const {status, wait} = replicaStatus(set, podsOf(store, set), now())
    const conditions = failureCondition(set.status?.conditions, failure, now())
    store.updateStatus('apps/replicasets', namespace, name, {...status, ...(conditions.length > 0 && {conditions})})
    if (wait > 0) again(wait)
    if (failure) throw failure
  }

  /** Returns why a pod could not be created. */
  function scale(set: KubeObject): Error | undefined {
    const active = podsOf(store, set).filter(isActive)
    const missing = (set.spec.replicas ?? 1) - active.length
    for (let count = 0; count < missing; count++) {
      try {
        const pod = createPod(store, set, set.spec.template)
        record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`, COMPONENT)
      } catch (error) {
        record(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`, COMPONENT)
        return error instanceof Error ? error : new Error(String(error))
      }
    }
    for (const pod of rankForDeletion(active).slice(0, Math.max(0, -missing))) {
      store.delete('pods', pod.metadata.namespace, pod.metadata.name)
      record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`, COMPONENT)
    }
    return undefined
  }

  return {name: 'replicaset-controller', of: 'apps/replicasets', watches: {pods: ownerKeys('ReplicaSet')}, reconcile}
}

export const podsOf = (store: ObjectStore, set: KubeObject): KubeObject[] =>
  store
    .list('pods', {namespace: set.metadata.namespace!})
    .filter(
      (pod) => controllerOf(pod)?.uid === set.metadata.uid && matchesSelector(set.spec.selector, pod.metadata.labels),
    )

/** First to go: without a node, not ready, doubled up on a node, restarted more often, younger. https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset */
export function rankForDeletion(pods: readonly KubeObject[]): KubeObject[] {
  const onNode = new Map<string, number>()
  for (const {spec} of pods) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1)
  const restarts = (pod: KubeObject) =>
    Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({restartCount}: {restartCount: number}) => restartCount))
  const cost = (pod: KubeObject) =>
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  const rank = (pod: KubeObject): number[] => [
    pod.spec.nodeName ? 1 : 0,
    pod.status?.phase === 'Running' ? 1 : 0,
    isReady(pod) ? 1 : 0,
    cost(pod),
    -(onNode.get(pod.spec.nodeName) ?? 0),
    -restarts(pod),
    -Date.parse(pod.metadata.creationTimestamp ?? ''),
  ]
  return [...pods].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)]
    const at = left.findIndex((value, index) => value !== right[index])
    return at < 0 ? 0 : left[at]! - right[at]!
  })
}

/** The counts, and the milliseconds until the next ready pod becomes available. */
export function replicaStatus(set: KubeObject, pods: readonly KubeObject[], now: Date) {
  const active = pods.filter(isActive)
  const waits = active.map((pod) => msToAvailable(pod, set.spec.minReadySeconds ?? 0, now))
  const templateLabels = set.spec.template.metadata?.labels ?? {}
  const status = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matchesSelector({matchLabels: templateLabels}, pod.metadata.labels))
      .length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
    terminatingReplicas: pods.filter((pod) => pod.metadata.deletionTimestamp).length,
    observedGeneration: set.metadata.generation,
  }
  const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[]
  return {status, wait: pending.length > 0 ? Math.min(...pending) : 0}
}

/** What it said first stands until it is over (pkg/controller/replicaset): the reason names another pod with each try. */
function failureCondition(conditions: Condition[] = [], failure: Error | undefined, now: Date): Condition[] {
  const others = conditions.filter(({type}) => type !== 'ReplicaFailure')
  if (!failure) return others
  if (others.length < conditions.length) return conditions
  return withCondition(
    conditions,
    {type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure.message},
    now,
  )
}
