/** The rules of each kind. */
import {isDeepStrictEqual} from 'node:util'
import type {Json} from './objects.ts'
import {labelProblems as securityLabelProblems} from './pod-security.ts'
import {
  checkEnum,
  checkIntOrPercent,
  checkLabels,
  checkPort,
  checkSelector,
  isPortName,
  labelProblem,
} from './problems.ts'
import {checkApiService} from './validate-api-service.ts'
import {checkAutoscaler} from './validate-autoscaler.ts'
import {checkSecretSync} from './validate-custom.ts'
import {checkPolicy} from './validate-network-policy.ts'
import {type Check, checkDeployment, checkJob, checkPod, checkReplicaSet, immutable} from './validate-workloads.ts'

const checkService: Check = (problems, {metadata, spec}, old) => {
  const problem = labelProblem(metadata.name)
  if (problem) problems.wrong('metadata.name', metadata.name, problem)
  if (!spec) return problems.required('spec')
  checkEnum(problems, spec.type, 'spec.type', ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'])
  checkEnum(problems, spec.sessionAffinity, 'spec.sessionAffinity', ['ClientIP', 'None'])
  checkLabels(problems, spec.selector, 'spec.selector')
  const ports: Json[] = spec.ports ?? []
  if (spec.type === 'ExternalName') {
    if (!spec.externalName) problems.required('spec.externalName')
  } else if (ports.length === 0 && spec.clusterIP !== 'None') problems.required('spec.ports')
  const seen = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`
    checkPort(problems, port.port, `${at}.port`)
    checkEnum(problems, port.protocol, `${at}.protocol`, ['SCTP', 'TCP', 'UDP'])
    if (typeof port.targetPort === 'number') checkPort(problems, port.targetPort, `${at}.targetPort`)
    else if (port.targetPort !== undefined && !isPortName(port.targetPort))
      problems.wrong(`${at}.targetPort`, port.targetPort, 'must be a valid port name')
    if (port.name && labelProblem(port.name)) problems.wrong(`${at}.name`, port.name, labelProblem(port.name)!)
    if (ports.length > 1 && !port.name) problems.required(`${at}.name`)
    for (const key of [port.name && `name ${port.name}`, `${port.port}/${port.protocol}`].filter(Boolean)) {
      if (seen.has(key))
        problems.duplicate(
          key.startsWith('name ') ? `${at}.name` : at,
          key.startsWith('name ') ? port.name : {port: port.port, protocol: port.protocol},
        )
      seen.add(key)
    }
  }
  if (old && old.spec.type !== 'ExternalName' && spec.type !== 'ExternalName')
    immutable(problems, spec.clusterIP, old.spec.clusterIP, 'spec.clusterIP', 'may not change once set')
}

const checkDisruptionBudget: Check = (problems, {spec = {}}) => {
  const {minAvailable, maxUnavailable} = spec
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    problems.wrong('spec', {minAvailable, maxUnavailable}, 'minAvailable and maxUnavailable cannot be both set')
  checkIntOrPercent(problems, minAvailable, 'spec.minAvailable')
  checkIntOrPercent(problems, maxUnavailable, 'spec.maxUnavailable')
  checkSelector(problems, spec.selector, 'spec.selector')
  if (spec.unhealthyPodEvictionPolicy !== undefined)
    checkEnum(problems, spec.unhealthyPodEvictionPolicy, 'spec.unhealthyPodEvictionPolicy', [
      'AlwaysAllow',
      'IfHealthyBudget',
    ])
}

const KEY = /^[-._a-zA-Z0-9]{1,253}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const MOST_BYTES = 1024 * 1024

/** ConfigMaps and Secrets. */
const checkData: Check = (problems, object, old) => {
  let size = 0
  for (const field of ['data', 'binaryData']) {
    for (const [key, value] of Object.entries<Json>(object[field] ?? {})) {
      if (!KEY.test(key))
        problems.wrong(
          `${field}[${key}]`,
          key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        )
      if (typeof value !== 'string') problems.wrong(`${field}[${key}]`, value, 'must be a string')
      else if (object.kind === 'Secret' && !BASE64.test(value)) problems.wrong(`${field}[${key}]`, '', 'must be base64')
      size += String(value).length
    }
  }
  if (size > MOST_BYTES) problems.wrong('', '', `must have at most ${MOST_BYTES} bytes`)
  if (object.kind === 'Secret' && old) immutable(problems, object.type, old.type, 'type')
  if (!old?.immutable) return
  const why = 'field is immutable when `immutable` is set'
  if (!object.immutable) problems.forbidden('immutable', why)
  for (const field of ['data', 'binaryData'])
    if (!isDeepStrictEqual(object[field] ?? {}, old[field] ?? {})) problems.forbidden(field, why)
}

const checkBinding: Check = (problems, {roleRef, subjects = []}, old) => {
  if (!roleRef?.name) problems.required('roleRef.name')
  else checkEnum(problems, roleRef.kind, 'roleRef.kind', ['ClusterRole', 'Role'])
  if (old) immutable(problems, roleRef, old.roleRef, 'roleRef', 'cannot change roleRef')
  for (const [index, {kind, name}] of subjects.entries()) {
    checkEnum(problems, kind, `subjects[${index}].kind`, ['Group', 'ServiceAccount', 'User'])
    if (!name) problems.required(`subjects[${index}].name`)
  }
}

const checkPriorityClass: Check = (problems, object, old) => {
  if (object.value > 1_000_000_000)
    problems.forbidden('value', 'maximum allowed value of a user defined priority is 1000000000')
  if (old && object.value !== old.value) problems.forbidden('value', 'may not be changed in an update.')
}

const checkNamespace: Check = (problems, {metadata}) => {
  const problem = labelProblem(metadata.name)
  if (problem) problems.wrong('metadata.name', metadata.name, problem)
  for (const {name, value, why} of securityLabelProblems(metadata.labels))
    problems.wrong(`metadata.labels[${name}]`, value, why)
}

export const CHECKS: Readonly<Record<string, Check>> = {
  namespaces: checkNamespace,
  pods: checkPod,
  services: checkService,
  configmaps: checkData,
  secrets: checkData,
  'apps/deployments': checkDeployment,
  'apps/replicasets': checkReplicaSet,
  'batch/jobs': checkJob,
  'autoscaling/horizontalpodautoscalers': checkAutoscaler,
  'policy/poddisruptionbudgets': checkDisruptionBudget,
  'networking.k8s.io/networkpolicies': checkPolicy,
  'scheduling.k8s.io/priorityclasses': checkPriorityClass,
  'apiregistration.k8s.io/apiservices': checkApiService,
  'secret-sync.gke.io/secretsyncs': checkSecretSync,
  'rbac.authorization.k8s.io/rolebindings': checkBinding,
  'rbac.authorization.k8s.io/clusterrolebindings': checkBinding,
}
