/** PodDisruptionBudgets: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets. Evictions spend what is allowed here. */
import {controllerOf} from '../../api/objects.ts'
import {matchesSelector} from '../../api/selectors.ts'
import type {KubeObject, ObjectStore, WatchEvent} from '../../api/store.ts'
import {type Condition, withCondition} from '../conditions.ts'
import {type Controller, type ControlPlane, keyOf} from '../controller.ts'
import {isActive, isReady} from '../pods.ts'

const BUDGETS = 'policy/poddisruptionbudgets'

export function disruptionBudgets({store, now}: ControlPlane): Controller {
  function reconcile(namespace: string, name: string) {
    const budget = store.get(BUDGETS, namespace, name)
    if (!budget) return
    const pods = podsOf(store, budget)
    const healthy = pods.filter((pod) => isReady(pod) && isActive(pod)).length
    const expected = expectedPods(store, pods)
    const desired = desiredHealthy(budget.spec, expected)
    const allowed = Math.max(0, expected > 0 ? healthy - desired : 0)
    const condition: Condition = {
      type: 'DisruptionAllowed',
      status: allowed > 0 ? 'True' : 'False',
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: budget.metadata.generation!,
    }
    store.updateStatus(BUDGETS, namespace, name, ({status}: KubeObject) => ({
      observedGeneration: budget.metadata.generation,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      disruptionsAllowed: allowed,
      conditions: withCondition(status?.conditions, condition, now()),
    }))
  }

  const budgetsOf = ({object}: WatchEvent): string[] =>
    store
      .list(BUDGETS, {namespace: object.metadata.namespace!})
      .filter(({spec}) => matchesSelector(spec.selector ?? {}, object.metadata.labels))
      .map(keyOf)
  const inNamespace = ({object}: WatchEvent) => store.list(BUDGETS, {namespace: object.metadata.namespace!}).map(keyOf)
  return {
    name: 'disruption-controller',
    of: BUDGETS,
    watches: {pods: budgetsOf, 'apps/replicasets': inNamespace},
    reconcile,
  }
}

const podsOf = (store: ObjectStore, {metadata, spec}: KubeObject): KubeObject[] =>
  store
    .list('pods', {namespace: metadata.namespace!, labels: spec.selector ?? {}})
    .filter((pod) => !pod.metadata.deletionTimestamp)

/** The wanted sizes of the pods' controllers; pods without one count themselves. */
function expectedPods(store: ObjectStore, pods: readonly KubeObject[]): number {
  const wanted = new Map<string, number>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    const set =
      owner?.kind === 'ReplicaSet' ? store.get('apps/replicasets', pod.metadata.namespace, owner.name) : undefined
    const deployment = set && controllerOf(set)
    const top = deployment && store.get('apps/deployments', pod.metadata.namespace, deployment.name)
    if (top) wanted.set(top.metadata.uid!, top.spec.replicas ?? 1)
    else if (set) wanted.set(set.metadata.uid!, set.spec.replicas ?? 1)
    else wanted.set(pod.metadata.uid!, 1)
  }
  return [...wanted.values()].reduce((sum, count) => sum + count, 0)
}

function desiredHealthy(
  {minAvailable, maxUnavailable}: {minAvailable?: string | number; maxUnavailable?: string | number},
  expected: number,
): number {
  const share = (value: string | number) =>
    typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((Number.parseInt(value, 10) * expected) / 100)
      : Number(value)
  if (maxUnavailable !== undefined) return Math.max(0, expected - share(maxUnavailable))
  return minAvailable === undefined ? 1 : share(minAvailable)
}
