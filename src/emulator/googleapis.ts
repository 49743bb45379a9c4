/** The one HTTP server for Google's REST APIs and for the emulator's own controls. */
import fastify, {type FastifyInstance} from 'fastify'
import type {Log} from './contract.ts'
import {errorBody} from './services/rest.ts'

/** Answers 503 until `isReady`; whatever a route throws becomes an error in Google's form, with its `statusCode` if it has one. */
export function createGoogleapis(log: Log, isReady: () => boolean): FastifyInstance {
  const server = fastify({forceCloseConnections: true, bodyLimit: 16 << 20, routerOptions: {maxParamLength: 1_000}})
  // Google takes an empty body for an empty object, and does not mind how JSON is labelled.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', {parseAs: 'string'}, (_, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string))
    } catch {
      done(Object.assign(new Error('Invalid JSON payload received.'), {statusCode: 400}))
    }
  })
  server.addHook('onRequest', async (_, reply) => {
    if (!isReady()) await reply.code(503).send(errorBody(503, 'The emulator is starting.'))
  })
  server.setErrorHandler((error: Error & {statusCode?: number}, request, reply) => {
    const code = error.statusCode ?? 500
    if (code >= 500) log('error', `${request.method} ${request.url.split('?')[0]} failed`, {reason: error.stack})
    return reply.code(code).send(errorBody(code, error.message))
  })
  server.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(errorBody(404, `The requested URL ${request.url.split('?')[0]} was not found on this server.`)),
  )
  return server
}
