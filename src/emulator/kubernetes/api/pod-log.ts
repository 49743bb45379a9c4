/** GET …/pods/NAME/log */
import {Readable} from 'node:stream'
import type {FastifyReply} from 'fastify'
import type {Api, LogOptions} from './api.ts'
import type {Json, KubeObject} from './objects.ts'
import type {Call} from './request.ts'
import {ApiError, notFound} from './status.ts'

/** Sends a container's log as text, line by line as it grows when asked to follow. */
export function sendLog(api: Api, call: Call, reply: FastifyReply): FastifyReply {
  const {namespace, name} = call.target
  const pod = api.store.get('pods', namespace, name!)
  if (!pod) throw notFound('pods', name!)
  const container = containerOf(pod, call.query.get('container'))
  checkStarted(pod, container, call.query.get('previous') === 'true')
  if (!api.podLogs)
    throw new ApiError('ServiceUnavailable', `the logs of pod ${name} cannot be read: its node is not there`)
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  const lines = api.podLogs(pod, container, logOptions(api, call, left.signal))
  return reply.type('text/plain').send(Readable.from(lines, {objectMode: false}))
}

function containerOf({metadata, spec}: KubeObject, wanted: string | null): string {
  const names: string[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each: Json) => each.name)
  if (!wanted) {
    const chosen = metadata.annotations?.['kubectl.kubernetes.io/default-container']
    if (chosen) return chosen
    if (spec.containers.length === 1) return names[0]!
    const message = `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`
    throw new ApiError('BadRequest', message)
  }
  if (!names.includes(wanted))
    throw new ApiError('BadRequest', `container ${wanted} is not valid for pod ${metadata.name}`)
  return wanted
}

/** The kubelet's words for logs that cannot be there yet. */
function checkStarted({metadata, status}: KubeObject, container: string, previous: boolean) {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const found = statuses.find((each: Json) => each.name === container)
  const named = `container "${container}" in pod "${metadata.name}"`
  if (previous && found && !found.lastState?.terminated) {
    throw new ApiError('BadRequest', `previous terminated ${named} not found`)
  }
  const waiting = found?.state?.waiting
  if (!waiting || found.lastState?.terminated || found.restartCount > 0) return
  const why = /image/i.test(waiting.reason ?? '') ? 'trying and failing to pull image' : waiting.reason
  throw new ApiError('BadRequest', `${named} is waiting to start: ${why}`)
}

function logOptions({now}: Api, {query}: Call, signal: AbortSignal): LogOptions {
  const flag = (name: string) => ['true', '1'].includes(query.get(name) ?? '')
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined)
  const seconds = number('sinceSeconds')
  const time = query.get('sinceTime')
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    tailLines: number('tailLines'),
    limitBytes: number('limitBytes'),
    since: seconds !== undefined ? new Date(now().getTime() - seconds * 1000) : time ? new Date(time) : undefined,
    signal,
  }
}
