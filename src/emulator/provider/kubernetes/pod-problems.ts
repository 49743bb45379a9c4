/** Why pods do not run, in one line each: what `kubectl describe` would show first. */
import type {Client, KubernetesObject} from './client.ts'

interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean
  readonly state?: {
    readonly waiting?: {readonly reason?: string; readonly message?: string}
    readonly terminated?: {readonly reason?: string; readonly message?: string; readonly exitCode?: number}
  }
  readonly lastState?: ContainerStatus['state']
}

interface PodCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

const PODS = {apiVersion: 'v1', plural: 'pods', namespaced: true}
/** Of many alike, a few tell the story. */
const MOST = 3

/** Empty when nothing is known; never throws, as it explains another failure. */
export async function podProblems(
  client: Client,
  namespace: string | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): Promise<string[]> {
  if (!labels || Object.keys(labels).length === 0) return []
  const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  const place = {kind: PODS, ...(namespace !== undefined && {namespace})}
  const pods = await client.list(place, selector.join(',')).catch((): KubernetesObject[] => [])
  return [...new Set(pods.flatMap(problemsOf))].slice(0, MOST)
}

function problemsOf({status = {}}: KubernetesObject): string[] {
  const containers = [
    ...((status.initContainerStatuses ?? []) as ContainerStatus[]),
    ...((status.containerStatuses ?? []) as ContainerStatus[]),
  ]
  const found = containers.flatMap(containerProblems)
  if (found.length > 0) return found
  const conditions = (status.conditions ?? []) as PodCondition[]
  return conditions
    .filter((condition) => condition.status === 'False' && ['PodScheduled', 'Ready'].includes(condition.type))
    .map(({type, reason, message}) => sentence(reason ?? type, message))
}

function containerProblems({name, ready, state = {}, lastState}: ContainerStatus): string[] {
  const ended = state.terminated ?? lastState?.terminated
  const exit = ended?.exitCode ? ` (last exit code ${ended.exitCode})` : ''
  const {waiting} = state
  if (waiting?.reason && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason)) {
    return [`container ${name}: ${sentence(waiting.reason, waiting.message)}${exit}`]
  }
  if (state.terminated?.exitCode) return [`container ${name}: ${sentence(state.terminated.reason ?? 'Error')}${exit}`]
  return ready === false && exit ? [`container ${name} is not ready${exit}`] : []
}

const sentence = (reason: string, message?: string) => (message ? `${reason}: ${message}` : reason)
