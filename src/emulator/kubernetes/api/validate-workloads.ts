/** Pods and what makes them. `old` is there when an object is replaced. */
import {isDeepStrictEqual} from 'node:util'
import type {Json, KubeObject} from './objects.ts'
import {checkEnum, checkIntOrPercent, checkLabels, checkNonNegative, checkSelector, type Problems} from './problems.ts'
import {matchesSelector} from './selectors.ts'
import {checkPodSpec} from './validate-pod.ts'

export type Check = (problems: Problems, object: KubeObject, old: KubeObject | undefined) => void

const IMMUTABLE = 'field is immutable'

export function immutable(problems: Problems, next: Json, old: Json, field: string, why = IMMUTABLE) {
  if (old !== undefined && !isDeepStrictEqual(next, old)) problems.wrong(field, next, why)
}

function checkTemplate(problems: Problems, {selector, template}: Json, restartPolicies: readonly string[]) {
  const isEmpty = [selector?.matchLabels, selector?.matchExpressions].every(
    (part) => Object.keys(part ?? {}).length === 0,
  )
  if (!selector) problems.required('spec.selector')
  else if (isEmpty) problems.wrong('spec.selector', selector, 'empty selector is invalid for deployment')
  else checkSelector(problems, selector, 'spec.selector')
  if (!template) return problems.required('spec.template')
  checkLabels(problems, template.metadata?.labels, 'spec.template.labels')
  const labels = template.metadata?.labels ?? {}
  if (selector && !matchesSelector(selector, labels))
    problems.wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')
  checkPodSpec(problems, template.spec, 'spec.template.spec', restartPolicies)
}

export const checkDeployment: Check = (problems, {spec}, old) => {
  if (!spec) return problems.required('spec')
  for (const field of ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']) {
    checkNonNegative(problems, spec[field], `spec.${field}`)
  }
  if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0))
    problems.wrong('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds, 'must be greater than minReadySeconds')
  checkTemplate(problems, spec, ['Always'])
  const {type, rollingUpdate} = spec.strategy
  checkEnum(problems, type, 'spec.strategy.type', ['Recreate', 'RollingUpdate'])
  if (type === 'Recreate' && rollingUpdate)
    problems.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")
  const {maxSurge, maxUnavailable} = rollingUpdate ?? {}
  checkIntOrPercent(problems, maxSurge, 'spec.strategy.rollingUpdate.maxSurge')
  checkIntOrPercent(problems, maxUnavailable, 'spec.strategy.rollingUpdate.maxUnavailable')
  const zero = (value: Json) => Number.parseInt(value, 10) === 0
  if (zero(maxSurge) && zero(maxUnavailable))
    problems.wrong('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0')
  if (Number.parseInt(maxUnavailable, 10) > 100 && String(maxUnavailable).endsWith('%'))
    problems.wrong('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'must not be greater than 100%')
  if (old) immutable(problems, spec.selector, old.spec.selector, 'spec.selector')
}

export const checkReplicaSet: Check = (problems, {spec}, old) => {
  if (!spec) return problems.required('spec')
  checkNonNegative(problems, spec.replicas, 'spec.replicas')
  checkTemplate(problems, spec, ['Always'])
  if (old) immutable(problems, spec.selector, old.spec.selector, 'spec.selector')
}

export const checkJob: Check = (problems, {spec}, old) => {
  if (!spec) return problems.required('spec')
  for (const field of [
    'parallelism',
    'completions',
    'backoffLimit',
    'activeDeadlineSeconds',
    'ttlSecondsAfterFinished',
  ]) {
    checkNonNegative(problems, spec[field], `spec.${field}`)
  }
  checkTemplate(problems, spec, ['OnFailure', 'Never'])
  if (!old) return
  for (const field of ['completions', 'selector', 'completionMode', 'podFailurePolicy'])
    immutable(problems, spec[field], old.spec[field], `spec.${field}`)
  // A suspended job that never started may still change where it runs; nothing else of a template ever may.
  if (!old.spec.suspend) immutable(problems, spec.template, old.spec.template, 'spec.template')
}

const POD_MAY_CHANGE = [
  'containers',
  'initContainers',
  'activeDeadlineSeconds',
  'tolerations',
  'terminationGracePeriodSeconds',
  'nodeName',
  'schedulingGates',
]
const FIXED_POD =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export const checkPod: Check = (problems, {spec}, old) => {
  checkPodSpec(problems, spec, 'spec')
  if (!old) return
  const fixed = ({spec: each}: KubeObject) => ({
    ...Object.fromEntries(Object.entries(each).filter(([field]) => !POD_MAY_CHANGE.includes(field))),
    containers: each.containers.map(({image: _, ...rest}: Json) => rest),
  })
  if (!isDeepStrictEqual(fixed({spec} as KubeObject), fixed(old))) problems.forbidden('spec', FIXED_POD)
}
