/**
 * Pod Security Admission: a namespace's labels say what its pods may be. Pods are refused; what would make such pods is taken, with a
 * warning. https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
import type {Json, KubeObject} from './objects.ts'
import {BASELINE, containersOf, RESTRICTED} from './pod-security-rules.ts'
import {ApiError} from './status.ts'
import type {ObjectStore} from './store.ts'

const PREFIX = 'pod-security.kubernetes.io/'
const LEVELS = ['privileged', 'baseline', 'restricted']
const VERSION = /^(latest|v1\.(0|[1-9]\d*))$/

/** With its version, as messages name it: `restricted:latest`. */
type Policy = {readonly level: string; readonly version: string}

function policyOf(labels: Readonly<Record<string, string>>, mode: 'enforce' | 'warn'): Policy {
  const level = labels[`${PREFIX}${mode}`]
  const version = labels[`${PREFIX}${mode}-version`] ?? 'latest'
  if (level !== undefined) return {level, version}
  // Who enforces a level is warned by it too.
  return mode === 'warn' ? policyOf(labels, 'enforce') : {level: 'privileged', version}
}

interface LabelProblem {
  readonly name: string
  readonly value: string
  readonly why: string
}

/** What is wrong with a namespace's own labels. */
export const labelProblems = (labels: Readonly<Record<string, string>> = {}): LabelProblem[] =>
  ['enforce', 'audit', 'warn'].flatMap((mode) => [
    ...problem(labels, mode, (level) => LEVELS.includes(level), `must be one of ${LEVELS.join(', ')}`),
    ...problem(labels, `${mode}-version`, (version) => VERSION.test(version), 'must be "latest" or "v1.x"'),
  ])

function problem(labels: Json, mode: string, fits: (value: string) => boolean, why: string): LabelProblem[] {
  const name = `${PREFIX}${mode}`
  const value = labels[name]
  return value === undefined || fits(value) ? [] : [{name, value, why}]
}

/** How a pod breaks a policy, one line; empty when it does not. Whatever the version says, by the rules of this one. */
function breaches({level}: Policy, spec: Json): string {
  const rules =
    level === 'restricted'
      ? [...BASELINE.filter(({overridden}) => !overridden).map(({rule}) => rule), ...RESTRICTED]
      : level === 'baseline'
        ? BASELINE.map(({rule}) => rule)
        : []
  return rules
    .flatMap((rule) => rule(spec) ?? [])
    .map(({reason, detail}) => `${reason} (${detail})`)
    .join(', ')
}

const labelsAround = (store: ObjectStore, {metadata}: KubeObject) =>
  store.get('namespaces', undefined, metadata.namespace!)?.metadata.labels ?? {}
const named = ({level, version}: Policy) => `PodSecurity "${level}:${version}"`

/** Of an update only what could make the difference counts: its images are all of a pod that may change. */
const matters = (pod: KubeObject, old: KubeObject | undefined): boolean =>
  old === undefined || imagesOf(pod) !== imagesOf(old)
const imagesOf = ({spec}: KubeObject) => JSON.stringify(containersOf(spec).map(({image}) => image))

/** Throws ApiError Forbidden for a pod that its namespace does not take. `old` is what it replaces. */
export function enforce(store: ObjectStore, pod: KubeObject, old: KubeObject | undefined): void {
  if (!matters(pod, old)) return
  const policy = policyOf(labelsAround(store, pod), 'enforce')
  const what = breaches(policy, pod.spec)
  if (!what) return
  const {name} = pod.metadata
  const message = `pods "${name}" is forbidden: violates ${named(policy)}: ${what}`
  throw new ApiError('Forbidden', message, {name, kind: 'pods'})
}

/** By the store's key: where the pod's spec is. */
const TEMPLATES: Readonly<Record<string, (object: KubeObject) => Json>> = {
  pods: ({spec}) => spec,
  'apps/deployments': ({spec}) => spec?.template?.spec,
  'apps/replicasets': ({spec}) => spec?.template?.spec,
  'batch/jobs': ({spec}) => spec?.template?.spec,
}

/** What the writer of a pod, or of what makes pods, is told about it. */
export function warningsOf(store: ObjectStore, key: string, object: KubeObject, old: KubeObject | undefined): string[] {
  const spec = TEMPLATES[key]?.(object)
  if (!spec || (key === 'pods' && !matters(object, old))) return []
  const policy = policyOf(labelsAround(store, object), 'warn')
  const what = breaches(policy, spec)
  return what ? [`would violate ${named(policy)}: ${what}`] : []
}
