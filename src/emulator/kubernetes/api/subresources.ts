/** status, scale and eviction. */
import type {Answer, Api} from './api.ts'
import {mergePatch} from './json-patch.ts'
import type {Json, KubeObject, Selector} from './objects.ts'
import {patched} from './patch.ts'
import {bodyOf, type Call, writeOptions} from './request.ts'
import {storeKey} from './resources.ts'
import {matchesSelector} from './selectors.ts'
import {ApiError, notFound, success} from './status.ts'
import {write} from './write.ts'

function currentOf({store}: Api, {target: {row, namespace, name}}: Call): KubeObject {
  const object = store.get(storeKey(row), namespace, name!)
  if (!object) throw notFound(row.key, name!)
  return object
}

/** Only the status of what is sent counts. */
export async function writeStatus(api: Api, call: Call): Promise<Answer> {
  const {row, namespace, name} = call.target
  const current = currentOf(api, call)
  const body = bodyOf(call)
  const next = call.method === 'PUT' ? body : patched(call, current, body, api.now())
  const version = next?.metadata?.resourceVersion
  if (version && version !== current.metadata.resourceVersion) {
    throw new ApiError(
      'Conflict',
      `Operation cannot be fulfilled on ${row.plural} "${name}": the object has been modified`,
    )
  }
  if (writeOptions(call).dryRun) return {object: {...current, status: next.status}}
  const object = api.store.updateStatus(storeKey(row), namespace, name!, next.status ?? {})
  await api.store.flush()
  return {object: object!}
}

/** autoscaling/v1 Scale of a deployment or replica set. */
export function readScale(api: Api, call: Call): Answer {
  return {raw: scaleOf(currentOf(api, call))}
}

export async function writeScale(api: Api, call: Call): Promise<Answer> {
  const current = currentOf(api, call)
  const body = bodyOf(call)
  const scale = call.method === 'PUT' ? body : mergePatch(scaleOf(current), body)
  const replicas = scale?.spec?.replicas ?? 0
  const version = scale?.metadata?.resourceVersion
  const answer = await write(api, call, call.target.name!, undefined, (object) => ({
    ...object!,
    metadata: {...object!.metadata, ...(version && {resourceVersion: version})},
    spec: {...object!.spec, replicas},
  }))
  return {raw: scaleOf((answer as {object: KubeObject}).object)}
}

function scaleOf({metadata, spec, status}: KubeObject): Json {
  const {name, namespace, uid, resourceVersion, creationTimestamp} = metadata
  const labels = Object.entries(spec.selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {name, namespace, uid, resourceVersion, creationTimestamp},
    spec: {replicas: spec.replicas},
    status: {replicas: status?.replicas ?? 0, selector: labels.join(',')},
  }
}

/**
 * Deletes a pod if its disruption budgets let it go now, else 429.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export async function evict(api: Api, call: Call): Promise<Answer> {
  const {namespace, name} = call.target
  const {deleteOptions = {}} = bodyOf(call) ?? {}
  const pod = currentOf(api, call)
  const budget = isReady(pod) || pod.status?.phase === 'Running' ? spend(api, pod) : undefined
  if (budget) {
    const details = {
      causes: [{reason: 'DisruptionBudget', message: `The disruption budget ${budget} has no disruptions left.`}],
    }
    throw new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", details)
  }
  if (api.store.get('pods', namespace, name!)) api.store.delete('pods', namespace, name!, deleteOptions)
  await api.store.flush()
  return {code: 201, raw: success({name: name!, kind: 'pods'})}
}

const isReady = (pod: KubeObject) =>
  pod.status?.conditions?.some((each: Json) => each.type === 'Ready' && each.status === 'True') ?? false

/** Takes one disruption from the pod's budget; the budget's name when it has none left. */
function spend({store, now}: Api, pod: KubeObject): string | undefined {
  const {namespace, name, labels} = pod.metadata
  const budgets = store.list('policy/poddisruptionbudgets', {namespace: namespace!})
  for (const {metadata, spec, status} of budgets) {
    if (!spec?.selector || !matchesSelector(spec.selector as Selector, labels)) continue
    if (!isReady(pod) && spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') continue
    const allowed = status?.disruptionsAllowed ?? 0
    if (allowed <= 0) return metadata.name
    const disruptedPods = {...status.disruptedPods, [name]: now().toISOString()}
    store.updateStatus('policy/poddisruptionbudgets', namespace, metadata.name, {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods,
    })
  }
  return undefined
}
