/** …/services/NAME:PORT/proxy/PATH and …/pods/NAME:PORT/proxy/PATH: HTTP through the API server. */
import {request as httpRequest} from 'node:http'
import type {FastifyReply, FastifyRequest} from 'fastify'
import type {Api} from './api.ts'
import type {Call} from './request.ts'
import {ApiError, notFound} from './status.ts'

const DEADLINE_MS = 60_000
const NOT_FORWARDED = ['connection', 'host', 'transfer-encoding', 'content-length']

/** Resolves once the answer is being sent. Throws ApiError NotFound or ServiceUnavailable. */
export function proxyRequest(
  api: Api,
  call: Call,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const {row, namespace, name, rest} = call.target
  // `http:NAME:PORT`, `NAME:PORT` or `NAME`.
  const [first = '', second, third] = name!.split(':')
  const [target, port] = third === undefined ? [first, second] : [second!, third]
  if (!api.store.get(row.key, namespace, target)) throw notFound(row.key, target)
  const kind = row.key === 'pods' ? 'pod' : 'service'
  const base = api.proxy?.({kind, namespace: namespace!, name: target, port: port || undefined})
  if (!base) {
    const why = kind === 'service' ? `no endpoints available for service "${name}"` : `pod "${name}" is not running`
    throw new ApiError('ServiceUnavailable', why)
  }
  const {search} = new URL(request.url, base)
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([header]) => !NOT_FORWARDED.includes(header)),
  )
  return new Promise((done, fail) => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const sent = httpRequest(
      `${base}/${rest}${search}`,
      {method: request.method, headers: {...headers, 'content-length': call.body.length}, signal},
      (answer) => {
        reply.code(answer.statusCode ?? 502)
        for (const [header, value] of Object.entries(answer.headers)) {
          if (value !== undefined && !NOT_FORWARDED.includes(header)) reply.header(header, value)
        }
        done(reply.send(answer))
      },
    )
    sent.once('error', (error) =>
      fail(new ApiError('ServiceUnavailable', `error trying to reach service: ${error.message}`)),
    )
    sent.end(call.body)
  })
}
