/** A client's first words. https://www.postgresql.org/docs/16/protocol-flow.html#PROTOCOL-FLOW-START-UP */
import {once} from 'node:events'
import type {Socket} from 'node:net'

const CANCEL = 80_877_102
/** SSLRequest and GSSENCRequest, answered `N`: what comes here never leaves the pod, and the Auth Proxy encrypts what does. */
const ENCRYPTION_REQUESTS = new Set([80_877_103, 80_877_104])
const MAX_STARTUP = 10_000

export type Startup =
  | {readonly kind: 'session'; readonly message: Buffer}
  /** `key`: what BackendKeyData said, in hex. */
  | {readonly kind: 'cancel'; readonly key: string}

/** Undefined when the client leaves first or is none of PostgreSQL's. Leaves the client paused, with nothing read that came after. */
export async function readStartup(client: Socket): Promise<Startup | undefined> {
  for (;;) {
    const head = await exactly(client, 8)
    if (!head) return undefined
    const [length, code] = [head.readInt32BE(0), head.readInt32BE(4)]
    if (length < 8 || length > MAX_STARTUP) return undefined
    const rest = length > 8 ? await exactly(client, length - 8) : Buffer.alloc(0)
    if (!rest) return undefined
    if (code === CANCEL) return {kind: 'cancel', key: rest.toString('hex')}
    if (!ENCRYPTION_REQUESTS.has(code)) return {kind: 'session', message: Buffer.concat([head, rest])}
    client.write('N')
  }
}

/** The client's answer to a question about who it is; undefined when it leaves. */
export async function reply(client: Socket, question: Buffer): Promise<Buffer | undefined> {
  client.write(question)
  const head = await exactly(client, 5)
  const rest = head && (await exactly(client, head.readUInt32BE(1) - 4))
  return head && rest && Buffer.concat([head, rest])
}

/** Exactly so many bytes, however they come. */
async function exactly(client: Socket, bytes: number): Promise<Buffer | undefined> {
  if (bytes === 0) return Buffer.alloc(0)
  for (;;) {
    const chunk: Buffer | null = client.read(bytes)
    if (chunk) return chunk.length === bytes ? chunk : undefined
    if (client.destroyed || client.readableEnded) return undefined
    const left = new AbortController()
    const {signal} = left
    const events = ['readable', 'end', 'close'].map((name) => once(client, name, {signal}).catch(() => {}))
    await Promise.race(events)
    left.abort()
  }
}
