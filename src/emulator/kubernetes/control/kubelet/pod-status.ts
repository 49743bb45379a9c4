/** A pod's status from its containers'. Pure. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
import {timestamp} from '../../api/objects.ts'
import type {Json, KubeObject} from '../../api/store.ts'
import {type Condition, withCondition} from '../conditions.ts'
import {qualityOf} from '../pods.ts'
import {isSidecar} from '../quantity.ts'

export interface Observed {
  readonly init: readonly Json[]
  readonly containers: readonly Json[]
}

/** The status after `observed`; conditions of others (readiness gates) and transition times are kept from the pod's status. */
export function podStatus(pod: KubeObject, {init, containers}: Observed, now: Date): Json {
  const before = pod.status ?? {}
  const phase = phaseOf(pod, init, containers)
  const sidecars = sidecarNames(pod)
  const lasting = [...init.filter(({name}) => sidecars.has(name)), ...containers]
  const states = [initialized(pod, init), containersReady(lasting, phase), ready(pod, lasting, phase)]
  const scheduled: Condition = {type: 'PodScheduled', status: 'True'}
  const sandbox: Condition = {type: 'PodReadyToStartContainers', status: 'True'}
  return {
    ...before,
    phase,
    conditions: [sandbox, ...states, scheduled].reduce<Condition[]>(
      (list, condition) => withCondition(list, condition, now),
      before.conditions ?? [],
    ),
    hostIP: '127.0.0.1',
    hostIPs: [{ip: '127.0.0.1'}],
    podIP: '127.0.0.1',
    podIPs: [{ip: '127.0.0.1'}],
    startTime: before.startTime ?? timestamp(now),
    qosClass: qualityOf(pod.spec),
    ...(init.length > 0 && {initContainerStatuses: init}),
    containerStatuses: containers,
  }
}

const sidecarNames = (pod: KubeObject): Set<string> =>
  new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({name}: Json) => name))

const failed = ({state}: Json) => state.terminated !== undefined && state.terminated.exitCode !== 0

/** Init containers that are not done (or, sidecars, not started). */
function pendingInits(pod: KubeObject, init: readonly Json[]): Json[] {
  const sidecars = sidecarNames(pod)
  return init.filter((status) =>
    sidecars.has(status.name) ? !status.started : status.state.terminated?.exitCode !== 0,
  )
}

function phaseOf(pod: KubeObject, init: readonly Json[], containers: readonly Json[]): string {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const begun = ({state, lastState}: Json) => !state.waiting || lastState?.terminated
  const sidecars = sidecarNames(pod)
  if (policy === 'Never' && init.some((status) => !sidecars.has(status.name) && failed(status))) return 'Failed'
  // Sidecars that died do not take a pod that ran back to Pending.
  if (!containers.every(begun)) return 'Pending'
  if (policy === 'Always' || !containers.every(({state}) => state.terminated)) return 'Running'
  if (containers.every((status) => !failed(status))) return 'Succeeded'
  return policy === 'Never' ? 'Failed' : 'Running'
}

function initialized(pod: KubeObject, init: readonly Json[]): Condition {
  const pending = pendingInits(pod, init)
  if (pending.length === 0) return {type: 'Initialized', status: 'True'}
  const message = `containers with incomplete status: ${listed(pending)}`
  return {type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message}
}

function containersReady(containers: readonly Json[], phase: string, type = 'ContainersReady'): Condition {
  if (phase === 'Succeeded') return {type, status: 'False', reason: 'PodCompleted'}
  if (phase === 'Failed') return {type, status: 'False', reason: 'PodFailed'}
  const unready = containers.filter((status) => !status.ready)
  if (unready.length === 0) return {type, status: 'True'}
  return {
    type,
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${listed(unready)}`,
  }
}

function ready(pod: KubeObject, containers: readonly Json[], phase: string): Condition {
  const condition = containersReady(containers, phase, 'Ready')
  if (condition.status === 'False') return condition
  for (const {conditionType} of pod.spec.readinessGates ?? []) {
    const gate = pod.status?.conditions?.find((one: Condition) => one.type === conditionType)
    if (gate?.status === 'True') continue
    const message = gate
      ? `the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`
      : `corresponding condition of pod readiness gate "${conditionType}" does not exist.`
    return {type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message}
  }
  return condition
}

const listed = (statuses: readonly Json[]): string => `[${statuses.map(({name}) => name).join(' ')}]`
