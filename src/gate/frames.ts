/**
 * Where PostgreSQL's messages begin and end in a stream of chunks. What is only passed on is not copied.
 * https://www.postgresql.org/docs/16/protocol-message-formats.html
 */

const HEADER = 5
/** Enough of a statement to see whether it leaves something behind in its session. */
const KEPT = 16_384

export interface Message {
  /** The type's character. */
  readonly type: string
  /** Its first bytes, for the types that were asked for; else empty. */
  readonly body: Buffer
}

/** One direction of a session, after its startup message. */
export class Frames {
  readonly #wanted: ReadonlySet<string>
  readonly #header = Buffer.alloc(HEADER)
  #read = 0
  #left = 0
  #kept: Buffer[] = []

  /** @param wanted types whose bodies are kept */
  constructor(wanted: string) {
    this.#wanted = new Set(wanted)
  }

  /** No message has begun and not ended. */
  get atBoundary(): boolean {
    return this.#read === 0
  }

  /** The messages that end in this chunk, in order. */
  scan(chunk: Buffer): Message[] {
    const ended: Message[] = []
    for (let at = 0; at < chunk.length; ) {
      if (this.#read < HEADER) {
        const taken = chunk.copy(this.#header, this.#read, at, at + HEADER - this.#read)
        this.#read += taken
        at += taken
        // The length counts itself but not the type.
        if (this.#read === HEADER) this.#left = Math.max(0, this.#header.readUInt32BE(1) - 4)
      }
      if (this.#read < HEADER) break
      const part = chunk.subarray(at, at + this.#left)
      at += part.length
      this.#left -= part.length
      const type = String.fromCharCode(this.#header[0]!)
      if (this.#wanted.has(type)) this.#keep(part)
      if (this.#left > 0) continue
      ended.push({type, body: this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept)})
      this.#read = 0
      this.#kept = []
    }
    return ended
  }

  #keep(part: Buffer): void {
    const room = KEPT - this.#kept.reduce((sum, {length}) => sum + length, 0)
    if (room > 0) this.#kept.push(part.subarray(0, room))
  }
}

/** An ErrorResponse that ends the session; `code` is a SQLSTATE. */
export const fatal = (code: string, message: string): Buffer => framed('E', `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)

/** A simple query. */
export const query = (sql: string): Buffer => framed('Q', `${sql}\0`)

function framed(type: string, text: string): Buffer {
  const body = Buffer.from(text)
  const head = Buffer.alloc(HEADER)
  head.write(type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
