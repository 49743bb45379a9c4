/** Conditions of a status: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/ */
import {timestamp} from '../api/objects.ts'
import type {Json, KubeObject} from '../api/store.ts'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  /** Deployments tell the last look at a condition from its last change. */
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
  readonly observedGeneration?: number
}

/** The list with this condition in its place; the transition time moves only when the status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
  now: Date,
): Condition[] {
  const list = conditions ?? []
  const before = list.find(({type}) => type === condition.type)
  const kept = before?.status === condition.status ? before.lastTransitionTime : undefined
  const next = {...condition, lastTransitionTime: kept ?? timestamp(now)}
  return before ? list.map((entry) => (entry === before ? next : entry)) : [...list, next]
}

export const conditionOf = (object: KubeObject, type: string): Condition | undefined =>
  object.status?.conditions?.find((condition: Json) => condition.type === type)

export const isTrue = (object: KubeObject, type: string): boolean => conditionOf(object, type)?.status === 'True'
