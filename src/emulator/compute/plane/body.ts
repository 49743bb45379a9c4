/** The body of a request, kept in memory only as far as a second try needs it. */
import type {IncomingMessage} from 'node:http'
import {RETRIES} from '../limits.ts'

export interface Body {
  readonly empty: boolean
  /** Can be opened again after it was sent. */
  readonly replayable: boolean
  /** To be called anew for every try. */
  open(): Buffer | AsyncIterable<Buffer> | null
}

const EMPTY: Body = {empty: true, replayable: true, open: () => null}

/** Bodies up to 64 KiB are read whole; longer ones are passed through as they come. */
export function bodyOf(request: IncomingMessage): Body | Promise<Body> {
  const length = request.headers['content-length']
  if (request.headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return EMPTY
  if (Number(length) > RETRIES.replayableBytes) return streamed([], request)
  return read(request)
}

async function read(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({destroyOnReturn: false}) as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > RETRIES.replayableBytes) return streamed(chunks, request)
  }
  const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return {empty: size === 0, replayable: true, open: () => (size === 0 ? null : whole)}
}

function streamed(before: readonly Buffer[], request: IncomingMessage): Body {
  return {
    empty: false,
    replayable: false,
    open: async function* () {
      yield* before
      yield* request.iterator({destroyOnReturn: false}) as AsyncIterable<Buffer>
    },
  }
}
