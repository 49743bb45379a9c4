/** A Deployment's status and its conditions. Pure. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status */
import {timestamp} from '../../api/objects.ts'
import type {Json, KubeObject} from '../../api/store.ts'
import {type Condition, conditionOf, withCondition} from '../conditions.ts'
import {boundsOf, sum, wanted} from './rollout.ts'

const count = (sets: readonly KubeObject[], field: string) => sum(sets, (set) => set.status?.[field] ?? 0)

/** Counts and the Available condition; Progressing is left as it was. */
export function countStatus(
  deployment: KubeObject,
  current: KubeObject | undefined,
  sets: readonly KubeObject[],
  now: Date,
): Json {
  const available = count(sets, 'availableReplicas')
  const replicas = count(sets, 'replicas')
  const {spec, metadata, status = {}} = deployment
  const enough = available >= wanted(spec) - boundsOf(spec).maxUnavailable
  const condition: Condition = enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
  return {
    observedGeneration: metadata.generation,
    replicas,
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: count(sets, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, (set) => wanted(set.spec)) - available),
    terminatingReplicas: count(sets, 'terminatingReplicas'),
    conditions: withFailure(withCondition(status.conditions, stamped(condition, status.conditions, now), now), current),
  }
}

function withFailure(conditions: Condition[], current: KubeObject | undefined): Condition[] {
  const failure = current && conditionOf(current, 'ReplicaFailure')
  return [...conditions.filter(({type}) => type !== 'ReplicaFailure'), ...(failure ? [failure] : [])]
}

/** lastUpdateTime moves when the reason does. */
function stamped(condition: Condition, before: readonly Condition[] | undefined, now: Date): Condition {
  const same = before?.find(({type}) => type === condition.type)
  const unchanged = same?.reason === condition.reason && same?.status === condition.status
  return {...condition, lastUpdateTime: (unchanged && same?.lastUpdateTime) || timestamp(now)}
}

export interface Progress {
  readonly status: Json
  /** Milliseconds until the deadline has to be looked at; 0: no need. */
  readonly wait: number
}

/** `status` with the Progressing condition: complete, moving, or over its deadline. */
export function withProgress(
  deployment: KubeObject,
  status: Json,
  current: KubeObject | undefined,
  now: Date,
): Progress {
  const {spec} = deployment
  const deadlineMs = (spec.progressDeadlineSeconds ?? 600) * 1000
  const before = conditionOf(deployment, 'Progressing')
  const subject = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  const set = (state: 'True' | 'False', reason: string, message: string, fresh = true): Json => {
    const same = before?.reason === reason && before.status === state
    const lastUpdateTime = (!fresh && same && before.lastUpdateTime) || timestamp(now)
    const condition: Condition = {type: 'Progressing', status: state, reason, message, lastUpdateTime}
    return {...status, conditions: withCondition(status.conditions, condition, now)}
  }
  const settled = before?.reason === 'NewReplicaSetAvailable' && status.replicas === status.updatedReplicas
  if (settled) return {status, wait: 0}
  if (isComplete(spec, status)) {
    return {status: set('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`, false), wait: 0}
  }
  if (hasMoved(deployment.status ?? {}, status)) {
    return {status: set('True', 'ReplicaSetUpdated', `${subject} is progressing.`), wait: deadlineMs}
  }
  if (before?.reason === 'ProgressDeadlineExceeded' || !before || before.reason === 'NewReplicaSetAvailable')
    return {status, wait: 0}
  const left = Date.parse(before.lastUpdateTime ?? '') + deadlineMs - now.getTime()
  if (left > 0) return {status, wait: left + 100}
  return {status: set('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`), wait: 0}
}

export const isComplete = (spec: Json, {updatedReplicas, replicas, availableReplicas}: Json): boolean =>
  [updatedReplicas, replicas, availableReplicas].every((value) => value === wanted(spec))

function hasMoved(before: Json, after: Json): boolean {
  const old = (status: Json) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  const more = (field: string) => (after[field] ?? 0) > (before[field] ?? 0)
  return more('updatedReplicas') || more('readyReplicas') || more('availableReplicas') || old(after) < old(before)
}
