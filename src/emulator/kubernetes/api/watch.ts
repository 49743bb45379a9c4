/** Watches: a line of JSON per change. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
import type {FastifyReply, FastifyRequest} from 'fastify'
import type {Api} from './api.ts'
import type {KubeObject, WatchEvent} from './objects.ts'
import {selection} from './read.ts'
import {type Rendering, renderObject} from './render.ts'
import type {Call} from './request.ts'
import {apiVersionOf, storeKey} from './resources.ts'
import type {Matches} from './selectors.ts'
import {ApiError} from './status.ts'

const BOOKMARK_EVERY_MS = 60_000
/** A client that does not read what it asked for is let go. */
const UNREAD_BYTES = 16 << 20

export const isWatch = ({method, query}: Call): boolean =>
  method === 'GET' && ['true', '1'].includes(query.get('watch') ?? '')

/** Holds the connection until the client leaves, `timeoutSeconds` have passed or the server closes. */
export function watchObjects(api: Api, call: Call, request: FastifyRequest, reply: FastifyReply): void {
  const {row, name} = call.target
  const {query} = call
  const key = storeKey(row)
  const matches = selection(call)
  const wanted: Matches = name === undefined ? matches : (object) => object.metadata.name === name && matches(object)
  const from = query.get('resourceVersion') ?? ''
  const initial = query.get('sendInitialEvents') === 'true'
  const fresh = from === '' || from === '0' || initial
  const missed = fresh ? [] : api.store.since(from, key)
  if (!missed) {
    throw new ApiError('Expired', `too old resource version: ${from} (${api.store.resourceVersion})`)
  }

  reply.hijack()
  const {raw} = reply
  raw.writeHead(200, {'content-type': 'application/json', 'transfer-encoding': 'chunked'})
  raw.flushHeaders()
  let first = true
  const send = (type: string, object: KubeObject) => {
    const rendering: Rendering = {
      row,
      shape: call.shape,
      now: api.now,
      includeObject: query.get('includeObject') ?? undefined,
    }
    const rendered = renderObject(rendering, object)
    // A table says what its columns are once.
    if (rendered.columnDefinitions && !first) rendered.columnDefinitions = null
    first = false
    raw.write(`${JSON.stringify({type, object: rendered})}\n`)
    if (raw.writableLength > UNREAD_BYTES) raw.destroy()
  }
  const bookmark = (annotations?: Record<string, string>) => {
    const metadata = {resourceVersion: api.store.resourceVersion, ...(annotations && {annotations})}
    const object = {kind: row.kind, apiVersion: apiVersionOf(row), metadata}
    raw.write(`${JSON.stringify({type: 'BOOKMARK', object})}\n`)
  }
  const tell = (event: WatchEvent) => {
    const type = seenAs(event, wanted)
    if (type) send(type, event.object)
  }

  if (fresh) for (const object of api.store.list(key)) if (wanted(object)) send('ADDED', object)
  if (initial) bookmark({'k8s.io/initial-events-end': 'true'})
  missed.forEach(tell)
  const stop = api.store.watch(key, tell)
  const bookmarks = query.get('allowWatchBookmarks') === 'true' ? setInterval(bookmark, BOOKMARK_EVERY_MS) : undefined
  const seconds = Number(query.get('timeoutSeconds') ?? 0)
  const timeout = seconds > 0 ? setTimeout(() => raw.end(), seconds * 1000) : undefined
  request.raw.socket.setTimeout(0)
  raw.once('close', () => {
    stop()
    clearInterval(bookmarks)
    clearTimeout(timeout)
  })
}

/** An object that comes to match is added, one that ceases to is deleted. */
function seenAs({type, object, previous}: WatchEvent, wanted: Matches): WatchEvent['type'] | undefined {
  const before = previous !== undefined && wanted(previous)
  if (type === 'DELETED') return before ? type : undefined
  if (wanted(object)) return before ? 'MODIFIED' : 'ADDED'
  return before ? 'DELETED' : undefined
}
