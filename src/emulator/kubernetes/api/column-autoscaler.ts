/** `cpu: 40%/60%` and its kin. */
import {listed} from './column.ts'
import type {Json, KubeObject} from './objects.ts'

const SOURCES: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
}

export function autoscalerTargets({spec, status}: KubeObject): string {
  // autoscaling/v1 has the one figure only.
  if (!spec.metrics) {
    const target = spec.targetCPUUtilizationPercentage
    return target === undefined ? '<none>' : `cpu: ${percent(status?.currentCPUUtilizationPercentage)}/${target}%`
  }
  const shown = spec.metrics
    .slice(0, 2)
    .map((metric: Json, index: number) => metricText(metric, status?.currentMetrics?.[index]))
  return spec.metrics.length > 2
    ? `${listed(shown)} + ${spec.metrics.length - 2} more...`
    : shown.join(', ') || '<none>'
}

function metricText(metric: Json, current: Json): string {
  const source = SOURCES[metric.type]!
  const {target, name} = metric[source]
  const now = current?.[source]?.current ?? {}
  const label = metric.type.endsWith('esource') ? `${name}: ` : ''
  if (target.averageUtilization !== undefined)
    return `${label}${percent(now.averageUtilization)}/${target.averageUtilization}%`
  if (target.averageValue !== undefined)
    return `${label}${now.averageValue ?? '<unknown>'}/${target.averageValue}${label ? '' : ' (avg)'}`
  return `${label}${now.value ?? '<unknown>'}/${target.value}`
}

const percent = (value: number | undefined) => (value === undefined ? '<unknown>' : `${value}%`)
