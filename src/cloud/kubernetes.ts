/** The few Kubernetes calls ha makes itself. Endpoint: base URL of a cluster's API server. */
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import type {ServiceSeen} from './cloud.ts'
import {callJson, findJson, statusOf, withToken} from './rest.ts'

interface Meta {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly deletionTimestamp?: string
}
interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}
interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  readonly state?: {readonly waiting?: {readonly reason?: string}; readonly running?: object}
}
interface Pod {
  readonly metadata: Meta
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}
interface Deployment {
  readonly metadata: Meta
  readonly spec: {
    readonly replicas?: number
    readonly template: {readonly spec: {readonly containers: readonly {name: string; image: string}[]}}
  }
  readonly status?: {readonly readyReplicas?: number; readonly updatedReplicas?: number}
}
interface Job {
  readonly status?: {readonly conditions?: readonly Condition[]}
}
interface List<T> {
  readonly items: readonly T[]
}

export type Token = string | undefined

/** A region that hangs is told from one that is slow, or just being restarted, in at most eleven seconds. */
const ANSWER_DEADLINE_MS = 3000
const ANSWER_PAUSES_MS = [1000, 1000]

/**
 * Whether the API server can serve. Refusing whoever asks is an answer too: `/readyz` is open to all unless that was changed.
 * https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export async function answers(clock: Clock, endpoint: string, deadlineMs = ANSWER_DEADLINE_MS): Promise<boolean> {
  for (const pause of [...ANSWER_PAUSES_MS, undefined]) {
    try {
      await callJson(`${endpoint}/readyz`, {deadlineMs})
      return true
    } catch (error) {
      if ((statusOf(error) ?? 500) < 500) return true
    }
    if (pause !== undefined) await clock.sleep(pause)
  }
  return false
}

/** Every service's pods, counted. */
export async function servicesIn(endpoint: string, namespace: string, token: Token): Promise<readonly ServiceSeen[]> {
  const [deployments, pods] = await Promise.all([
    callJson<List<Deployment>>(`${endpoint}/apis/apps/v1/namespaces/${namespace}/deployments`, {
      deadlineMs: 3000,
      ...withToken(token),
    }),
    callJson<List<Pod>>(`${endpoint}/api/v1/namespaces/${namespace}/pods`, {deadlineMs: 3000, ...withToken(token)}),
  ])
  return deployments.items.map(({metadata, spec, status}) => {
    const own = pods.items.filter(
      (pod) => pod.metadata.labels?.app === metadata.name && !pod.metadata.deletionTimestamp,
    )
    const statuses = own.flatMap((pod) => pod.status?.containerStatuses ?? [])
    const waiting = statuses.flatMap(({state}) => (state?.waiting?.reason ? [state.waiting.reason] : []))
    return {
      name: metadata.name,
      image: spec.template.spec.containers[0]?.image ?? '',
      desired: spec.replicas ?? 1,
      ready: status?.readyReplicas ?? 0,
      updated: status?.updatedReplicas ?? 0,
      restarts: statuses.reduce((sum, {restartCount}) => sum + restartCount, 0),
      reasons: [...new Set(waiting.filter((reason) => reason !== 'ContainerCreating' && reason !== 'PodInitializing'))],
    }
  })
}

/** Server-side apply, as `ha`. */
export const apply = (url: string, object: unknown, token: Token) =>
  callJson(`${url}?fieldManager=ha&force=true`, {
    method: 'PATCH',
    contentType: 'application/apply-patch+yaml',
    body: object,
    ...withToken(token),
  })

export interface JobRequest {
  readonly endpoint: string
  readonly namespace: string
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly name: string
  readonly serviceAccount: {readonly name: string; readonly annotations: Readonly<Record<string, string>>}
  readonly spec: unknown
  readonly deadlineMs: number
  /** Stops waiting; the Job goes on, and the next run finds it. */
  readonly signal: AbortSignal
}

/**
 * Applies the Job (and its namespace and account) and watches it to its end. A Job of this name that already succeeded is done;
 * one that failed is removed and run again.
 * @throws HaError MIGRATION_FAILED, TIMED_OUT, CLOUD_UNREACHABLE
 */
export async function runJob(request: JobRequest, token: Token): Promise<void> {
  const {endpoint, namespace, namespaceLabels: labels, name, serviceAccount, spec} = request
  const jobs = `${endpoint}/apis/batch/v1/namespaces/${namespace}/jobs`
  const core = `${endpoint}/api/v1/namespaces`
  await apply(`${core}/${namespace}`, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace, labels}}, token)
  await apply(
    `${core}/${namespace}/serviceaccounts/${serviceAccount.name}`,
    {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {...serviceAccount, namespace}},
    token,
  )
  const existing = await findJson<Job>(`${jobs}/${name}`, withToken(token))
  if (existing && verdictOf(existing) === 'failed') {
    await callJson(`${jobs}/${name}?propagationPolicy=Background`, {method: 'DELETE', ...withToken(token)})
  }
  await apply(`${jobs}/${name}`, {apiVersion: 'batch/v1', kind: 'Job', metadata: {name, namespace}, spec}, token)
  const verdict = await jobVerdict(jobs, request, token)
  if (verdict === 'complete') return
  const words = await lastWords(request, token)
  throw new HaError('MIGRATION_FAILED', `The migration job ${name} failed.${words ? `\n${words}` : ''}`, {
    next: ['Mend the migration and run the same command again; nothing was rolled out.'],
  })
}

