/**
 * Waiting until an object does what it is for, with the real provider's criteria and in watches, not by asking again and again.
 * Source: https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/ and the
 * descriptions of Deployment, Job and Service in the SDK.
 */
import type {Props} from '../../contract.ts'
import type {Client, KubernetesObject, Place} from './client.ts'
import {podProblems} from './pod-problems.ts'

export interface Waiting {
  readonly client: Client
  readonly place: Place
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly say: (message: string) => void
}

/** The object is not well: `reasons` are for people, most telling first. */
export class NotReady extends Error {
  override readonly name = 'NotReady'
  readonly reasons: readonly string[]

  constructor(message: string, reasons: readonly string[]) {
    super(message)
    this.reasons = reasons
  }
}

/** What an object's state means: done, still to come (said to people), or failed for good. */
type Verdict = {readonly ready: true} | {readonly pending: string} | {readonly failed: string}

const READY: Verdict = {ready: true}

/** Resolves with the object once it is ready; throws NotReady when it fails, vanishes or takes too long. */
export async function waitUntilReady(
  awaited: 'deployment' | 'job' | 'service',
  waiting: Waiting,
): Promise<KubernetesObject> {
  if (awaited === 'service') return waitForEndpoints(waiting)
  return follow(waiting, awaited === 'deployment' ? judgeDeployment : judgeJob)
}

async function follow(waiting: Waiting, judge: (object: KubernetesObject) => Verdict): Promise<KubernetesObject> {
  const {client, place, say} = waiting
  const deadline = deadlineOf(waiting)
  let last: KubernetesObject | undefined
  let said = ''
  const fail = async (message: string) => {
    const selector = (last?.spec?.selector as {matchLabels?: Record<string, string>} | undefined)?.matchLabels
    return new NotReady(message, await podProblems(client, place.namespace, selector))
  }
  try {
    for await (const object of client.watch(place, deadline)) {
      if (!object) throw new NotReady(`${place.name} was deleted while it was waited for`, [])
      last = object
      const verdict = judge(object)
      if ('ready' in verdict) return object
      if ('failed' in verdict) throw await fail(verdict.failed)
      if (verdict.pending !== said) say(verdict.pending)
      said = verdict.pending
    }
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error
    throw await fail(`${place.name} was not ready within ${waiting.timeoutMs / 1_000} s${said && ` (${said})`}`)
  }
  throw new NotReady(`the watch of ${place.name} ended`, [])
}

class TimedOut extends Error {}

function deadlineOf({signal, timeoutMs}: Pick<Waiting, 'signal' | 'timeoutMs'>): AbortSignal {
  const timeout = new AbortController()
  setTimeout(() => timeout.abort(new TimedOut()), timeoutMs).unref()
  return AbortSignal.any([signal, timeout.signal])
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

const conditionOf = (status: Props, type: string) =>
  ((status.conditions ?? []) as Condition[]).find((condition) => condition.type === type)

/** Complete as `kubectl rollout status` means it. */
function judgeDeployment({metadata, spec = {}, status = {}}: KubernetesObject): Verdict {
  const count = (field: string) => (status[field] as number | undefined) ?? 0
  if (count('observedGeneration') < (metadata.generation ?? 0)) return {pending: 'waiting for the rollout to begin'}
  const progressing = conditionOf(status, 'Progressing')
  if (progressing?.status === 'False') {
    return {failed: `the rollout of ${metadata.name} made no progress (${progressing.reason}: ${progressing.message})`}
  }
  const wanted = (spec.replicas as number | undefined) ?? 1
  if (count('updatedReplicas') < wanted) return {pending: `${count('updatedReplicas')} of ${wanted} pods updated`}
  if (count('replicas') > count('updatedReplicas')) {
    return {pending: `${count('replicas') - count('updatedReplicas')} old pods still to end`}
  }
  if (count('availableReplicas') < wanted) return {pending: `${count('availableReplicas')} of ${wanted} pods available`}
  return conditionOf(status, 'Available')?.status === 'True' ? READY : {pending: 'waiting to become available'}
}

function judgeJob({metadata, spec = {}, status = {}}: KubernetesObject): Verdict {
  if (spec.suspend === true) return READY
  const failed = conditionOf(status, 'Failed')
  if (failed?.status === 'True') return {failed: `${metadata.name} failed (${failed.reason}: ${failed.message})`}
  if (conditionOf(status, 'Complete')?.status === 'True') return READY
  return {pending: `${status.succeeded ?? 0} of ${spec.completions ?? 1} completed`}
}

const ENDPOINTS = {apiVersion: 'v1', plural: 'endpoints', namespaced: true}

/** A Service with a selector is ready when it has an endpoint; a headless one, or one without a selector, at once. */
async function waitForEndpoints(waiting: Waiting): Promise<KubernetesObject> {
  const {client, place, say} = waiting
  const service = await client.get(place)
  if (!service) throw new NotReady(`${place.name} was deleted while it was waited for`, [])
  const {selector, type, clusterIP} = (service.spec ?? {}) as {selector?: object; type?: string; clusterIP?: string}
  const hasSelector = Object.keys(selector ?? {}).length > 0
  if (!hasSelector || type === 'ExternalName' || clusterIP === 'None') return service
  say('waiting for endpoints')
  try {
    for await (const endpoints of client.watch({...place, kind: ENDPOINTS}, deadlineOf(waiting))) {
      const subsets = (endpoints?.subsets ?? []) as {addresses?: unknown[]}[]
      if (subsets.some(({addresses}) => (addresses?.length ?? 0) > 0)) return service
    }
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error
  }
  throw new NotReady(`${place.name} has no endpoints after ${waiting.timeoutMs / 1_000} s`, [
    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
  ])
}

/** Resolves when the object with this uid is no more. */
export async function waitUntilGone(waiting: Waiting, uid: string): Promise<void> {
  const {client, place} = waiting
  try {
    for await (const object of client.watch(place, deadlineOf(waiting))) {
      if (!object || object.metadata.uid !== uid) return
    }
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error
    throw new NotReady(`${place.name} was not gone after ${waiting.timeoutMs / 1_000} s`, [])
  }
}
