/**
 * One client's session. Between transactions it may be made to wait, and its server may be exchanged for another one without the
 * client noticing; in the midst of one it goes on with the server it has, or ends.
 */
import type {Socket} from 'node:net'
import type {Clock} from '../clock.ts'
import type {Address} from '../lean/variables.ts'
import {Frames, fatal} from './frames.ts'
import {leavesState} from './lasting.ts'
import type {Lease} from './lease.ts'
import {type Ask, dial, type Upstream} from './upstream.ts'
import type {Word} from './word.ts'

export interface SessionOptions {
  readonly client: Socket
  /** The client's startup message. */
  readonly startup: Buffer
  /** Passes a question on to the client, before it is told that it may begin. */
  readonly ask: Ask
  readonly lease: Lease
  readonly to: Address
  readonly clock: Clock
  readonly log: (message: string) => void
  /** How long a session waits for a primary that does not answer yet, or is not the one that counts yet. */
  readonly patienceMs: number
}

const RETRY_MS = 50
const IDLE = 'I'
/** admin_shutdown and cannot_connect_now: what drivers take for a lost connection. https://www.postgresql.org/docs/16/errcodes-appendix.html */
const SHUT_DOWN = '57P01'
const NOT_NOW = '57P03'

export class Session {
  readonly #options: SessionOptions
  /** The first server's key; the client never learns of another. */
  key = ''
  #upstream: Upstream | undefined
  #epoch = 0
  /** ReadyForQuery messages that the server still owes. */
  #owed = 0
  #status = IDLE
  /** Parts of an extended query without their Sync. */
  #unsynced = false
  /** Something lasts in the server's session, so that another server would not do. */
  #stateful = false
  #ended = false
  readonly #asked = new Frames('QP')
  #told = new Frames('Z')
  readonly #requests: Buffer[] = []
  readonly #answers: Buffer[] = []
  #forwarding = false
  #returning = false

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Resolves when the client has been told that it may begin, or that it may not. */
  async begin(): Promise<void> {
    const {client, lease, ask} = this.#options
    client.once('close', () => this.#end())
    await lease.opened()
    const attached = await this.#attach(ask)
    if (this.#ended || !attached) return
    this.key = attached.key
    client.write(attached.greeting)
    client.on('data', (chunk: Buffer) => {
      this.#requests.push(chunk)
      this.#forward()
    })
  }

  /** The server's own key, for a cancel request. */
  get serverKey(): string | undefined {
    return this.#upstream?.key
  }

  /** Another word holds: what leads to a primary that no longer counts ends now. */
  moved(word: Word): void {
    if (this.#upstream && this.#epoch !== word.epoch) this.#leave()
  }

  /** Between transactions, with nothing under way. */
  get isIdle(): boolean {
    return this.#owed === 0 && this.#status === IDLE && !this.#unsynced && this.#asked.atBoundary
  }

  async #forward(): Promise<void> {
    if (this.#forwarding) return
    this.#forwarding = true
    const {lease} = this.#options
    while (this.#requests.length > 0 && !this.#ended) {
      const word = lease.fresh()
      if (!word) await this.#holding(lease.renew())
      else if (this.#upstream && this.#epoch !== word.epoch) this.#leave()
      else if (this.isIdle && word.state === 'held') await this.#holding(lease.opened())
      else if (!this.#upstream) await this.#holding(this.#attach())
      else await this.#send(this.#requests.shift()!)
    }
    this.#forwarding = false
  }

  /** The client is not read from while it waits. */
  async #holding(wait: Promise<unknown>): Promise<void> {
    const {client} = this.#options
    client.pause()
    await wait
    client.resume()
  }

  async #send(chunk: Buffer): Promise<void> {
    for (const message of this.#asked.scan(chunk)) {
      const {type} = message
      if (type === 'Q' || type === 'S' || type === 'F') this.#owed += 1
      if ('PBDECH'.includes(type)) this.#unsynced = true
      if (type === 'S') this.#unsynced = false
      if (!this.#stateful && leavesState(message)) this.#stateful = true
    }
    const {socket} = this.#upstream!
    if (!socket.write(chunk)) await this.#holding(drained(socket))
  }

  async #return(): Promise<void> {
    if (this.#returning) return
    this.#returning = true
    const {client, lease} = this.#options
    while (this.#answers.length > 0 && this.#upstream && !this.#ended) {
      const word = lease.fresh()
      if (!word) await this.#listeningLater(lease.renew())
      // What a primary says that no longer counts is not passed on: nobody may take it for an acknowledgement.
      else if (this.#epoch !== word.epoch) this.#leave()
      else if (this.#isFarewell(this.#answers[0]!)) this.#lose()
      else if (!client.write(this.#take())) await this.#listeningLater(drained(client))
    }
    this.#returning = false
  }

  async #listeningLater(wait: Promise<unknown>): Promise<void> {
    const socket = this.#upstream?.socket
    socket?.pause()
    await wait
    socket?.resume()
  }

  #take(): Buffer {
    const chunk = this.#answers.shift()!
    for (const {type, body} of this.#told.scan(chunk)) {
      if (type !== 'Z') continue
      this.#owed = Math.max(0, this.#owed - 1)
      this.#status = body.toString('latin1', 0, 1)
    }
    return chunk
  }

  /** An error that nobody asked for: the server shuts down. */
  #isFarewell(chunk: Buffer): boolean {
    return this.isIdle && this.#told.atBoundary && chunk[0] === 0x45
  }

  /** Undefined, and the client is told and let go, when there is no primary within the time. */
  async #attach(ask?: Ask): Promise<Upstream | undefined> {
    const {lease, clock, to, startup, log, patienceMs} = this.#options
    const deadline = clock.monotonic() + patienceMs
    for (;;) {
      const word = await lease.renew()
      const found = await dial({to, startup, timeline: word.timeline, ask})
      const isUpstream = typeof found === 'object' && 'socket' in found
      if (isUpstream && !this.#ended && lease.fresh()?.epoch === word.epoch) return this.#adopt(found, word.epoch)
      if (isUpstream) found.socket.destroy()
      if (this.#ended) return undefined
      if (typeof found === 'object' && 'refused' in found) return this.#cut(found.refused)
      if (found === 'asks for the client') return this.#cut(fatal(SHUT_DOWN, 'the primary has moved'))
      if (clock.monotonic() > deadline) {
        log(`No primary for a session: ${isUpstream ? 'it moved' : found}`)
        return this.#cut(fatal(NOT_NOW, 'the primary is out of reach'))
      }
      await clock.sleep(RETRY_MS)
    }
  }

  #adopt(upstream: Upstream, epoch: number): Upstream {
    const {socket} = upstream
    this.#upstream = upstream
    this.#epoch = epoch
    this.#told = new Frames('Z')
    this.#answers.length = 0
    socket.on('data', (chunk: Buffer) => {
      if (this.#upstream !== upstream) return
      this.#answers.push(chunk)
      this.#return()
    })
    socket.once('close', () => this.#upstream === upstream && this.#lose())
    socket.resume()
    return upstream
  }

  /** The server does not count any more. */
  #leave(): void {
    if (this.isIdle && !this.#stateful) this.#drop()
    else this.#cut(fatal(SHUT_DOWN, 'terminating connection: the primary has moved'))
  }

  /** The server has gone by itself. A session between transactions that left nothing there need not know. */
  #lose(): void {
    if (this.isIdle && !this.#stateful) {
      this.#drop()
      return
    }
    // What it said last is the client's to hear.
    for (const chunk of this.#answers.splice(0)) this.#options.client.write(chunk)
    this.#cut(Buffer.alloc(0))
  }

  #drop(): void {
    const upstream = this.#upstream
    this.#upstream = undefined
    upstream?.socket.destroy()
  }

  #cut(lastWord: Buffer): undefined {
    const {client} = this.#options
    if (lastWord.length > 0) client.write(lastWord)
    client.destroySoon()
    this.#end()
  }

  #end(): void {
    this.#ended = true
    this.#drop()
  }
}

/** Also when it will never be: its end is noticed elsewhere. */
const drained = (socket: Socket) =>
  new Promise<void>((done) => {
    const both = () => {
      socket.off('drain', both)
      socket.off('close', both)
      done()
    }
    socket.once('drain', both)
    socket.once('close', both)
  })
