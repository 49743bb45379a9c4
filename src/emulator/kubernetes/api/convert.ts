/** Between the version an object is stored in and the ones it is also served in: autoscaling/v1 and events.k8s.io/v1. */
import type {Json, KubeObject} from './objects.ts'
import {apiVersionOf, type ResourceType} from './resources.ts'

/** A stored object as `row`'s version. */
export function served(row: ResourceType, object: KubeObject): KubeObject {
  if (!row.storedAs) return object
  const converted = row.group === 'autoscaling' ? autoscalerToV1(object) : eventToEvents(object)
  return {...converted, apiVersion: apiVersionOf(row), kind: row.kind}
}

/** An object in `row`'s version as it is stored. */
export function stored(row: ResourceType, object: KubeObject): KubeObject {
  if (!row.storedAs) return object
  return row.group === 'autoscaling' ? autoscalerFromV1(object) : eventFromEvents(object)
}

const cpuOf = (metrics: Json[] = []) => metrics.find((metric) => metric.resource?.name === 'cpu')?.resource

function autoscalerToV1({spec = {}, status, ...rest}: KubeObject): KubeObject {
  const {metrics, behavior: _, ...same} = spec
  const target = cpuOf(metrics)?.target?.averageUtilization
  const current = cpuOf(status?.currentMetrics)?.current?.averageUtilization
  const {currentMetrics: _m, conditions: _c, ...counts} = status ?? {}
  return {
    ...rest,
    spec: {...same, ...(target !== undefined && {targetCPUUtilizationPercentage: target})},
    ...(status && {status: {...counts, ...(current !== undefined && {currentCPUUtilizationPercentage: current})}}),
  }
}

function autoscalerFromV1({spec = {}, ...rest}: KubeObject): KubeObject {
  const {targetCPUUtilizationPercentage: averageUtilization, ...same} = spec
  const target = {type: 'Utilization', averageUtilization}
  const metrics = [{type: 'Resource', resource: {name: 'cpu', target}}]
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    spec: {...same, ...(averageUtilization !== undefined && {metrics})},
  }
}

/** Core field → field of events.k8s.io. */
const EVENT_FIELDS = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
] as const

function renamed(object: KubeObject, names: readonly (readonly [string, string])[]): KubeObject {
  const next = {...object}
  for (const [from, to] of names) {
    if (!(from in next)) continue
    next[to] = next[from]
    delete next[from]
  }
  return next
}

const eventToEvents = (object: KubeObject) => renamed(object, EVENT_FIELDS)
const eventFromEvents = (object: KubeObject) => ({
  ...renamed(
    object,
    EVENT_FIELDS.map(([core, other]) => [other, core]),
  ),
  apiVersion: 'v1',
})
