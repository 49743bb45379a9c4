/** kubectl's usual columns per resource. */
import {
  AGE,
  CONTAINERS,
  count,
  IMAGES,
  labelsText,
  listed,
  NAME,
  orNone,
  SELECTOR,
  since,
  text,
  wide,
} from './column.ts'
import {autoscalerTargets} from './column-autoscaler.ts'
import {podReady, podRestarts, podStatus} from './column-pod.ts'
import type {Json, KubeObject} from './objects.ts'
import type {Column} from './table.ts'

export const DEFAULT_COLUMNS: readonly Column[] = [NAME, text('Created At', ({metadata}) => metadata.creationTimestamp)]

const keysIn = (object: Json) => Object.keys(object ?? {}).length

const servicePorts = ({spec}: KubeObject) =>
  orNone(
    listed(
      (spec.ports ?? []).map(({port, nodePort, protocol}: Json) =>
        nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
      ),
    ),
  )

function externalAddress({spec, status}: KubeObject): string {
  if (spec.type === 'ExternalName') return spec.externalName
  const given = (status?.loadBalancer?.ingress ?? []).map((each: Json) => each.ip ?? each.hostname)
  if (spec.type === 'LoadBalancer') return given.length > 0 ? listed(given) : '<pending>'
  return orNone(listed(spec.externalIPs ?? []))
}

function nodeStatus({spec, status}: KubeObject): string {
  const ready = status?.conditions?.find((each: Json) => each.type === 'Ready')?.status
  const state = ready === 'True' ? 'Ready' : ready === undefined ? 'Unknown' : 'NotReady'
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state
}

const addressOf = ({status}: KubeObject, type: string) =>
  orNone(status?.addresses?.find((each: Json) => each.type === type)?.address)

