/** Deployments: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ */
import {controllerOf, timestamp} from '../../api/objects.ts'
import type {Json, KubeObject} from '../../api/store.ts'
import {conditionOf, withCondition} from '../conditions.ts'
import {type Controller, type ControlPlane, ownerKeys} from '../controller.ts'
import {controlledBy, hashOf} from '../names.ts'
import {hasEnded} from '../pods.ts'
import {countStatus, isComplete, withProgress} from './deployment-status.ts'
import {podsOf} from './replica-sets.ts'
import {boundsOf, growth, proportionalStep, recreateStep, rollingStep, type Step, wanted} from './rollout.ts'

const COMPONENT = {component: 'deployment-controller'}
const REVISION = 'deployment.kubernetes.io/revision'
const DESIRED = 'deployment.kubernetes.io/desired-replicas'
const MAX = 'deployment.kubernetes.io/max-replicas'
const HASH = 'pod-template-hash'
/** The Deployment's annotations that are its own and not its ReplicaSets'. */
const OWN = new Set([
  REVISION,
  DESIRED,
  MAX,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
])

export function deployments(plane: ControlPlane): Controller {
  const {store, record, now} = plane

  function reconcile(namespace: string, name: string, again: (ms: number) => void) {
    const deployment = store.get('apps/deployments', namespace, name)
    if (!deployment || deployment.metadata.deletionTimestamp) return
    const owned = replicaSetsOf(deployment)
    const hash = hashOf(deployment.spec.template)
    let current = owned.find((set) => set.metadata.labels?.[HASH] === hash)
    const old = owned.filter((set) => set !== current)
    if (!deployment.spec.paused)
      current = current ? asNewest(deployment, current, old) : createSet(deployment, hash, old)
    const latest = withPause(withRevision(deployment, current))
    apply(latest, nextStep(latest, current, old), owned, current)
    settle(latest, current, again)
  }

  const replicaSetsOf = ({metadata}: KubeObject): KubeObject[] =>
    store
      .list('apps/replicasets', {namespace: metadata.namespace!})
      .filter((set) => controllerOf(set)?.uid === metadata.uid && !set.metadata.deletionTimestamp)

  function createSet(deployment: KubeObject, hash: string, old: readonly KubeObject[]): KubeObject {
    const {metadata, spec} = deployment
    const labels = {...spec.template.metadata?.labels, [HASH]: hash}
    const set: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace!,
        labels,
        annotations: {...inherited(deployment), ...sizes(deployment), [REVISION]: String(latestRevision(old) + 1)},
        ownerReferences: [controlledBy(deployment)],
      },
      spec: {
        replicas: 0,
        minReadySeconds: spec.minReadySeconds ?? 0,
        selector: {...spec.selector, matchLabels: {...spec.selector.matchLabels, [HASH]: hash}},
        template: {...spec.template, metadata: {...spec.template.metadata, labels}},
      },
    }
    const rolling = spec.strategy?.type !== 'Recreate'
    set.spec.replicas = rolling ? growth(spec, boundsOf(spec), set, old) : 0
    const created = store.create('apps/replicasets', set)
    progress(deployment, 'NewReplicaSetCreated', `Created new replica set "${created.metadata.name}"`)
    if (created.spec.replicas > 0) announce(deployment, created, 0, created.spec.replicas)
    return created
  }

  /** A template that was there before (an undo) becomes the newest revision. */
  function asNewest(deployment: KubeObject, current: KubeObject, old: readonly KubeObject[]): KubeObject {
    const newest = latestRevision(old)
    const before = revisionOf(current)
    const revision = before > newest ? before : newest + 1
    const annotations: Record<string, string> = {
      ...current.metadata.annotations,
      ...inherited(deployment),
      [REVISION]: String(revision),
    }
    if (revision !== before) {
      const history = [annotations['deployment.kubernetes.io/revision-history'], before].filter(Boolean)
      annotations['deployment.kubernetes.io/revision-history'] = history.join(',')
      progress(deployment, 'FoundNewReplicaSet', `Found new replica set "${current.metadata.name}"`)
    }
    const spec = {...current.spec, minReadySeconds: deployment.spec.minReadySeconds ?? 0}
    return store.update('apps/replicasets', {...current, spec, metadata: {...current.metadata, annotations}})
  }

  function progress({metadata}: KubeObject, reason: string, message: string) {
    store.updateStatus('apps/deployments', metadata.namespace, metadata.name, ({status}: KubeObject) => ({
      ...status,
      conditions: withCondition(
        status?.conditions,
        {type: 'Progressing', status: 'True', reason, message, lastUpdateTime: timestamp(now())},
        now(),
      ),
    }))
  }

  function withRevision(deployment: KubeObject, current: KubeObject | undefined): KubeObject {
    const latest = store.get('apps/deployments', deployment.metadata.namespace, deployment.metadata.name)!
    const revision = current?.metadata.annotations?.[REVISION]
    if (!revision || latest.metadata.annotations?.[REVISION] === revision) return latest
    const annotations = {...latest.metadata.annotations, [REVISION]: revision}
    return store.update('apps/deployments', {...latest, metadata: {...latest.metadata, annotations}})
  }

  /** A paused rollout makes no progress and misses no deadline. */
  function withPause(deployment: KubeObject): KubeObject {
    const reason = conditionOf(deployment, 'Progressing')?.reason
    const {paused} = deployment.spec
    if (paused ? reason === 'DeploymentPaused' : reason !== 'DeploymentPaused') return deployment
    const condition = {
      type: 'Progressing',
      status: 'Unknown' as const,
      reason: paused ? 'DeploymentPaused' : 'DeploymentResumed',
      message: paused ? 'Deployment is paused' : 'Deployment is resumed',
      lastUpdateTime: timestamp(now()),
    }
    const {namespace, name} = deployment.metadata
    return store.updateStatus('apps/deployments', namespace, name, ({status}: KubeObject) => ({
      ...status,
      conditions: withCondition(status?.conditions, condition, now()),
    }))!
  }

  function nextStep({spec}: KubeObject, current: KubeObject | undefined, old: readonly KubeObject[]): Step {
    const sets = [...(current ? [current] : []), ...old]
    const resized = sets.some(
      (set) => wanted(set.spec) > 0 && set.metadata.annotations?.[DESIRED] !== String(wanted(spec)),
    )
    if (spec.paused || resized) {
      const active = sets.some((set) => wanted(set.spec) > 0)
      return active && resized ? proportionalStep(spec, sets, boundsOf(spec)) : new Map()
    }
    if (!current) return new Map()
    if (spec.strategy?.type !== 'Recreate') return rollingStep(spec, current, old)
    const left = old.flatMap((set) => podsOf(store, set)).filter((pod) => !hasEnded(pod)).length
    return recreateStep(spec, current, old, left)
  }

  function apply(deployment: KubeObject, step: Step, owned: readonly KubeObject[], current: KubeObject | undefined) {
    const sets = new Map([...owned, ...(current ? [current] : [])].map((set) => [set.metadata.name, set]))
    for (const set of sets.values()) {
      const size = step.get(set.metadata.name) ?? wanted(set.spec)
      const annotations = {...set.metadata.annotations, ...(size > 0 || set === current ? sizes(deployment) : {})}
      store.update('apps/replicasets', {
        ...set,
        metadata: {...set.metadata, annotations},
        spec: {...set.spec, replicas: size},
      })
      if (size !== wanted(set.spec)) announce(deployment, set, wanted(set.spec), size)
    }
  }

  function announce(deployment: KubeObject, set: KubeObject, from: number, to: number) {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`
    record(deployment, 'Normal', 'ScalingReplicaSet', message, COMPONENT)
  }

  function settle(deployment: KubeObject, current: KubeObject | undefined, again: (ms: number) => void) {
    const {namespace, name} = deployment.metadata
    const sets = replicaSetsOf(deployment)
    const newest = sets.find((set) => set.metadata.name === current?.metadata.name)
    const latest = store.get('apps/deployments', namespace, name)!
    const counted = countStatus(latest, newest, sets, now())
    const {status, wait} = latest.spec.paused
      ? {status: counted, wait: 0}
      : withProgress(latest, counted, newest, now())
    store.updateStatus('apps/deployments', namespace, name, status)
    if (wait > 0) again(wait)
    if (isComplete(latest.spec, status) && !latest.spec.paused) forgetOldSets(latest, sets, newest)
  }

  function forgetOldSets({spec}: KubeObject, sets: readonly KubeObject[], newest: KubeObject | undefined) {
    const unused = sets.filter((set) => set !== newest && wanted(set.spec) === 0 && (set.status?.replicas ?? 0) === 0)
    const oldestFirst = unused.sort((a, b) => revisionOf(a) - revisionOf(b))
    const surplus = oldestFirst.length - (spec.revisionHistoryLimit ?? 10)
    for (const set of oldestFirst.slice(0, Math.max(0, surplus))) {
      store.delete('apps/replicasets', set.metadata.namespace, set.metadata.name)
    }
  }

  return {
    name: 'deployment-controller',
    of: 'apps/deployments',
    watches: {
      'apps/replicasets': ownerKeys('Deployment'),
      // Recreate waits for the last pod to be gone.
      pods: ({type, object}) => (type === 'DELETED' ? deploymentOf(object) : []),
    },
    reconcile,
  }

  function deploymentOf(pod: KubeObject): string[] {
    const set = store.get('apps/replicasets', pod.metadata.namespace, controllerOf(pod)?.name ?? '')
    return set ? ownerKeys('Deployment')({type: 'MODIFIED', resource: 'apps/replicasets', object: set}) : []
  }
}

const inherited = ({metadata}: KubeObject): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN.has(key)))

const sizes = ({spec}: {spec?: Json}): Record<string, string> => ({
  [DESIRED]: String(wanted(spec)),
  [MAX]: String(wanted(spec) + boundsOf(spec).maxSurge),
})

const revisionOf = ({metadata}: KubeObject): number => Number(metadata.annotations?.[REVISION] ?? 0)

const latestRevision = (sets: readonly KubeObject[]): number => Math.max(0, ...sets.map(revisionOf))
