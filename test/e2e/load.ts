/** Guests and channels of the rental example, with a ledger of their own: what they were told is what must be true later. */
import {setTimeout as sleep} from 'node:timers/promises'

export interface Ledger {
  /** Ids of bookings that were confirmed, by the guest's key. */
  readonly bookings: Map<string, string>
  /** Events that were acknowledged, as `channel/id`. */
  readonly webhooks: Set<string>
  /** Requests that were not answered well, and made again. */
  readonly retried: string[]
  /** Readers ask once: what they were refused. */
  readonly failedReads: string[]
  reads: number
}

export interface Load {
  readonly ledger: Ledger
  /** Lets everyone finish what they have begun; rejects when someone was never answered. */
  stop(): Promise<Ledger>
}

const DEADLINE_MS = 10_000
const PATIENCE_MS = 60_000

/** Eight guests, four channels, two readers, each asking the next thing once the last was answered. About 100 requests a second. */
export function startLoad(url: string): Load {
  const ledger: Ledger = {bookings: new Map(), webhooks: new Set(), retried: [], failedReads: [], reads: 0}
  const stopped = new AbortController()
  let count = 0

  const guest = async () => {
    const key = `guest-${count++}`
    const booking = {listing: key, guest: 'Ada', arrives: '2030-05-01', leaves: '2030-05-03'}
    const answer = await insist(`${url}/bookings`, {'idempotency-key': key}, booking, ledger)
    ledger.bookings.set(key, (answer as {id: string}).id)
  }
  const channel = async () => {
    const id = `event-${count++}`
    await insist(`${url}/webhooks/airbnb`, {}, {id, type: 'guest.message'}, ledger)
    ledger.webhooks.add(`airbnb/${id}`)
  }
  const reader = async () => {
    const response = await ask(`${url}/bookings?listing=guest-0`, {})
    ledger.reads++
    if (response.status !== 200) ledger.failedReads.push(response.text)
  }
  const forever = async (deed: () => Promise<void>) => {
    while (!stopped.signal.aborted) {
      await deed()
      await sleep(100)
    }
  }
  const everyone = [...Array(8).fill(guest), ...Array(4).fill(channel), reader, reader].map(forever)
  const ended = Promise.all(everyone)
  ended.catch(() => stopped.abort())
  return {
    ledger,
    async stop() {
      stopped.abort()
      await ended
      return ledger
    },
  }
}

/** Keys of bookings that were acknowledged and are not there. @throws where one can be told neither there nor not */
export async function lostOf(url: string, {bookings}: Ledger): Promise<string[]> {
  const lost: string[] = []
  for (const [key, id] of bookings) {
    const {status, text} = await ask(`${url}/bookings/${id}?consistency=strong`, {})
    if (status === 404) lost.push(key)
    else if (status !== 200) throw new Error(`${key}: ${status} ${text}`)
  }
  return lost
}

/** Asks until the answer is good, with the same key, as a client that must not lose it would. */
async function insist(url: string, headers: Record<string, string>, body: object, ledger: Ledger): Promise<unknown> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const {status, text} = await ask(url, {method: 'POST', headers, body: JSON.stringify(body)})
    if (status >= 200 && status < 300) return JSON.parse(text)
    ledger.retried.push(`${status} ${text}`)
    if (performance.now() > end) throw new Error(`${url} was not done within a minute; at last: ${status} ${text}`)
    await sleep(200)
  }
}

async function ask(url: string, options: RequestInit): Promise<{status: number; text: string}> {
  try {
    const response = await fetch(url, {...options, signal: AbortSignal.timeout(DEADLINE_MS)})
    return {status: response.status, text: await response.text()}
  } catch (error) {
    return {status: 0, text: String((error as Error).cause ?? error)}
  }
}