function jobStatus({metadata, status}: KubeObject): string {
  const holds = (type: string) => status?.conditions?.some((each: Json) => each.type === type && each.status === 'True')
  if (metadata.deletionTimestamp) return 'Terminating'
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (holds('Suspended')) return 'Suspended'
  if (holds('FailureTarget')) return 'FailureTarget'
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function jobDuration({status}: KubeObject, now: Date): string {
  if (!status?.startTime) return ''
  return since(status.startTime, status.completionTime ? new Date(status.completionTime) : now)
}

function jobCompletions({spec, status}: KubeObject): string {
  const done = status?.succeeded ?? 0
  if (spec.completions != null) return `${done}/${spec.completions}`
  return spec.parallelism > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

function endpointsText({subsets = []}: KubeObject): string {
  const all = subsets.flatMap(({addresses = [], ports = []}: Json) =>
    addresses.flatMap(({ip}: Json) => (ports.length > 0 ? ports.map(({port}: Json) => `${ip}:${port}`) : [ip])),
  )
  return all.length > 3 ? `${listed(all.slice(0, 3))} + ${all.length - 3} more...` : orNone(listed(all))
}

function apiAvailable({status}: KubeObject): string {
  const available = status?.conditions?.find(({type}: Json) => type === 'Available')
  if (!available) return ''
  return available.status === 'True' ? 'True' : `${available.status} (${available.reason})`
}

const unset = <T>(value: T | undefined): T | '<unset>' => value ?? '<unset>'

export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  namespaces: [NAME, text('Status', ({status}) => status?.phase ?? ''), AGE],
  nodes: [
    NAME,
    text('Status', nodeStatus),
    text('Roles', () => '<none>'),
    AGE,
    text('Version', ({status}) => status?.nodeInfo?.kubeletVersion ?? ''),
    wide('Internal-IP', (object) => addressOf(object, 'InternalIP')),
    wide('External-IP', (object) => addressOf(object, 'ExternalIP')),
    wide('OS-Image', ({status}) => status?.nodeInfo?.osImage || '<unknown>'),
    wide('Kernel-Version', ({status}) => status?.nodeInfo?.kernelVersion || '<unknown>'),
    wide('Container-Runtime', ({status}) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
  ],
  pods: [
    NAME,
    text('Ready', podReady),
    text('Status', podStatus),
    text('Restarts', podRestarts),
    AGE,
    wide('IP', ({status}) => orNone(status?.podIP)),
    wide('Node', ({spec}) => orNone(spec.nodeName)),
    wide('Nominated Node', ({status}) => orNone(status?.nominatedNodeName)),
    wide('Readiness Gates', () => '<none>'),
  ],
  services: [
    NAME,
    text('Type', ({spec}) => spec.type),
    text('Cluster-IP', ({spec}) => orNone(spec.clusterIP)),
    text('External-IP', externalAddress),
    text('Port(s)', servicePorts),
    AGE,
    wide('Selector', ({spec}) => labelsText(spec.selector)),
  ],
  endpoints: [NAME, text('Endpoints', endpointsText), AGE],
  configmaps: [NAME, count('Data', ({data, binaryData}) => keysIn(data) + keysIn(binaryData)), AGE],
  secrets: [NAME, text('Type', ({type}) => type), count('Data', ({data}) => keysIn(data)), AGE],
  serviceaccounts: [NAME, count('Secrets', ({secrets}) => secrets?.length), AGE],
  events: [
    text('Last Seen', (event, now) =>
      since(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, now),
    ),
    text('Type', ({type}) => type),
    text('Reason', ({reason}) => reason),
    text('Object', ({involvedObject: about, regarding}) => {
      const {kind = '', name = ''} = about ?? regarding ?? {}
      return `${kind.toLowerCase()}/${name}`
    }),
    wide('Subobject', ({involvedObject}) => involvedObject?.fieldPath ?? ''),
    wide('Source', ({source, reportingComponent}) => source?.component ?? reportingComponent ?? ''),
    text('Message', ({message, note}) => (message ?? note ?? '').trim()),
    wide('First Seen', ({firstTimestamp, metadata}, now) => since(firstTimestamp ?? metadata.creationTimestamp, now)),
    wide('Count', (event) => String(event.count ?? 1)),
    wide('Name', ({metadata}) => metadata.name),
  ],
  'discovery.k8s.io/endpointslices': [
    NAME,
    text('AddressType', ({addressType}) => addressType),
    text('Ports', ({ports}) => (ports?.length ? listed(ports.map(({port}: Json) => port)) : '<unset>')),
    text('Endpoints', ({endpoints = []}) => orNone(listed(endpoints.flatMap(({addresses}: Json) => addresses)))),
    AGE,
  ],
  'apps/deployments': [
    NAME,
    text('Ready', ({spec, status}) => `${status?.readyReplicas ?? 0}/${spec.replicas}`),
    count('Up-to-date', ({status}) => status?.updatedReplicas),
    count('Available', ({status}) => status?.availableReplicas),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  'apps/replicasets': [
    NAME,
    count('Desired', ({spec}) => spec.replicas),
    count('Current', ({status}) => status?.replicas),
    count('Ready', ({status}) => status?.readyReplicas),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  'batch/jobs': [
    NAME,
    text('Status', jobStatus),
    text('Completions', jobCompletions),
    text('Duration', jobDuration),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  'autoscaling/horizontalpodautoscalers': [
    NAME,
    text('Reference', ({spec}) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text('Targets', autoscalerTargets),
    text('MinPods', ({spec}) => String(unset(spec.minReplicas))),
    text('MaxPods', ({spec}) => String(spec.maxReplicas)),
    text('Replicas', ({status}) => String(status?.currentReplicas ?? 0)),
    AGE,
  ],
  'policy/poddisruptionbudgets': [
    NAME,
    text('Min Available', ({spec}) => String(spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', ({spec}) => String(spec?.maxUnavailable ?? 'N/A')),
    text('Allowed Disruptions', ({status}) => String(status?.disruptionsAllowed ?? 0)),
    AGE,
  ],
  'networking.k8s.io/networkpolicies': [
    NAME,
    text('Pod-Selector', ({spec}) => labelsText(spec?.podSelector?.matchLabels)),
    AGE,
  ],
  'scheduling.k8s.io/priorityclasses': [
    NAME,
    count('Value', ({value}) => value),
    text('Global-Default', ({globalDefault}) => String(globalDefault ?? false)),
    AGE,
    text('PreemptionPolicy', ({preemptionPolicy}) => preemptionPolicy),
  ],
  'rbac.authorization.k8s.io/rolebindings': [NAME, text('Role', ({roleRef}) => `${roleRef.kind}/${roleRef.name}`), AGE],
  'rbac.authorization.k8s.io/clusterrolebindings': [
    NAME,
    text('Role', ({roleRef}) => `${roleRef.kind}/${roleRef.name}`),
    AGE,
  ],
  'apiregistration.k8s.io/apiservices': [
    NAME,
    text('Service', ({spec}) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local')),
    text('Available', apiAvailable),
    AGE,
  ],
  'coordination.k8s.io/leases': [NAME, text('Holder', ({spec}) => spec?.holderIdentity ?? ''), AGE],
  'secrets-store.csi.x-k8s.io/secretproviderclasses': [NAME, AGE],
  'secret-sync.gke.io/secretsyncs': [NAME, AGE],
  'networking.gke.io/servicenetworkendpointgroups': [NAME, AGE],
}
