/** HorizontalPodAutoscalers (pkg/apis/autoscaling/validation/validation.go). */
import type {Json} from './objects.ts'
import {checkEnum, type Problems} from './problems.ts'
import {isQuantity} from './quantity.ts'
import type {Check} from './validate-workloads.ts'

const LONGEST_WINDOW_SECONDS = 3600

export const checkAutoscaler: Check = (problems, {spec}) => {
  if (!spec) return problems.required('spec')
  const {minReplicas, maxReplicas, scaleTargetRef, behavior} = spec
  for (const field of ['kind', 'name']) if (!scaleTargetRef?.[field]) problems.required(`spec.scaleTargetRef.${field}`)
  const version = scaleTargetRef?.apiVersion ?? ''
  if (!/^([a-z0-9.-]+\/)?v[a-z0-9]+$/.test(version))
    problems.wrong('spec.scaleTargetRef.apiVersion', version, 'apiVersion must specify API group')
  for (const direction of ['scaleUp', 'scaleDown']) {
    const seconds = behavior?.[direction]?.stabilizationWindowSeconds
    if (seconds !== undefined && !(seconds >= 0 && seconds <= LONGEST_WINDOW_SECONDS))
      problems.wrong(
        `spec.behavior.${direction}.stabilizationWindowSeconds`,
        seconds,
        `must be between 0 and ${LONGEST_WINDOW_SECONDS}`,
      )
  }
  if (!(minReplicas >= 1)) problems.wrong('spec.minReplicas', minReplicas, 'must be greater than or equal to 1')
  if (!(maxReplicas >= 1)) problems.wrong('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0')
  if (maxReplicas < minReplicas)
    problems.wrong('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')
  for (const [index, metric] of (spec.metrics ?? []).entries()) checkMetric(problems, metric, `spec.metrics[${index}]`)
}

function checkMetric(problems: Problems, metric: Json, at: string) {
  const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
  checkEnum(problems, metric.type, `${at}.type`, types)
  if (!types.includes(metric.type)) return
  const field = metric.type[0].toLowerCase() + metric.type.slice(1)
  const source = metric[field]
  if (!source) return problems.required(`${at}.${field}`, `must populate information for the given metric source`)
  const isOfMetric = metric.type === 'External' || metric.type === 'Pods' || metric.type === 'Object'
  if (isOfMetric && !source.metric?.name) problems.required(`${at}.${field}.metric.name`, 'must specify a metric name')
  if (!isOfMetric && !source.name) problems.required(`${at}.${field}.name`, 'must specify a resource name')
  const {target} = source
  if (!target) return problems.required(`${at}.${field}.target`)
  checkEnum(problems, target.type, `${at}.${field}.target.type`, ['AverageValue', 'Utilization', 'Value'])
  for (const amount of ['value', 'averageValue']) {
    if (target[amount] !== undefined && !isQuantity(target[amount]))
      problems.wrong(`${at}.${field}.target.${amount}`, target[amount], 'must be a quantity')
  }
  if (target.averageUtilization !== undefined && !(target.averageUtilization > 0))
    problems.wrong(`${at}.${field}.target.averageUtilization`, target.averageUtilization, 'must be greater than 0')
  const amounts = [target.value, target.averageValue, target.averageUtilization]
  if (amounts.every((amount) => amount === undefined))
    problems.required(`${at}.${field}.target`, 'must set a target value')
}
