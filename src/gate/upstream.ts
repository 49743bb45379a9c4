/** A server for a session: dialled, greeted, and asked whether it is a primary that still counts, before the client hears of it. */
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import type {Address} from '../lean/variables.ts'
import {query} from './frames.ts'

export interface Upstream {
  readonly socket: Socket
  /** What the server said from its first word to its first ReadyForQuery, for the client. */
  readonly greeting: Buffer
  /** BackendKeyData: what a cancel request must name. */
  readonly key: string
}

/** Why there is none. `refused`: the server's last word, an ErrorResponse for the client. */
export type Failure = {readonly refused: Buffer} | 'unreachable' | 'stale' | 'asks for the client'

/** Passes the server's question on to the client and brings its answer. */
export type Ask = (question: Buffer) => Promise<Buffer | undefined>

export interface DialOptions {
  readonly to: Address
  /** The client's startup message. */
  readonly startup: Buffer
  /** Least timeline of a primary that counts; 0: any. */
  readonly timeline: number
  /** Absent: whoever must ask the client for something fails. */
  readonly ask?: Ask | undefined
}

const DEADLINE_MS = 5_000
/** AuthenticationOk and AuthenticationSASLFinal want no answer. https://www.postgresql.org/docs/16/protocol-flow.html */
const WITHOUT_ANSWER = new Set([0, 12])
/** cannot_connect_now: starting up, shutting down, in recovery. */
const NOT_NOW = 'C57P03\0'
/** -1: a replica. Both functions are everybody's to call. https://www.postgresql.org/docs/16/functions-admin.html */
const TIMELINE = `SELECT CASE WHEN pg_is_in_recovery() THEN -1
  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END`

/** Never rejects. */
export async function dial(options: DialOptions): Promise<Upstream | Failure> {
  const socket = connect({...options.to, noDelay: true})
  const timer = setTimeout(() => socket.destroy(), DEADLINE_MS)
  socket.on('error', () => {})
  try {
    const inbox = new Inbox(socket)
    socket.write(options.startup)
    const greeted = await greet(inbox, options)
    if (!('greeting' in greeted)) return giveUp(socket, greeted.failure)
    socket.write(query(TIMELINE))
    const timeline = await firstValue(inbox)
    if (timeline < 0 || timeline < options.timeline) return giveUp(socket, 'stale')
    return {socket, ...greeted}
  } catch {
    return giveUp(socket, 'unreachable')
  } finally {
    clearTimeout(timer)
  }
}

function giveUp(socket: Socket, failure: Failure): Failure {
  socket.destroy()
  return failure
}

type Greeted = {readonly greeting: Buffer; readonly key: string} | {readonly failure: Failure}

async function greet(inbox: Inbox, {ask}: DialOptions): Promise<Greeted> {
  const heard: Buffer[] = []
  let key = ''
  for (;;) {
    const {type, raw} = await inbox.next()
    if (type === 'E') return {failure: raw.includes(NOT_NOW, 0, 'latin1') ? 'unreachable' : {refused: raw}}
    if (type === 'K') key = raw.toString('hex', 5)
    if (type === 'R' && !WITHOUT_ANSWER.has(raw.readInt32BE(5))) {
      const answer = await ask?.(raw)
      if (!answer) return {failure: 'asks for the client'}
      inbox.socket.write(answer)
      continue
    }
    // The client heard the rest of a conversation about its password as it went on.
    heard.push(raw)
    if (type === 'Z') return {greeting: Buffer.concat(heard), key}
  }
}

async function firstValue(inbox: Inbox): Promise<number> {
  let value = Number.NaN
  for (;;) {
    const {type, raw} = await inbox.next()
    // DataRow: the number of columns, then each one's length and text.
    if (type === 'D') value = Number(raw.toString('utf8', 11, 11 + raw.readInt32BE(7)))
    if (type === 'E') throw new Error('the server would not say its timeline')
    if (type === 'Z') return value
  }
}

interface Whole {
  readonly type: string
  /** Header included. */
  readonly raw: Buffer
}

/** A server's messages one by one, read only as far as they are wanted. */
class Inbox {
  readonly socket: Socket
  #buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.pause()
  }

  /** Rejects when the server leaves. */
  async next(): Promise<Whole> {
    for (;;) {
      const whole = this.#take()
      if (whole) return whole
      const chunk: Buffer | null = this.socket.read()
      if (chunk) this.#buffer = Buffer.concat([this.#buffer, chunk])
      else await this.#more()
    }
  }

  #take(): Whole | undefined {
    const buffer = this.#buffer
    if (buffer.length < 5) return undefined
    const length = buffer.readUInt32BE(1) + 1
    if (buffer.length < length) return undefined
    this.#buffer = buffer.subarray(length)
    return {type: String.fromCharCode(buffer[0]!), raw: buffer.subarray(0, length)}
  }

  async #more(): Promise<void> {
    const left = new AbortController()
    const {signal} = left
    try {
      if (this.socket.destroyed || this.socket.readableEnded) throw new Error('the server left')
      const gone = once(this.socket, 'close', {signal}).then(() => {
        throw new Error('the server left')
      })
      const ended = once(this.socket, 'end', {signal}).then(() => {
        throw new Error('the server left')
      })
      await Promise.race([once(this.socket, 'readable', {signal}), gone, ended])
    } finally {
      left.abort()
    }
  }
}

/** Passes a cancel request on, for the server session of this key (hex). Resolves when it was sent or cannot be. */
export async function cancel(to: Address, key: string): Promise<void> {
  const body = Buffer.from(key, 'hex')
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + body.length, 0)
  head.writeInt32BE(80_877_102, 4)
  const socket = connect(to)
  socket.on('error', () => {})
  socket.setTimeout(DEADLINE_MS, () => socket.destroy())
  socket.end(Buffer.concat([head, body]))
  await new Promise((done) => socket.once('close', done))
}
