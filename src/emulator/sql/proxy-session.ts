/**
 * One client's session through the proxy. Its first messages are read, so that it can wait for a primary that is just restarting
 * instead of being refused. https://www.postgresql.org/docs/18/protocol-message-formats.html
 */
import {connect, type Socket} from 'node:net'
import type {Follower} from './proxy-target.ts'

const CANCEL = 80_877_102
/** Answered `N`: between the emulated proxy and its client, and to the instance, nothing is encrypted. */
const ENCRYPTION_REQUESTS = new Set([80_877_103, 80_877_104])
const MAX_STARTUP = 10_000
/** cannot_connect_now: starting up, shutting down or in recovery. */
const NOT_NOW = 'C57P03\0'
const RETRY_MS = 100
const CONNECT_MS = 1_000

export interface SessionOptions {
  readonly client: Socket
  readonly follower: Follower
  /** How long a new session waits for an instance that does not answer yet. */
  readonly waitMs: number
  readonly log: (message: string) => void
  /** Told once, when an instance has taken the session. */
  readonly reached: (connectionName: string) => void
}

/** Resolves when the session has ended, for whatever reason; never rejects. */
export async function runSession(options: SessionOptions): Promise<void> {
  const {client, log} = options
  client.setNoDelay(true)
  client.on('error', () => client.destroy())
  const ended = new Promise<void>((done) => client.once('close', () => done()))
  try {
    const startup = await readStartup(client)
    if (startup) await bridge(options, startup)
  } catch (error) {
    log(`session failed: ${error instanceof Error ? error.message : error}`)
  }
  client.destroySoon()
  await ended
}

/** The startup or cancel message; undefined when the client leaves first. */
async function readStartup(client: Socket): Promise<Buffer | undefined> {
  let received = Buffer.alloc(0)
  for await (const chunk of client.iterator({destroyOnReturn: false})) {
    received = Buffer.concat([received, chunk as Buffer])
    while (received.length >= 8) {
      const length = received.readInt32BE(0)
      if (length < 8 || length > MAX_STARTUP) throw new Error('not a PostgreSQL client')
      if (received.length < length) break
      if (!ENCRYPTION_REQUESTS.has(received.readInt32BE(4))) return received
      client.write('N')
      received = received.subarray(length)
    }
  }
  return undefined
}

async function bridge(options: SessionOptions, startup: Buffer): Promise<void> {
  const {client} = options
  const opened = await openUpstream(options, startup)
  if (!opened) return
  const {upstream, first} = opened
  const over = new Promise<void>((done) => {
    upstream.once('close', () => done())
    client.once('close', () => done())
  })
  upstream.on('error', () => upstream.destroy())
  if (client.destroyed) upstream.destroy()
  client.write(first)
  client.pipe(upstream)
  upstream.pipe(client)
  await over
  upstream.destroySoon()
}

interface Opened {
  readonly upstream: Socket
  /** What the server answered to the startup message. */
  readonly first: Buffer
}

/** Tries until the server takes the session; at the deadline passes on what it said last, or nothing when it said nothing. */
async function openUpstream(
  {client, follower, waitMs, log, reached}: SessionOptions,
  startup: Buffer,
): Promise<Opened | undefined> {
  const deadline = performance.now() + waitMs
  let refusal: Opened | undefined
  for (;;) {
    const target = await follower.refresh()
    const answer = target?.address && (await attempt(target.address, startup).catch(() => undefined))
    const moved = target?.connectionName !== follower.current()?.connectionName
    if (target && answer && !moved && !isNotNow(answer.first)) {
      reached(target.connectionName)
      return answer
    }
    answer?.upstream.destroy()
    if (answer && !moved) refusal = answer
    if (client.destroyed) return undefined
    if (performance.now() > deadline) {
      log(`failed to connect to ${target?.connectionName ?? 'an instance: the name does not resolve'}`)
      if (refusal) client.write(refusal.first)
      return undefined
    }
    await new Promise((next) => setTimeout(next, RETRY_MS))
  }
}

function attempt({host, port}: {host: string; port: number}, startup: Buffer): Promise<Opened> {
  return new Promise((done, fail) => {
    const upstream = connect({host, port, noDelay: true})
    const timer = setTimeout(() => upstream.destroy(new Error('timed out')), CONNECT_MS)
    upstream.once('connect', () => clearTimeout(timer))
    upstream.once('error', fail)
    upstream.once('close', () => fail(new Error('closed')))
    upstream.write(startup)
    // A cancel request is answered by nothing but the end of the connection.
    if (startup.readInt32BE(4) === CANCEL) upstream.once('end', () => done({upstream, first: Buffer.alloc(0)}))
    upstream.once('data', (first: Buffer) => {
      upstream.pause()
      upstream.removeAllListeners('close')
      done({upstream, first})
    })
  })
}

const isNotNow = (first: Buffer) => first[0] === 0x45 && first.includes(NOT_NOW, 0, 'latin1')
