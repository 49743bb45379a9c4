/** Jobs: https://kubernetes.io/docs/concepts/workloads/controllers/job/ */
import {controllerOf, timestamp} from '../../api/objects.ts'
import type {Json, KubeObject, ObjectStore} from '../../api/store.ts'
import {type Condition, isTrue, withCondition} from '../conditions.ts'
import {type Controller, type ControlPlane, messageOf, ownerKeys} from '../controller.ts'
import {createPod, isActive, isReady} from '../pods.ts'

const COMPONENT = {component: 'job-controller'}
/** The wait before a failed pod's successor; doubles up to the longest. https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy */
const FIRST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 360_000

interface Counts {
  readonly active: readonly KubeObject[]
  readonly succeeded: number
  readonly failed: number
  /** Milliseconds since the epoch; undefined: none failed. */
  readonly lastFailure: number | undefined
}

export function jobs({store, record, now}: ControlPlane): Controller {
  function reconcile(namespace: string, name: string, again: (ms: number) => void) {
    const job = store.get('batch/jobs', namespace, name)
    if (!job || job.metadata.deletionTimestamp) return
    if (isTrue(job, 'Complete') || isTrue(job, 'Failed')) return expire(job, again)
    if (job.spec.suspend) return suspend(job)
    const counts = countPods(store, job)
    const started = job.status?.startTime ?? timestamp(now())
    const failure = failureOf(job, counts, Date.parse(started), now())
    if (failure) fail(job, counts, failure, started)
    else if (counts.succeeded >= completions(job)) complete(job, counts, started)
    else advance(job, counts, started, again)
  }

  function advance(job: KubeObject, counts: Counts, startTime: string, again: (ms: number) => void) {
    const {spec} = job
    const open = Math.min(spec.parallelism ?? 1, completions(job) - counts.succeeded)
    const missing = open - counts.active.length
    const wait = missing > 0 ? waitAfterFailure(counts, now()) : 0
    if (wait > 0) again(wait)
    else for (let count = 0; count < missing; count++) create(job)
    if (spec.activeDeadlineSeconds !== undefined)
      again(Date.parse(startTime) + spec.activeDeadlineSeconds * 1000 - now().getTime())
    const latest = countPods(store, job)
    write(job, {...figures(latest), startTime})
  }

  function create(job: KubeObject) {
    try {
      const pod = createPod(store, job, job.spec.template)
      record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`, COMPONENT)
    } catch (error) {
      record(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`, COMPONENT)
      throw error
    }
  }

  function complete(job: KubeObject, counts: Counts, startTime: string) {
    for (const pod of counts.active) store.delete('pods', pod.metadata.namespace, pod.metadata.name)
    const reached = {
      status: 'True',
      reason: 'CompletionsReached',
      message: 'Reached expected number of succeeded pods',
    } as const
    const conditions = conditionsOf(job, {type: 'SuccessCriteriaMet', ...reached}, {type: 'Complete', ...reached})
    write(job, {...figures({...counts, active: []}), startTime, completionTime: timestamp(now()), conditions})
    record(job, 'Normal', 'Completed', 'Job completed', COMPONENT)
  }

  function fail(job: KubeObject, counts: Counts, failure: {reason: string; message: string}, startTime: string) {
    for (const pod of counts.active) store.delete('pods', pod.metadata.namespace, pod.metadata.name)
    const conditions = conditionsOf(
      job,
      {type: 'FailureTarget', status: 'True', ...failure},
      {type: 'Failed', status: 'True', ...failure},
    )
    const failed = counts.failed + counts.active.length
    write(job, {...figures({...counts, failed, active: []}), startTime, conditions})
    record(job, 'Warning', failure.reason, failure.message, COMPONENT)
  }

  function suspend(job: KubeObject) {
    for (const pod of countPods(store, job).active) store.delete('pods', pod.metadata.namespace, pod.metadata.name)
    const message = {reason: 'JobSuspended', message: 'Job suspended'}
    write(job, {
      ...figures(countPods(store, job)),
      conditions: conditionsOf(job, {type: 'Suspended', status: 'True', ...message}),
    })
  }

  function expire(job: KubeObject, again: (ms: number) => void) {
    const {ttlSecondsAfterFinished} = job.spec
    if (ttlSecondsAfterFinished === undefined) return
    const ended: Condition = job.status.conditions.find(({type}: Condition) => type === 'Complete' || type === 'Failed')
    const left = Date.parse(ended.lastTransitionTime ?? '') + ttlSecondsAfterFinished * 1000 - now().getTime()
    if (left > 0) again(left)
    else store.delete('batch/jobs', job.metadata.namespace, job.metadata.name)
  }

  const conditionsOf = (job: KubeObject, ...added: Condition[]): Condition[] =>
    added.reduce<Condition[]>((list, condition) => withCondition(list, condition, now()), job.status?.conditions ?? [])

  const write = ({metadata}: KubeObject, status: Json) =>
    store.updateStatus('batch/jobs', metadata.namespace, metadata.name, (current: KubeObject) => ({
      ...current.status,
      ...status,
    }))

  return {name: 'job-controller', of: 'batch/jobs', watches: {pods: ownerKeys('Job')}, reconcile}
}

const completions = ({spec}: KubeObject): number => spec.completions ?? 1

const figures = ({active, succeeded, failed}: Counts): Json => ({
  active: active.length,
  ready: active.filter(isReady).length,
  terminating: 0,
  succeeded,
  failed,
  uncountedTerminatedPods: {},
})

function countPods(store: ObjectStore, job: KubeObject): Counts {
  const pods = store
    .list('pods', {namespace: job.metadata.namespace!})
    .filter((pod) => controllerOf(pod)?.uid === job.metadata.uid)
  const failed = pods.filter((pod) => pod.status?.phase === 'Failed')
  const ends = failed.flatMap((pod) =>
    (pod.status.containerStatuses ?? []).map(({state}: Json) => Date.parse(state.terminated?.finishedAt ?? '')),
  )
  return {
    active: pods.filter(isActive),
    succeeded: pods.filter((pod) => pod.status?.phase === 'Succeeded').length,
    failed: failed.length,
    lastFailure: failed.length > 0 ? Math.max(...ends.filter(Number.isFinite)) : undefined,
  }
}

function waitAfterFailure({failed, lastFailure}: Counts, now: Date): number {
  if (lastFailure === undefined) return 0
  return lastFailure + Math.min(FIRST_WAIT_MS * 2 ** (failed - 1), LONGEST_WAIT_MS) - now.getTime()
}

/** Restarts in place count as failures when the pods restart in place. */
function failureOf({spec}: KubeObject, {active, failed}: Counts, startedAt: number, now: Date) {
  const inPlace = spec.template.spec.restartPolicy === 'OnFailure'
  const restarts = inPlace
    ? active
        .flatMap((pod) => pod.status?.containerStatuses ?? [])
        .reduce((sum, {restartCount}) => sum + restartCount, 0)
    : 0
  const limit = spec.backoffLimit ?? 6
  if (failed > limit || (inPlace && restarts > 0 && restarts >= limit)) {
    return {reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit'}
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && now.getTime() >= startedAt + deadline * 1000) {
    return {reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline'}
  }
  return undefined
}
