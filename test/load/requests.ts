/** What the clients of the rental example ask, and how an answer is to be taken. */
import type {Kind, Outcome} from './ledger.ts'

export interface Ask {
  readonly class: 'write' | 'read' | 'strong'
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A write: who makes it and under which key. Everything else follows from these. */
export interface Write {
  readonly run: string
  readonly worker: number
  readonly seq: number
  readonly kind: Kind
}

const DAY_MS = 86_400_000
const FIRST_NIGHT = Date.UTC(2030, 0, 1)

export const keyOf = ({run, worker, seq}: Write) => `${run}-${worker}-${seq}`
/** Each worker has a listing and a channel of its own, so that sums can be told apart and no two bookings collide. */
export const listingOf = (run: string, worker: number) => `${run}-${worker}`

export function writeAsk(write: Write): Ask {
  const {run, worker, seq, kind} = write
  const key = keyOf(write)
  const listing = listingOf(run, worker)
  const post = (path: string, body: object): Ask => ({
    class: 'write',
    method: 'POST',
    path,
    headers: {'content-type': 'application/json', 'idempotency-key': key},
    body: JSON.stringify(body),
  })
  const night = (offset: number) => new Date(FIRST_NIGHT + (seq + offset) * DAY_MS).toISOString().slice(0, 10)
  if (kind === 'booking') return post('/bookings', {listing, guest: key, arrives: night(0), leaves: night(1)})
  if (kind === 'webhook') return post(`/webhooks/${listing}`, {id: key, type: 'guest.message'})
  return post('/prices', {listing, nightlyCents: 10_000 + seq})
}

export const listAsk = (run: string, worker: number): Ask => ({
  class: 'read',
  method: 'GET',
  path: `/bookings?listing=${listingOf(run, worker)}`,
  headers: {},
})

/** A booking that was acknowledged, from the primary: it must be there. */
export const strongAsk = (booking: string): Ask => ({
  class: 'strong',
  method: 'GET',
  path: `/bookings/${booking}?consistency=strong`,
  headers: {},
})

/**
 * A refusal (4xx) means that nothing was written. A 5xx does not: the answer to a commit may have been lost on its way. A connection
 * that was never made carried nothing.
 */
export function outcomeOf(status: number | string): Outcome {
  if (typeof status === 'string') return status === 'ECONNREFUSED' ? 'fail' : 'unknown'
  if (status < 400) return 'ok'
  return status < 500 ? 'fail' : 'unknown'
}

/** What the answer to a write calls it: the booking's id, or the key under which its effect will be found. */
export function idOf(kind: Kind, body: string): string | undefined {
  const answer = JSON.parse(body) as {id?: string; key?: string}
  return kind === 'booking' ? answer.id : answer.key
}
