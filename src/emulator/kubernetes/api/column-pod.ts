/** What a pod's columns say: the reason that matters most, as printPod finds it. */
import {since} from './column.ts'
import type {Json, KubeObject} from './objects.ts'

export function podReady({spec, status}: KubeObject): string {
  const sidecars = (spec.initContainers ?? []).filter((each: Json) => each.restartPolicy === 'Always')
  const names = new Set(sidecars.map((each: Json) => each.name))
  const inits = (status?.initContainerStatuses ?? []).filter((each: Json) => names.has(each.name))
  const ready = [...inits, ...(status?.containerStatuses ?? [])].filter((each: Json) => each.ready)
  return `${ready.length}/${spec.containers.length + sidecars.length}`
}

export function podRestarts({spec, status}: KubeObject, now: Date): string {
  const names = new Set(
    (spec.initContainers ?? []).filter((each: Json) => each.restartPolicy === 'Always').map((each: Json) => each.name),
  )
  const counted = [
    ...(status?.initContainerStatuses ?? []).filter((each: Json) => names.has(each.name)),
    ...(status?.containerStatuses ?? []),
  ]
  const restarts = counted.reduce((sum: number, each: Json) => sum + (each.restartCount ?? 0), 0)
  const ends = counted
    .map((each: Json) => each.lastState?.terminated?.finishedAt)
    .filter(Boolean)
    .sort()
  return restarts > 0 && ends.length > 0 ? `${restarts} (${since(ends.at(-1), now)} ago)` : String(restarts)
}

export function podStatus(pod: KubeObject): string {
  const {metadata, status = {}} = pod
  const reason = status.reason || status.phase || 'Unknown'
  const state = stuckInit(pod) ?? containerState(status, reason)
  if (!metadata.deletionTimestamp) return state
  if (status.reason === 'NodeLost') return 'Unknown'
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? state : 'Terminating'
}

function stuckInit({spec, status = {}}: KubeObject): string | undefined {
  const inits: Json[] = spec.initContainers ?? []
  for (const [index, {name, restartPolicy}] of inits.entries()) {
    const found = status.initContainerStatuses?.find((each: Json) => each.name === name)
    if (!found) return undefined
    const {terminated, waiting} = found.state ?? {}
    if (terminated?.exitCode === 0 || (restartPolicy === 'Always' && found.started)) continue
    if (terminated) return `Init:${terminated.reason || ended(terminated)}`
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
    return `Init:${index}/${inits.length}`
  }
  return undefined
}

function containerState(status: Json, reason: string): string {
  let [state, running] = [reason, false]
  for (const {state: current = {}, ready} of (status.containerStatuses ?? []).toReversed()) {
    if (current.waiting?.reason) state = current.waiting.reason
    else if (current.terminated) state = current.terminated.reason || ended(current.terminated)
    else if (ready && current.running) running = true
  }
  if (state !== 'Completed' || !running) return state
  return status.conditions?.some((each: Json) => each.type === 'Ready' && each.status === 'True')
    ? 'Running'
    : 'NotReady'
}

const ended = ({signal, exitCode}: Json) => (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)
