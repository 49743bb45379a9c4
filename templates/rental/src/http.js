/** A small HTTP server: routes, JSON in and out, errors as answers, and an orderly end. */
import {createServer} from 'node:http'
import {Unavailable} from './db.js'
import {log, particulars} from './log.js'

/** An answer other than success that is the client's to mend. */
export class Refused extends Error {
  constructor(message, status = 400) {
    super(message)
    this.status = status
  }
}
export class NotFound extends Refused {
  constructor(message) {
    super(message, 404)
  }
}
export class Conflict extends Refused {
  constructor(message, status = 409) {
    super(message, status)
  }
}

const LARGEST_BODY = 64 * 1024
const PROBES = ['/readyz', '/healthz']

/**
 * @param {Record<string, (request: {params: string[], query: URLSearchParams, headers: object, body: object}) =>
 *   Promise<{status?: number, body: object, headers?: object}>>} routes keyed by `METHOD /path/:name`
 * @param {Record<string, string>} common headers of every answer
 */
export function createApi(routes, common = {}) {
  const table = Object.entries(routes).map(([route, answer]) => {
    const [method, path] = route.split(' ')
    return {method, pattern: new RegExp(`^${path.replace(/:\w+/g, '([^/]+)')}$`), answer}
  })
  const state = {isDraining: false, inFlight: 0, lastRequest: 0}

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://local')
    if (PROBES.includes(url.pathname)) return probe(url.pathname, response)
    state.inFlight++
    state.lastRequest = performance.now()
    response.once('close', () => state.inFlight--)
    const {status = 200, body, headers} = await answerTo(table, request, url).catch(failure)
    send(response, status, body, {...common, ...headers})
  })
  // Google's front ends keep idle connections for 600 s; whoever closes first must not be this side.
  server.keepAliveTimeout = 620_000
  server.headersTimeout = 630_000
  server.requestTimeout = 30_000

  /** Ready means: this process takes requests. Whether the database does is told by each answer. */
  function probe(path, response) {
    const isReady = path === '/healthz' || !state.isDraining
    send(response, isReady ? 200 : 503, {status: isReady ? 'ok' : 'draining'}, common)
  }

  function send(response, status, body, headers) {
    const text = JSON.stringify(body)
    if (state.isDraining) response.setHeader('connection', 'close')
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    response.end(text)
  }

  return {
    server,
    /** Out of rotation, still serving; ends once nothing has been asked for `quiet` milliseconds. */
    async drain(quiet = 2000) {
      state.isDraining = true
      await new Promise((done) => {
        const timer = setInterval(() => {
          if (state.inFlight > 0 || performance.now() - state.lastRequest < quiet) return
          clearInterval(timer)
          done()
        }, 100)
      })
      server.close()
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 5000).unref()
    },
  }
}

async function answerTo(table, request, url) {
  const matches = table.map((route) => ({...route, match: route.pattern.exec(url.pathname)})).filter(({match}) => match)
  const route = matches.find(({method}) => method === request.method)
  if (!route)
    throw matches.length > 0
      ? new Refused('This path takes another method.', 405)
      : new NotFound('There is nothing here.')
  const params = route.match.slice(1).map(decoded)
  const body = request.method === 'POST' ? await readJson(request) : {}
  return route.answer({params, query: url.searchParams, headers: request.headers, body})
}

function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refused('The path is not properly encoded.')
  }
}

async function readJson(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > LARGEST_BODY) throw new Refused('The body is too large.', 413)
    chunks.push(chunk)
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    if (body && typeof body === 'object' && !Array.isArray(body)) return body
  } catch {}
  throw new Refused('The body must be a JSON object.')
}

function failure(error) {
  if (error instanceof Refused) return {status: error.status, body: {error: error.message}}
  if (error instanceof Unavailable) {
    return {status: 503, body: {error: 'The database is moving; ask again.'}, headers: {'retry-after': '2'}}
  }
  log.error('A request failed.', particulars(error))
  return {status: 500, body: {error: 'Something went wrong here.'}}
}
