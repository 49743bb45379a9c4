/** Gives pods to nodes, spread over the zones. https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/ */
import {matchesSelector} from '../api/selectors.ts'
import type {Json, KubeObject, WatchEvent} from '../api/store.ts'
import {type Condition, isTrue, withCondition} from './conditions.ts'
import type {Controller, ControlPlane} from './controller.ts'
import {hasEnded, isTerminating} from './pods.ts'
import {parseQuantity, podRequests} from './quantity.ts'

export const ZONE = 'topology.kubernetes.io/zone'
export const REGION = 'topology.kubernetes.io/region'

const COMPONENT = {component: 'default-scheduler'}

export function scheduler({store, record, now}: ControlPlane): Controller {
  function reconcile(namespace: string, name: string) {
    const pod = store.get('pods', namespace, name)
    if (!pod || pod.spec.nodeName || isTerminating(pod) || hasEnded(pod)) return
    const choice = chooseNode(pod, store.list('nodes'), store.list('pods'))
    if (typeof choice === 'string') return postpone(pod, choice)
    store.update('pods', {...pod, spec: {...pod.spec, nodeName: choice.metadata.name}})
    condition(pod, {type: 'PodScheduled', status: 'True'})
    record(
      pod,
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to ${choice.metadata.name}`,
      COMPONENT,
    )
  }

  function postpone(pod: KubeObject, message: string) {
    if (pod.status?.conditions?.some((one: Condition) => one.message === message)) return
    condition(pod, {type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message})
    record(pod, 'Warning', 'FailedScheduling', message, COMPONENT)
  }

  const condition = ({metadata}: KubeObject, next: Condition) =>
    store.updateStatus('pods', metadata.namespace, metadata.name, ({status}: KubeObject) => ({
      phase: 'Pending',
      ...status,
      conditions: withCondition(status?.conditions, next, now()),
    }))

  const waiting = () =>
    store
      .list('pods')
      .filter((pod) => !pod.spec.nodeName)
      .map(({metadata}) => `${metadata.namespace}/${metadata.name}`)
  const watches = {nodes: waiting, pods: ({type}: WatchEvent) => (type === 'DELETED' ? waiting() : [])}
  return {name: 'scheduler', of: 'pods', watches, reconcile}
}

/** The best node, or why there is none, in the scheduler's words. Pure. */
export function chooseNode(
  pod: KubeObject,
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): KubeObject | string {
  const placed = pods.filter((one) => one.spec.nodeName && !hasEnded(one))
  const refusals = new Map<string, number>()
  const fitting = nodes.filter((node) => {
    const reasons = refusalsOf(pod, node, nodes, placed)
    for (const reason of reasons) refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
    return reasons.length === 0
  })
  if (fitting.length === 0) {
    const why = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort()
    return `0/${nodes.length} nodes are available${why.length > 0 ? `: ${why.join(', ')}` : ''}.`
  }
  const score = (node: KubeObject) => [...skews(pod, node, nodes, placed), onNode(node, placed).length]
  return fitting.map((node) => ({node, score: score(node)})).sort((a, b) => compare(a.score, b.score))[0]!.node
}

const compare = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((value, index) => value !== b[index])
  return at < 0 ? 0 : a[at]! - b[at]!
}

const onNode = (node: KubeObject, placed: readonly KubeObject[]) =>
  placed.filter(({spec}) => spec.nodeName === node.metadata.name)

function refusalsOf(
  pod: KubeObject,
  node: KubeObject,
  nodes: readonly KubeObject[],
  placed: readonly KubeObject[],
): string[] {
  if (!isTrue(node, 'Ready')) return ['node(s) were not ready']
  if (node.spec?.unschedulable) return ['node(s) were unschedulable']
  const labels = node.metadata.labels ?? {}
  if (!matchesSelector({matchLabels: pod.spec.nodeSelector ?? {}}, labels) || !affine(pod, labels)) {
    return ["node(s) didn't match Pod's node affinity/selector"]
  }
  const hard = constraints(pod).filter(({whenUnsatisfiable}) => whenUnsatisfiable === 'DoNotSchedule')
  if (hard.some((constraint) => skew(constraint, pod, node, nodes, placed) > constraint.maxSkew)) {
    return ["node(s) didn't match pod topology spread constraints"]
  }
  const here = onNode(node, placed)
  const room = node.status?.allocatable ?? {}
  const asked = podRequests(pod.spec)
  return (['cpu', 'memory'] as const)
    .filter(
      (what) => here.reduce((used, one) => used + podRequests(one.spec)[what], asked[what]) > parseQuantity(room[what]),
    )
    .map((what) => `Insufficient ${what}`)
    .concat(here.length >= Number(room.pods ?? 110) ? ['Too many pods'] : [])
}

function affine(pod: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  const terms: Json[] =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return (
    terms.length === 0 || terms.some((term) => matchesSelector({matchExpressions: term.matchExpressions ?? []}, labels))
  )
}

/** Kubernetes spreads pods of one owner over zones and hosts by default, softly. */
function constraints(pod: KubeObject): Json[] {
  const own: Json[] = pod.spec.topologySpreadConstraints ?? []
  if (own.length > 0) return own
  const labelSelector = {matchLabels: pod.metadata.labels ?? {}}
  return [{topologyKey: ZONE, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway', labelSelector}]
}

const skews = (
  pod: KubeObject,
  node: KubeObject,
  nodes: readonly KubeObject[],
  placed: readonly KubeObject[],
): number[] => constraints(pod).map((constraint) => skew(constraint, pod, node, nodes, placed))

/** By how much the node's domain would lead the emptiest one with this pod in it. https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
function skew(
  {topologyKey, labelSelector, matchLabelKeys = []}: Json,
  pod: KubeObject,
  node: KubeObject,
  nodes: readonly KubeObject[],
  placed: readonly KubeObject[],
): number {
  const domainOf = new Map(nodes.map(({metadata}) => [metadata.name, metadata.labels?.[topologyKey] ?? '']))
  const counts = new Map([...domainOf.values()].map((domain) => [domain, 0]))
  for (const other of placed) {
    const labels = other.metadata.labels ?? {}
    const alike = matchLabelKeys.every((key: string) => labels[key] === pod.metadata.labels?.[key])
    const domain = domainOf.get(other.spec.nodeName)
    const counted = other.metadata.namespace === pod.metadata.namespace && !isTerminating(other) && alike
    if (domain !== undefined && counted && matchesSelector(labelSelector ?? {}, labels))
      counts.set(domain, counts.get(domain)! + 1)
  }
  return counts.get(domainOf.get(node.metadata.name) ?? '')! + 1 - Math.min(...counts.values())
}
