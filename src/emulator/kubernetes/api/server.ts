/** The Kubernetes API of one region, over plain HTTP on 127.0.0.1. https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import fastify, {type FastifyReply, type FastifyRequest} from 'fastify'
import type {Answer, Api} from './api.ts'
import {bootstrap} from './bootstrap.ts'
import {deleteCollection, deleteObject} from './delete.ts'
import {discover} from './discovery.ts'
import {openApi} from './openapi.ts'
import {sendLog} from './pod-log.ts'
import {proxyRequest} from './proxy.ts'
import {getObject, listObjects} from './read.ts'
import {type Rendering, renderList, renderObject} from './render.ts'
import {type Call, callOf} from './request.ts'
import {ApiError} from './status.ts'
import {evict, readScale, writeScale, writeStatus} from './subresources.ts'
import {parseTarget, type Target} from './target.ts'
import {isWatch, watchObjects} from './watch.ts'
import {createObject, patchObject, replaceObject} from './write.ts'

export interface ApiServerOptions extends Omit<Api, 'now'> {
  /** 0: any free one. */
  readonly port: number
  readonly now?: () => Date
}

export interface ApiServer {
  readonly url: string
  close(): Promise<void>
}

const MOST_BYTES = 3 << 20

/** Serves `store`; listens when it resolves. Closing ends watches and logs, and leaves the store open. */
export async function createApiServer({port, now = () => new Date(), ...means}: ApiServerOptions): Promise<ApiServer> {
  const api: Api = {...means, now}
  const stopBootstrap = bootstrap(api.store)
  const server = fastify({bodyLimit: MOST_BYTES, forceCloseConnections: true, exposeHeadRoutes: false})
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', {parseAs: 'buffer'}, (_request, body, done) => done(null, body))
  server.setErrorHandler((error, _request, reply) => {
    const known = asApiError(api, error)
    if (known.details?.retryAfterSeconds) reply.header('retry-after', known.details.retryAfterSeconds)
    return reply.code(known.code).type('application/json').send(JSON.stringify(known.status))
  })
  for (const path of ['/healthz', '/livez', '/readyz']) {
    for (const each of [path, `${path}/*`]) server.get(each, (_request, reply) => reply.type('text/plain').send('ok'))
  }
  server.all('/*', (request, reply) => answerRequest(api, request, reply))
  const url = await server.listen({host: '127.0.0.1', port})
  return {
    url,
    async close() {
      stopBootstrap()
      await server.close()
    },
  }
}

function asApiError({log}: Api, error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const {statusCode, message, code, stack} = error as {
    statusCode?: number
    message: string
    code?: string
    stack?: string
  }
  if (statusCode === 413) return new ApiError('RequestEntityTooLarge', `limit is ${MOST_BYTES}`)
  if (statusCode !== undefined && statusCode < 500) return new ApiError('BadRequest', message)
  log('error', `a Kubernetes API request failed: ${message}`, {stack})
  const why = code === 'ENOSPC' ? 'the disk is full, nothing was acknowledged' : message
  return new ApiError('InternalError', `Internal error occurred: ${why}`)
}

async function answerRequest(api: Api, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const path = request.url.split('?')[0]!.replace(/(?<=.)\/$/, '')
  if (request.method === 'GET') {
    const found = discover(path, request.headers.accept ?? '')
    if (found) return reply.type(found.type).serializer(String).send(JSON.stringify(found.body))
    const document = openApi(path, request.headers.accept ?? '')
    if (document) return reply.type(document.type).send(document.body)
  }
  const target = parseTarget(path)
  if (!target) throw unknownPath()
  const call = callOf(request, target)
  if (target.subresource === 'proxy') return proxyRequest(api, call, request, reply)
  if (target.subresource === 'log' && call.method === 'GET' && target.row.key === 'pods')
    return sendLog(api, call, reply)
  if (isWatch(call) && !target.subresource) {
    watchObjects(api, call, request, reply)
    return reply
  }
  return send(api, call, await verbOf(call)(api, call), reply)
}

const unknownPath = () => new ApiError('NotFound', 'the server could not find the requested resource', {})

type Verb = (api: Api, call: Call) => Answer | Promise<Answer>

const COLLECTION: Readonly<Record<string, Verb>> = {GET: listObjects, POST: createObject, DELETE: deleteCollection}
const OBJECT: Readonly<Record<string, Verb>> = {
  GET: getObject,
  PUT: replaceObject,
  PATCH: patchObject,
  DELETE: deleteObject,
}
const STATUS: Readonly<Record<string, Verb>> = {GET: getObject, PUT: writeStatus, PATCH: writeStatus}
const SCALE: Readonly<Record<string, Verb>> = {GET: readScale, PUT: writeScale, PATCH: writeScale}
const EVICTION: Readonly<Record<string, Verb>> = {POST: evict}

function verbOf({method, target}: Call): Verb {
  const verb = verbsOf(target)?.[method]
  if (verb) return verb
  if (!verbsOf(target)) throw unknownPath()
  throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

function verbsOf({row, name, subresource}: Target): Readonly<Record<string, Verb>> | undefined {
  if (name === undefined) return COLLECTION
  if (subresource === undefined) return OBJECT
  if (subresource === 'status' && row.status) return STATUS
  if (subresource === 'scale' && row.scale) return SCALE
  if (row.key !== 'pods') return undefined
  if (subresource === 'eviction') return EVICTION
  if (['exec', 'attach', 'portforward'].includes(subresource)) {
    throw new ApiError(
      'NotImplemented',
      `pods/${subresource} is not emulated: a pod is a process on this machine; use its logs, or the service's proxy path`,
    )
  }
  return undefined
}

function send({now}: Api, call: Call, answer: Answer, reply: FastifyReply): FastifyReply {
  const {row} = call.target
  const rendering: Rendering = {
    row,
    shape: call.shape,
    now,
    includeObject: call.query.get('includeObject') ?? undefined,
  }
  reply.type('application/json')
  if ('list' in answer) return reply.send(JSON.stringify(renderList(rendering, answer.list, answer.metadata)))
  for (const warning of answer.warnings ?? []) reply.header('warning', `299 - ${JSON.stringify(warning)}`)
  reply.code(answer.code ?? 200)
  return reply.send(JSON.stringify('raw' in answer ? answer.raw : renderObject(rendering, answer.object)))
}
