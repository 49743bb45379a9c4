/** The arithmetic of the HorizontalPodAutoscaler. Pure. https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details */
import type {Json} from '../../api/store.ts'

/** No change while the ratio is this near to 1. */
export const TOLERANCE = 0.1
/** https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior */
const DOWN_WINDOW_S = 300
const DEFAULT_UP = [
  {type: 'Pods', value: 4, periodSeconds: 15},
  {type: 'Percent', value: 100, periodSeconds: 15},
]
const DEFAULT_DOWN = [{type: 'Percent', value: 100, periodSeconds: 15}]

export interface PodMetric {
  /** In percent of the request, or undefined while unknown. */
  readonly utilization: number | undefined
  readonly ready: boolean
}

/**
 * Replicas that bring the average to `target` percent. Unready pods and pods without a figure count as idle when it would grow, the latter
 * as just on target when it would shrink.
 */
export function replicasForUtilization(pods: readonly PodMetric[], target: number, current: number): number {
  const known = pods.filter((pod) => pod.ready && pod.utilization !== undefined)
  if (known.length === 0) return current
  const average = mean(known.map((pod) => pod.utilization!))
  const ratio = average / target
  const unready = pods.filter((pod) => !pod.ready).length
  const unknown = pods.length - known.length - unready
  if (unready + unknown === 0) return within(ratio) ? current : Math.ceil(ratio * known.length)
  const filler = ratio > 1 ? 0 : target
  const filled = [
    ...known.map((pod) => pod.utilization!),
    ...Array(unknown).fill(filler),
    ...Array(ratio > 1 ? unready : 0).fill(0),
  ]
  const next = mean(filled) / target
  // Never the other way than what is known points to.
  if (within(next) || (ratio > 1 && next < 1) || (ratio < 1 && next > 1)) return current
  const wanted = Math.ceil(next * filled.length)
  return (next > 1 && wanted < current) || (next < 1 && wanted > current) ? current : wanted
}

/** Replicas for a figure that all pods share, such as a backlog: the total over the target for one. */
export function replicasForAverageValue(total: number, perPod: number, current: number): number {
  return within(total / (perPod * current)) ? current : Math.ceil(total / perPod)
}

/** Replicas for a figure that must itself be on target. */
export const replicasForValue = (value: number, target: number, current: number): number =>
  within(value / target) ? current : Math.ceil((value / target) * current)

const within = (ratio: number): boolean => Math.abs(ratio - 1) <= TOLERANCE

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export interface Past {
  /** Recommendations, newest last. `at` in milliseconds. */
  readonly recommended: readonly {readonly at: number; readonly replicas: number}[]
  /** Changes made. */
  readonly scaled: readonly {readonly at: number; readonly change: number}[]
}

export interface Verdict {
  readonly replicas: number
  /** Why it is not what the metrics ask for; undefined when it is. */
  readonly limited?: 'TooFewReplicas' | 'TooManyReplicas' | 'ScaleUpLimit' | 'ScaleDownLimit'
  readonly stabilized: boolean
}

/** The recommendation after stabilisation, the policies' rates, and the bounds. */
export function decide(spec: Json, current: number, recommended: number, past: Past, now: number): Verdict {
  const {minReplicas = 1, maxReplicas, behavior = {}} = spec
  // A size outside its bounds is put right at once, whatever the policies say.
  if (current < minReplicas) return {replicas: minReplicas, limited: 'TooFewReplicas', stabilized: false}
  if (current > maxReplicas) return {replicas: maxReplicas, limited: 'TooManyReplicas', stabilized: false}
  const stable = stabilize(behavior, current, recommended, past, now)
  const stabilized = stable !== recommended
  const rated = rate(behavior, current, stable, past, now)
  const replicas = Math.min(maxReplicas, Math.max(minReplicas, rated))
  if (replicas > rated) return {replicas, limited: 'TooFewReplicas', stabilized}
  if (replicas < rated || (replicas === maxReplicas && stable > maxReplicas))
    return {replicas, limited: 'TooManyReplicas', stabilized}
  if (rated !== stable) return {replicas, limited: stable > current ? 'ScaleUpLimit' : 'ScaleDownLimit', stabilized}
  return {replicas, stabilized}
}

function stabilize(
  {scaleUp = {}, scaleDown = {}}: Json,
  current: number,
  recommended: number,
  {recommended: list}: Past,
  now: number,
): number {
  const since = (seconds: number) => list.filter(({at}) => at > now - seconds * 1000).map(({replicas}) => replicas)
  const lowest = Math.min(recommended, ...since(scaleUp.stabilizationWindowSeconds ?? 0))
  const highest = Math.max(recommended, ...since(scaleDown.stabilizationWindowSeconds ?? DOWN_WINDOW_S))
  if (current < lowest) return lowest
  return Math.min(current, highest)
}

function rate(
  {scaleUp = {}, scaleDown = {}}: Json,
  current: number,
  wanted: number,
  {scaled}: Past,
  now: number,
): number {
  if (wanted === current) return current
  const up = wanted > current
  const {selectPolicy = 'Max', policies = up ? DEFAULT_UP : DEFAULT_DOWN} = up ? scaleUp : scaleDown
  if (selectPolicy === 'Disabled') return current
  const limits: number[] = policies.map(({type, value, periodSeconds}: Json) => {
    const recent = scaled.filter(({at, change}) => at > now - periodSeconds * 1000 && change > 0 === up)
    const start = current - recent.reduce((sum, {change}) => sum + change, 0)
    if (type === 'Pods') return up ? start + value : start - value
    return up ? Math.ceil(start * (1 + value / 100)) : Math.floor(start * (1 - value / 100))
  })
  const widest = (selectPolicy === 'Max') === up ? Math.max(...limits) : Math.min(...limits)
  return up ? Math.max(current, Math.min(wanted, widest)) : Math.min(current, Math.max(wanted, widest))
}
