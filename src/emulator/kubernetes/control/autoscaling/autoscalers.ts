/** HorizontalPodAutoscalers: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ */
import {isDeepStrictEqual} from 'node:util'
import {timestamp} from '../../api/objects.ts'
import {quantityOf} from '../../api/quantity.ts'
import type {Json, KubeObject} from '../../api/store.ts'
import {serving} from '../api-services.ts'
import {withCondition} from '../conditions.ts'
import {type Controller, type ControlPlane, keyOf, messageOf} from '../controller.ts'
import {isActive, isReady} from '../pods.ts'
import {podRequests} from '../quantity.ts'
import type {Metrics} from './metrics.ts'
import {decide, type Past, replicasForAverageValue, replicasForUtilization, replicasForValue} from './scaling.ts'

const AUTOSCALERS = 'autoscaling/horizontalpodautoscalers'
const COMPONENT = {component: 'horizontal-pod-autoscaler'}
/** https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#how-does-a-horizontalpodautoscaler-work */
const PERIOD_MS = 15_000
/** The longest stabilisation window there is. */
const MEMORY_MS = 3_600_000
/** What workloads on Google scale by: https://cloud.google.com/kubernetes-engine/docs/tutorials/autoscaling-metrics#pubsub */
const BACKLOG = 'pubsub.googleapis.com|subscription|num_undelivered_messages'

interface Reading {
  readonly replicas: number
  /** MetricStatus. */
  readonly current: Json
}

