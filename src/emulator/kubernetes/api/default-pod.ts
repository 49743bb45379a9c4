/** What the API server fills in for pods and pod templates (pkg/apis/core/v1/defaults.go). Drafts are changed in place. */
import type {Json} from './objects.ts'
import {canonicalQuantity} from './quantity.ts'

/** `field` gets `value` when it is absent. */
export function fill(target: Json, values: Json): void {
  for (const [field, value] of Object.entries(values)) if (target[field] == null) target[field] = value
}

export function canonicalQuantities(amounts: Json): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) amounts[name] = canonicalQuantity(amount)
}

export function defaultPodSpec(spec: Json): void {
  fill(spec, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    securityContext: {},
    schedulerName: 'default-scheduler',
  })
  // `serviceAccount` is the deprecated name of the same field; the API server always writes both.
  const account = spec.serviceAccountName ?? spec.serviceAccount
  if (account) Object.assign(spec, {serviceAccountName: account, serviceAccount: account})
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) defaultContainer(container)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
}

/** What pods get beyond their template: from defaulting, and from admission (service account, priority, tolerations). */
export function defaultPod(pod: Json): void {
  const {spec} = pod
  fill(spec, {serviceAccountName: 'default', enableServiceLinks: true, priority: 0})
  fill(spec, {preemptionPolicy: 'PreemptLowerPriority'})
  defaultPodSpec(spec)
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const {limits, requests} = container.resources
    if (limits) container.resources.requests = {...limits, ...requests}
  }
  const tolerations = spec.tolerations ?? []
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    if (tolerations.some((each: Json) => each.key === key || (!each.key && each.operator === 'Exists'))) continue
    tolerations.push({key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300})
  }
  spec.tolerations = tolerations
}

/** https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting */
function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  const name = image.slice(image.lastIndexOf('/') + 1)
  if (name.includes('@')) return 'IfNotPresent'
  const tag = name.split(':')[1]
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function defaultContainer(container: Json): void {
  fill(container, {
    imagePullPolicy: pullPolicyOf(container.image ?? ''),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
  })
  canonicalQuantities(container.resources.limits)
  canonicalQuantities(container.resources.requests)
  for (const port of container.ports ?? []) fill(port, {protocol: 'TCP'})
  for (const {valueFrom} of container.env ?? []) if (valueFrom?.fieldRef) fill(valueFrom.fieldRef, {apiVersion: 'v1'})
  for (const {valueFrom} of container.env ?? [])
    if (valueFrom?.resourceFieldRef) fill(valueFrom.resourceFieldRef, {divisor: '0'})
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(container[kind])
  for (const hook of Object.values<Json>(container.lifecycle ?? {})) defaultHttpGet(hook?.httpGet)
}

function defaultProbe(probe: Json): void {
  if (!probe) return
  fill(probe, {timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3})
  // Zero means absent for these.
  for (const field of ['timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']) {
    if (probe[field] === 0)
      probe[field] = {timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}[field]
  }
  if (probe.grpc) fill(probe.grpc, {service: ''})
  defaultHttpGet(probe.httpGet)
}

function defaultHttpGet(get: Json): void {
  if (get) fill(get, {path: '/', scheme: 'HTTP'})
}

function defaultVolume(volume: Json): void {
  const sources = ['secret', 'configMap', 'downwardAPI', 'projected']
  const kinds = [
    'awsElasticBlockStore',
    'azureDisk',
    'cephfs',
    'csi',
    'emptyDir',
    'ephemeral',
    'fc',
    'gcePersistentDisk',
  ]
  const known = [...sources, ...kinds, 'glusterfs', 'hostPath', 'image', 'iscsi', 'nfs', 'persistentVolumeClaim']
  if (!known.some((kind) => volume[kind])) volume.emptyDir = {}
  for (const kind of sources) if (volume[kind]) fill(volume[kind], {defaultMode: 0o644})
  if (volume.hostPath) fill(volume.hostPath, {type: ''})
  if (volume.emptyDir?.sizeLimit) volume.emptyDir.sizeLimit = canonicalQuantity(volume.emptyDir.sizeLimit)
  for (const {downwardAPI, serviceAccountToken} of volume.projected?.sources ?? []) {
    if (serviceAccountToken) fill(serviceAccountToken, {expirationSeconds: 3600})
    for (const {fieldRef} of downwardAPI?.items ?? []) if (fieldRef) fill(fieldRef, {apiVersion: 'v1'})
  }
}
