/** What the API server fills in before it checks an object (pkg/apis/<group>/<version>/defaults.go). */
import {defaultPod, defaultPodSpec, fill} from './default-pod.ts'
import type {Json, KubeObject} from './objects.ts'
import {canonicalQuantity} from './quantity.ts'

/** A copy of `object` with its defaults; stays the same when defaulted again. `resource` is the store's key. */
export function defaulted(resource: string, object: KubeObject): KubeObject {
  const draft = withoutNulls(structuredClone(object))
  DEFAULTS[resource]?.(draft)
  return draft
}

/** The API server reads null as absent. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) for (const part of value) withoutNulls(part)
  else if (typeof value === 'object' && value !== null) {
    for (const [field, part] of Object.entries(value)) part === null ? delete value[field] : withoutNulls(part)
  }
  return value
}

const DEFAULTS: Readonly<Record<string, (draft: KubeObject) => void>> = {
  namespaces(draft) {
    draft.spec = {finalizers: ['kubernetes'], ...draft.spec}
    draft.metadata.labels = {...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name}
    draft.status ??= {phase: 'Active'}
  },
  pods(draft) {
    if (draft.spec) defaultPod(draft)
    draft.status ??= {phase: 'Pending'}
  },
  secrets(draft) {
    fill(draft, {type: 'Opaque'})
    const encoded = Object.entries<string>(draft.stringData ?? {}).map(([key, text]) => [
      key,
      Buffer.from(String(text)).toString('base64'),
    ])
    if (encoded.length > 0) draft.data = {...draft.data, ...Object.fromEntries(encoded)}
    delete draft.stringData
  },
  endpoints(draft) {
    for (const {ports = []} of draft.subsets ?? []) for (const port of ports) fill(port, {protocol: 'TCP'})
  },
  services: ({spec}) => spec && defaultService(spec),
  'discovery.k8s.io/endpointslices'(draft) {
    for (const port of draft.ports ?? []) fill(port, {name: '', protocol: 'TCP'})
  },
  'apps/deployments'({spec}) {
    if (!spec) return
    fill(spec, {replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600})
    fill(spec.strategy, {type: 'RollingUpdate'})
    if (spec.strategy.type === 'RollingUpdate') {
      fill(spec.strategy, {rollingUpdate: {}})
      fill(spec.strategy.rollingUpdate, {maxSurge: '25%', maxUnavailable: '25%'})
    }
    defaultTemplate(spec)
  },
  'apps/replicasets'({spec}) {
    if (!spec) return
    fill(spec, {replicas: 1})
    defaultTemplate(spec)
  },
  'batch/jobs': defaultJob,
  'autoscaling/horizontalpodautoscalers': ({spec}) => spec && defaultAutoscaler(spec),
  'networking.k8s.io/networkpolicies'({spec}) {
    if (!spec) return
    fill(spec, {podSelector: {}, policyTypes: spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']})
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) fill(port, {protocol: 'TCP'})
    }
  },
  'scheduling.k8s.io/priorityclasses': (draft) => fill(draft, {preemptionPolicy: 'PreemptLowerPriority', value: 0}),
  'apiregistration.k8s.io/apiservices': ({spec}) => spec?.service && fill(spec.service, {port: 443}),
  'rbac.authorization.k8s.io/rolebindings': defaultBinding,
  'rbac.authorization.k8s.io/clusterrolebindings': defaultBinding,
}

function defaultTemplate(spec: Json): void {
  if (!spec.template) return
  fill(spec.template, {metadata: {}})
  if (spec.template.spec) defaultPodSpec(spec.template.spec)
}

function defaultService(spec: Json): void {
  fill(spec, {type: 'ClusterIP', sessionAffinity: 'None'})
  if (spec.sessionAffinity === 'ClientIP') fill(spec, {sessionAffinityConfig: {clientIP: {timeoutSeconds: 10_800}}})
  for (const port of spec.ports ?? []) {
    fill(port, {protocol: 'TCP', targetPort: port.port})
  }
  if (spec.type === 'ExternalName') return
  fill(spec, {internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack'})
  if (spec.type !== 'ClusterIP') fill(spec, {externalTrafficPolicy: 'Cluster'})
  if (spec.type === 'LoadBalancer') fill(spec, {allocateLoadBalancerNodePorts: true})
}

function defaultJob({spec}: KubeObject): void {
  if (!spec) return
  if (spec.completions == null && spec.parallelism == null) fill(spec, {completions: 1})
  fill(spec, {parallelism: 1, backoffLimit: spec.backoffLimitPerIndex == null ? 6 : 2_147_483_647})
  fill(spec, {completionMode: 'NonIndexed', suspend: false, manualSelector: false})
  fill(spec, {podReplacementPolicy: spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'})
  if (!spec.manualSelector) delete spec.manualSelector
  defaultTemplate(spec)
}

function defaultAutoscaler(spec: Json): void {
  fill(spec, {minReplicas: 1})
  const cpu = {type: 'Resource', resource: {name: 'cpu', target: {type: 'Utilization', averageUtilization: 80}}}
  if (!spec.metrics?.length) spec.metrics = [cpu]
  for (const metric of spec.metrics) {
    const target = (metric.resource ?? metric.external ?? metric.pods ?? metric.object ?? metric.containerResource)
      ?.target
    for (const field of ['value', 'averageValue'])
      if (target?.[field] != null) target[field] = canonicalQuantity(target[field])
  }
  if (!spec.behavior) return
  const policies = [
    {type: 'Pods', value: 4, periodSeconds: 15},
    {type: 'Percent', value: 100, periodSeconds: 15},
  ]
  fill(spec.behavior, {scaleUp: {}, scaleDown: {}})
  fill(spec.behavior.scaleUp, {stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies})
  fill(spec.behavior.scaleDown, {selectPolicy: 'Max', policies: [policies[1]]})
}

function defaultBinding(draft: KubeObject): void {
  const apiGroup = 'rbac.authorization.k8s.io'
  if (draft.roleRef) fill(draft.roleRef, {apiGroup})
  for (const subject of draft.subjects ?? []) if (subject.kind !== 'ServiceAccount') fill(subject, {apiGroup})
}