export function autoscalers({store, record, now}: ControlPlane, metrics: Metrics): Controller {
  const pasts = new Map<string, Past>()
  /** When the metrics were looked at last, and for which spec, by the autoscaler's key. */
  const looked = new Map<string, {readonly at: number; readonly spec: Json}>()

  function forget(key: string) {
    pasts.delete(key)
    looked.delete(key)
  }

  async function reconcile(namespace: string, name: string, again: (ms: number) => void) {
    const scaler = store.get(AUTOSCALERS, namespace, name)
    const target = scaler && targetOf(scaler)
    if (!scaler) return forget(`${namespace}/${name}`)
    again(PERIOD_MS)
    if (!target)
      return conclude(scaler, undefined, {
        able: ['False', 'FailedGetScale', `${scaler.spec.scaleTargetRef.name} not found`],
      })
    const current: number = target.spec.replicas ?? 1
    const bounds = decide(scaler.spec, current, current, {recommended: [], scaled: []}, 0)
    if (bounds.replicas !== current)
      return scale(scaler, target, bounds.replicas, boundsReason(bounds.limited), [], {limited: bounds.limited})
    // Zero means off: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation
    if (current === 0)
      return conclude(scaler, target, {
        active: ['False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero'],
      })
    if (!due(scaler)) return
    await scaleByMetrics(scaler, target, current)
  }

  /** Metrics are looked at once per period, however often objects change; a changed spec counts at once. */
  function due(scaler: KubeObject): boolean {
    const at = now().getTime()
    const before = looked.get(keyOf(scaler))
    if (before && at - before.at < PERIOD_MS - 500 && isDeepStrictEqual(before.spec, scaler.spec)) return false
    looked.set(keyOf(scaler), {at, spec: scaler.spec})
    return true
  }

  async function scaleByMetrics(scaler: KubeObject, target: KubeObject, current: number) {
    const readings: Reading[] = []
    let failure: {reason: string; message: string} | undefined
    for (const metric of scaler.spec.metrics ?? []) {
      try {
        readings.push(await read(metric, scaler, target, current))
      } catch (error) {
        failure = {reason: `FailedGet${metric.type}Metric`, message: messageOf(error)}
      }
    }
    const recommended = Math.max(...readings.map(({replicas}) => replicas))
    // Without every figure it may still grow, never shrink.
    if (readings.length === 0 || (failure !== undefined && recommended < current)) {
      return conclude(scaler, target, {
        active: [
          'False',
          failure?.reason ?? 'InvalidMetricSourceType',
          `the HPA was unable to compute the replica count: ${failure?.message}`,
        ],
      })
    }
    const key = keyOf(scaler)
    const at = now().getTime()
    // As if what is there now had just been recommended: nothing shrinks in the first window.
    const past = pasts.get(key) ?? {recommended: [{at, replicas: current}], scaled: []}
    const recent = {
      recommended: [...past.recommended.filter((one) => one.at > at - MEMORY_MS), {at, replicas: recommended}],
      scaled: past.scaled.filter((one) => one.at > at - MEMORY_MS),
    }
    const verdict = decide(scaler.spec, current, recommended, recent, at)
    const change = verdict.replicas - current
    pasts.set(key, {...recent, scaled: change === 0 ? recent.scaled : [...recent.scaled, {at, change}]})
    const currentMetrics = readings.map((reading) => reading.current)
    const reason = change > 0 ? 'metrics above target' : 'All metrics below target'
    if (change !== 0) scale(scaler, target, verdict.replicas, reason, currentMetrics, verdict)
    else conclude(scaler, target, {metrics: currentMetrics, limited: verdict.limited, stabilized: verdict.stabilized})
  }

  async function read(metric: Json, scaler: KubeObject, target: KubeObject, current: number): Promise<Reading> {
    if (metric.type === 'Resource' && metric.resource.name === 'cpu') return readCpu(metric.resource, target, current)
    if (metric.type === 'External' && metric.external.metric.name === BACKLOG)
      return readBacklog(metric.external, scaler, current)
    const what = metric.external?.metric.name ?? metric.resource?.name ?? metric.type
    throw new Error(`${scaler.metadata.name}: the emulator has no figures for ${what}`)
  }

  function readCpu({target: goal}: Json, target: KubeObject, current: number): Reading {
    const rates = metrics.cpu()
    const pods = podsOf(target)
    const requested = pods.map((pod) => podRequests(pod.spec).cpu)
    if (requested.some((cpu) => cpu === 0)) throw new Error('failed to get cpu utilization: missing request for cpu')
    const figures = pods.map((pod, index) => {
      const cores = rates.get(pod.metadata.uid!)
      return {
        ready: isReady(pod),
        cores,
        utilization: cores === undefined ? undefined : (cores / requested[index]!) * 100,
      }
    })
    const known = figures.filter(({cores}) => cores !== undefined)
    if (known.length === 0) throw new Error('no metrics returned from resource metrics API')
    const cores = known.reduce((sum, {cores}) => sum + cores!, 0) / known.length
    const percent = Math.round(known.reduce((sum, {utilization}) => sum + utilization!, 0) / known.length)
    const millis = `${Math.round(cores * 1000)}m`
    const replicas =
      goal.averageUtilization === undefined
        ? replicasForAverageValue(cores * known.length, quantityOf(goal.averageValue), current)
        : replicasForUtilization(figures, goal.averageUtilization, current)
    return {
      replicas,
      current: {
        type: 'Resource',
        resource: {name: 'cpu', current: {averageUtilization: percent, averageValue: millis}},
      },
    }
  }

  async function readBacklog({metric, target: goal}: Json, {metadata}: KubeObject, current: number): Promise<Reading> {
    try {
      serving(store, 'v1beta1', 'external.metrics.k8s.io', metric.name)
    } catch (error) {
      const what = `${metadata.namespace}/${metric.name}/${JSON.stringify(metric.selector)}`
      throw new Error(
        `unable to get external metric ${what}: unable to fetch metrics from external metrics API: ${messageOf(error)}`,
      )
    }
    const subscription = metric.selector?.matchLabels?.['resource.labels.subscription_id']
    if (!subscription) throw new Error(`${BACKLOG} needs the label resource.labels.subscription_id`)
    const backlog = await metrics.backlog(subscription)
    const perPod = goal.averageValue !== undefined
    const replicas = perPod
      ? replicasForAverageValue(backlog, quantityOf(goal.averageValue), current)
      : replicasForValue(backlog, quantityOf(goal.value), current)
    const shown = perPod ? {averageValue: String(Math.ceil(backlog / current))} : {value: String(backlog)}
    return {replicas, current: {type: 'External', external: {metric, current: shown}}}
  }

  const podsOf = ({metadata, spec}: KubeObject): KubeObject[] =>
    store.list('pods', {namespace: metadata.namespace!, labels: spec.selector}).filter(isActive)

  const targetOf = ({metadata, spec}: KubeObject): KubeObject | undefined =>
    store.get(
      spec.scaleTargetRef.kind === 'ReplicaSet' ? 'apps/replicasets' : 'apps/deployments',
      metadata.namespace,
      spec.scaleTargetRef.name,
    )

  function scale(
    scaler: KubeObject,
    target: KubeObject,
    replicas: number,
    reason: string,
    metrics: Json[],
    outcome: Outcome,
  ) {
    const resource = target.kind === 'ReplicaSet' ? 'apps/replicasets' : 'apps/deployments'
    const changed = store.update(resource, {...target, spec: {...target.spec, replicas}})
    record(scaler, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`, COMPONENT)
    conclude(scaler, changed, {...outcome, metrics, scaledAt: timestamp(now())})
  }

  interface Outcome {
    readonly able?: readonly ['True' | 'False', string, string]
    readonly active?: readonly ['True' | 'False', string, string]
    readonly limited?: string | undefined
    readonly stabilized?: boolean
    readonly metrics?: Json[]
    readonly scaledAt?: string
  }

  function conclude({metadata}: KubeObject, target: KubeObject | undefined, outcome: Outcome) {
    const {limited, stabilized, scaledAt} = outcome
    const able = outcome.able ?? [
      'True',
      stabilized ? 'ScaleDownStabilized' : 'ReadyForNewScale',
      'recommended size matches current size',
    ]
    const active = outcome.active ?? ['True', 'ValidMetricFound', 'the HPA was able to compute the replica count']
    const bounded = limited
      ? (['True', limited, 'the desired replica count is outside of the acceptable range'] as const)
      : (['False', 'DesiredWithinRange', 'the desired count is within the acceptable range'] as const)
    const states = {AbleToScale: able, ScalingActive: active, ScalingLimited: bounded}
    store.updateStatus(AUTOSCALERS, metadata.namespace, metadata.name, ({status = {}}: KubeObject) => ({
      ...status,
      ...(target && {currentReplicas: target.status?.replicas ?? 0, desiredReplicas: target.spec.replicas ?? 1}),
      ...(outcome.metrics && {currentMetrics: outcome.metrics}),
      ...(scaledAt && {lastScaleTime: scaledAt}),
      conditions: Object.entries(states).reduce(
        (list, [type, [state, reason, message]]) =>
          withCondition(list, {type, status: state as 'True' | 'False', reason: reason!, message: message!}, now()),
        status.conditions,
      ),
    }))
  }

  return {
    name: 'horizontal-pod-autoscaler',
    of: AUTOSCALERS,
    watches: {
      'apps/deployments': ({object}) =>
        store
          .list(AUTOSCALERS, {namespace: object.metadata.namespace!})
          .filter(
            ({spec}) => spec.scaleTargetRef.kind === object.kind && spec.scaleTargetRef.name === object.metadata.name,
          )
          .map(keyOf),
    },
    reconcile,
    longestRetryMs: PERIOD_MS,
  }
}

const boundsReason = (limited: string | undefined): string =>
  limited === 'TooManyReplicas'
    ? 'Current number of replicas above Spec.MaxReplicas'
    : 'Current number of replicas below Spec.MinReplicas'
