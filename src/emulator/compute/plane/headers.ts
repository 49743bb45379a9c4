/** Headers as they pass through: https://cloud.google.com/load-balancing/docs/https#target-proxies */
import type {IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders} from 'node:http'
import type {HeaderChange, ToService} from './url-map.ts'

/** Meant for the next hop only (RFC 9110 §7.6.1), or for the emulator. */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'x-emulated-client-region',
  'x-emulated-client-ip',
])

export interface Client {
  readonly ip: string
  readonly region: string | undefined
  readonly secure: boolean
}

/** Who is asking. A request may say where it pretends to come from: `X-Emulated-Client-Region`, `X-Emulated-Client-Ip`. */
export function clientOf(request: IncomingMessage, secure: boolean): Client {
  const {headers, socket} = request
  const pretended = headers['x-emulated-client-ip']
  const region = headers['x-emulated-client-region']
  const ip = typeof pretended === 'string' ? pretended : (socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '')
  return {ip, region: typeof region === 'string' && region !== '' ? region : undefined, secure}
}

/** What the backend gets, as a flat list of names and values. */
export function requestHeaders(
  request: IncomingMessage,
  client: Client,
  to: ToService,
  custom: readonly (readonly [string, string])[],
  keepLength: boolean,
): string[] {
  const flat: string[] = []
  const {rawHeaders} = request
  let forwarded = ''
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    if (DROPPED.has(name) || (name === 'content-length' && !keepLength)) continue
    if (name === 'x-forwarded-for') forwarded += `${rawHeaders[at + 1]},`
    else if (name !== 'x-forwarded-proto' && name !== 'via') flat.push(name, rawHeaders[at + 1]!)
  }
  const local = request.socket.localAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1'
  flat.push('x-forwarded-for', `${forwarded}${client.ip},${local}`)
  flat.push('x-forwarded-proto', client.secure ? 'https' : 'http', 'via', '1.1 google')
  const changes = to.headers.map((change) => change.request)
  if (changes.length === 0 && custom.length === 0 && to.rewrite?.host === undefined) return flat
  const headers = changed(pairs(flat), [...changes, asChange(custom, client)])
  if (to.rewrite?.host !== undefined) headers.set('host', [to.rewrite.host])
  return [...headers].flatMap(([name, values]) => values.flatMap((value) => [name, value]))
}

/** What the client gets. */
export function responseHeaders(
  headers: IncomingHttpHeaders,
  to: ToService,
  custom: readonly (readonly [string, string])[],
  client: Client,
): OutgoingHttpHeaders {
  const out: OutgoingHttpHeaders = {}
  for (const name in headers) if (!DROPPED.has(name)) out[name] = headers[name]
  out.via = '1.1 google'
  const changes = to.headers.map((change) => change.response)
  if (changes.length === 0 && custom.length === 0) return out
  const entries = Object.entries(out).map(
    ([name, value]) => [name, Array.isArray(value) ? value : [String(value)]] as const,
  )
  const after = changed(new Map(entries), [...changes, asChange(custom, client)])
  return Object.fromEntries([...after].map(([name, values]) => [name, [...values]]))
}

function pairs(flat: readonly string[]): Map<string, readonly string[]> {
  const map = new Map<string, readonly string[]>()
  for (let at = 0; at < flat.length; at += 2) map.set(flat[at]!, [...(map.get(flat[at]!) ?? []), flat[at + 1]!])
  return map
}

function changed(
  headers: Map<string, readonly string[]>,
  changes: readonly HeaderChange[],
): Map<string, readonly string[]> {
  for (const change of changes) {
    for (const name of change.remove) headers.delete(name.toLowerCase())
    for (const {name, value, replace} of change.add) {
      const key = name.toLowerCase()
      headers.set(key, replace ? [value] : [...(headers.get(key) ?? []), value])
    }
  }
  return headers
}

/** Of the variables in custom headers the client's address is known here; the others are empty, as for an unknown client. */
function asChange(custom: readonly (readonly [string, string])[], client: Client): HeaderChange {
  const spell = (value: string) => value.replaceAll('{client_ip_address}', client.ip).replace(/\{[a-z_0-9]+\}/g, '')
  return {remove: [], add: custom.map(([name, value]) => ({name, value: spell(value), replace: true}))}
}

/** The path the backend is asked for. */
export function upstreamPath(url: string, to: ToService): string {
  if (to.rewrite?.prefix === undefined) return url
  const rest = url.slice(to.rewrite.matched.length)
  return `${to.rewrite.prefix}${rest}`
}