function verdictOf(job: Job): 'complete' | 'failed' | undefined {
  for (const {type, status} of job.status?.conditions ?? []) {
    if (status !== 'True') continue
    if (type === 'Complete') return 'complete'
    if (type === 'Failed') return 'failed'
  }
  return undefined
}

/** Watches the one Job until it has a verdict. */
async function jobVerdict(
  jobs: string,
  {name, deadlineMs, signal}: JobRequest,
  token: Token,
): Promise<'complete' | 'failed'> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), deadlineMs)
  let verdict: 'complete' | 'failed' | undefined
  try {
    while (!verdict && !stop.signal.aborted && !signal.aborted) {
      const round = new AbortController()
      await callJson(`${jobs}?watch=true&fieldSelector=metadata.name%3D${name}`, {
        ...withToken(token),
        signal: AbortSignal.any([stop.signal, round.signal, signal]),
        onLine: (line) => {
          verdict ??= verdictOf((JSON.parse(line) as {object: Job}).object)
          if (verdict) round.abort()
        },
      })
    }
  } finally {
    clearTimeout(timer)
  }
  if (verdict) return verdict
  signal.throwIfAborted()
  throw new HaError('TIMED_OUT', `The migration job ${name} did not end within ${Math.round(deadlineMs / 1000)} s.`, {
    next: ['See what it does with `kubectl logs`; run the same command again to go on waiting for it.'],
  })
}

/** Last lines of the Job's newest pod; empty when there are none. */
async function lastWords({endpoint, namespace, name}: JobRequest, token: Token): Promise<string> {
  try {
    const pods = await callJson<List<Pod>>(
      `${endpoint}/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`job-name=${name}`)}`,
      withToken(token),
    )
    const pod = pods.items.at(-1)
    if (!pod) return ''
    const text = await callJson<unknown>(
      `${endpoint}/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/log?tailLines=20`,
      withToken(token),
    )
    return typeof text === 'string' ? text.trim() : ''
  } catch {
    // The failure itself is what matters; its log is a courtesy.
    return ''
  }
}

export interface LogRequest {
  readonly endpoint: string
  readonly namespace: string
  readonly service: string
  readonly follow: boolean
  readonly tailLines?: number
  readonly sinceSeconds?: number
  readonly signal: AbortSignal
  readonly onLine: (pod: string, line: string) => void
}

/** Logs of the service's own container in every pod; with `follow`, of restarted and new pods too, until aborted. */
export async function podLogs(request: LogRequest, token: Token): Promise<void> {
  const {endpoint, namespace, service, follow, signal} = request
  const base = `${endpoint}/api/v1/namespaces/${namespace}/pods`
  const selector = `labelSelector=${encodeURIComponent(`app=${service}`)}`
  if (!follow) {
    const pods = await callJson<List<Pod>>(`${base}?${selector}`, withToken(token))
    await Promise.all(pods.items.map((pod) => containerLog(request, pod.metadata.name, logQuery(request), token)))
    return
  }
  const reading = new Map<string, number>()
  const seen = new Set<string>()
  await callJson(`${base}?watch=true&${selector}`, {
    ...withToken(token),
    signal,
    onLine: (line) => {
      const {object: pod} = JSON.parse(line) as {object: Pod}
      const container = pod.status?.containerStatuses?.find(({name}) => name === service)
      const {name} = pod.metadata
      if (!container?.state?.running || reading.get(name) === container.restartCount) return
      reading.set(name, container.restartCount)
      // Old lines only of what ran before we came; a container that starts later is read from its beginning.
      const query = seen.has(name) ? new URLSearchParams({container: service, follow: 'true'}) : logQuery(request)
      seen.add(name)
      // A pod that goes away ends its log; the others go on.
      containerLog(request, name, query, token).catch(() => {})
    },
  })
}

function logQuery({service, follow, tailLines, sinceSeconds}: LogRequest): URLSearchParams {
  return new URLSearchParams({
    container: service,
    ...(follow && {follow: 'true'}),
    ...(tailLines !== undefined && {tailLines: String(tailLines)}),
    ...(sinceSeconds !== undefined && {sinceSeconds: String(sinceSeconds)}),
  })
}

async function containerLog(
  {endpoint, namespace, signal, onLine}: LogRequest,
  pod: string,
  query: URLSearchParams,
  token: Token,
) {
  const url = `${endpoint}/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`
  await callJson(url, {...withToken(token), signal, onLine: (line) => onLine(pod, line)})
}
