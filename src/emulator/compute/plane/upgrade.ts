/** WebSockets and other upgrades: two sockets joined, for at most the backend service's timeout. */
import http, {type IncomingMessage} from 'node:http'
import https from 'node:https'
import type {Duplex} from 'node:stream'
import type {Backend} from './backend.ts'
import type {ListenerConfig} from './config.ts'
import type {Endpoint, InFlight} from './endpoint.ts'
import {account, type Front, find, screen} from './front.ts'
import {clientOf, requestHeaders, upstreamPath} from './headers.ts'
import type {ToService} from './url-map.ts'

/** https://cloud.google.com/load-balancing/docs/https#websocket_support */
export function upgrade(
  front: Front,
  listener: ListenerConfig,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const refuse = (line: string) =>
    socket.end(`HTTP/1.1 ${line}\r\nVia: 1.1 google\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  socket.on('error', () => socket.destroy())
  const to = find(listener, request)
  const backend = to.kind === 'service' ? front.backends.get(to.service) : undefined
  if (to.kind !== 'service' || backend === undefined) return void refuse('404 Not Found')
  const {deny} = screen(front, backend, request, clientOf(request, listener.secure))
  if (deny !== undefined) return void refuse(`${deny} Denied`)
  front.counters.edge.requests += 1
  connect(front, listener, to, backend, request, socket, head, new Set(), refuse)
}

function connect(
  front: Front,
  listener: ListenerConfig,
  to: ToService,
  backend: Backend,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  tried: Set<Endpoint>,
  refuse: (line: string) => void,
): void {
  const client = clientOf(request, listener.secure)
  const endpoint = backend.choose(client.region, tried)
  if (endpoint === undefined) {
    refuse(tried.size === 0 ? '503 Service Unavailable' : '502 Bad Gateway')
    return
  }
  tried.add(endpoint)

  const outgoing = (backend.config.secure ? https : http).request({
    rejectUnauthorized: false,
    host: endpoint.ipAddress,
    port: endpoint.port,
    method: request.method ?? 'GET',
    path: upstreamPath(request.url ?? '/', to),
    agent: false,
    headers: [
      ...requestHeaders(request, client, to, backend.config.requestHeaders, false),
      'connection',
      'Upgrade',
      'upgrade',
      request.headers.upgrade ?? 'websocket',
    ],
  })
  let joined: Duplex | undefined
  const flight: InFlight = {
    cut: () => {
      outgoing.destroy()
      joined?.destroy()
      socket.destroy()
    },
  }
  endpoint.begin(flight)
  const timer = setTimeout(flight.cut, to.timeoutMs ?? backend.config.timeoutMs)
  const over = () => {
    clearTimeout(timer)
    endpoint.end(flight)
  }
  socket.once('close', flight.cut)

  outgoing.once('upgrade', (answer, upstream, rest) => {
    joined = upstream
    account(front, backend, endpoint, {kind: 'answered', status: 101, bytes: 0})
    socket.write(`${headOf(answer)}\r\n`)
    if (rest.length > 0) socket.write(rest)
    if (head.length > 0) upstream.write(head)
    upstream.on('error', () => socket.destroy())
    upstream.once('close', () => {
      over()
      socket.destroy()
    })
    upstream.pipe(socket)
    socket.pipe(upstream)
  })
  outgoing.once('response', (answer) => {
    account(front, backend, endpoint, {kind: 'answered', status: answer.statusCode ?? 502, bytes: 0})
    socket.write(`${headOf(answer)}Connection: close\r\n\r\n`)
    answer.pipe(socket)
    answer.once('close', over)
  })
  outgoing.once('error', (failure: NodeJS.ErrnoException) => {
    over()
    socket.off('close', flight.cut)
    if (socket.destroyed) return
    const sent = failure.code !== 'ECONNREFUSED'
    account(front, backend, endpoint, {kind: sent ? 'reset' : 'connect', sent})
    if (sent) refuse('502 Bad Gateway')
    else connect(front, listener, to, backend, request, socket, head, tried, refuse)
  })
  outgoing.end()
}

function headOf(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`]
  const upgrading = answer.statusCode === 101
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    const name = answer.rawHeaders[at]!
    const hop = /^(connection|keep-alive|transfer-encoding)$/i.test(name)
    if (upgrading || !hop) lines.push(`${name}: ${answer.rawHeaders[at + 1]}`)
  }
  return `${[...lines, 'Via: 1.1 google'].join('\r\n')}\r\n`
}
