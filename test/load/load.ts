/**
 * A bounded stream of requests through the front door, on a fixed schedule: a slow answer delays nobody but the worker that waits
 * for it, so a pause shows as waiting, not as fewer requests. Writes go to a ledger before they count.
 */
import {randomBytes} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import {createLedger, type Entry, type Kind} from './ledger.ts'
import {type Ask, idOf, keyOf, listAsk, outcomeOf, strongAsk, type Write, writeAsk} from './requests.ts'
import {type Sample, type Summary, summarize} from './summary.ts'
import {type Answer, openTransport} from './transport.ts'

export interface LoadOptions {
  readonly url: string
  /** Path of the ledger; must not exist. */
  readonly ledger: string
  /** Requests per second. */
  readonly rate: number
  readonly seconds: number
  /** Share of requests on a connection of their own. */
  readonly fresh?: number
  /** Most requests under way at once; beyond it requests are held back and counted. */
  readonly workers?: number
  /** Share of writes. */
  readonly writes?: number
  /** ms after which a missing answer is none. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

export interface LoadResult {
  readonly run: string
  readonly summary: Summary
  /** Every request, in the order of their answers. */
  readonly samples: readonly Sample[]
}

interface Worker {
  readonly number: number
  seq: number
  /** To be tried again: nobody knows whether it happened. */
  pending?: {readonly write: Write; readonly tries: number}
  /** The last booking that was acknowledged. */
  booking?: string
}

const TRIES = 3
const KINDS: readonly Kind[] = ['booking', 'booking', 'webhook', 'price']
const now = () => Number(process.hrtime.bigint())

/** Ends by itself after `seconds` plus at most one deadline. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const {url, rate, seconds, fresh = 0.2, workers: count = Math.min(2 * rate, 1_000), deadlineMs = 10_000} = options
  const run = `load-${randomBytes(4).toString('hex')}`
  const ledger = await createLedger(options.ledger, {ledger: 1, run, url, startedAt: new Date().toISOString()})
  const transport = openTransport(url, deadlineMs)
  const idle: Worker[] = Array.from({length: count}, (_, number) => ({number, seq: 0}))
  const samples: Sample[] = []
  const underWay = new Set<Promise<void>>()
  let heldBack = 0

  async function read(ask: Ask): Promise<void> {
    const invoke_ns = now()
    const {status} = await transport.send(ask, Math.random() < fresh)
    samples.push({class: ask.class, invoke_ns, complete_ns: now(), ...(status !== 200 && {failure: String(status)})})
  }

  async function write(worker: Worker): Promise<void> {
    const kind = KINDS[Math.floor(Math.random() * KINDS.length)]!
    const {write, tries} = worker.pending ?? {write: {run, worker: worker.number, seq: worker.seq++, kind}, tries: 0}
    const invoke_ns = now()
    const answer = await transport.send(writeAsk(write), Math.random() < fresh)
    const entry = entryOf(write, answer, invoke_ns, now())
    await ledger.append(entry)
    delete worker.pending
    if (entry.outcome === 'unknown' && tries + 1 < TRIES) worker.pending = {write, tries: tries + 1}
    if (entry.outcome === 'ok' && entry.kind === 'booking' && entry.id) worker.booking = entry.id
    // It counts from here on, since it is on disk.
    const failure = entry.outcome === 'ok' ? {} : {failure: String(answer.status)}
    samples.push({class: 'write', invoke_ns, complete_ns: entry.complete_ns, ...failure})
  }

  function next(worker: Worker): Promise<void> {
    if (worker.pending || Math.random() < (options.writes ?? 0.4)) return write(worker)
    return read(worker.booking && Math.random() < 0.15 ? strongAsk(worker.booking) : listAsk(run, worker.number))
  }

  function begin(): void {
    const worker = idle.shift()
    if (!worker) {
      heldBack++
      return
    }
    const work = next(worker).finally(() => {
      idle.push(worker)
      underWay.delete(work)
    })
    underWay.add(work)
  }

  const from = now()
  const total = Math.floor(rate * seconds)
  for (let begun = 0; begun < total && !options.signal?.aborted; ) {
    const due = Math.min(total, Math.floor(((now() - from) / 1e9) * rate))
    while (begun < due) {
      begin()
      begun++
    }
    await sleep(5)
  }
  const to = now()
  await Promise.all(underWay)
  await transport.close()
  await ledger.close()
  return {run, summary: summarize(samples, {from, to, heldBack}), samples}
}

function entryOf(write: Write, answer: Answer, invoke_ns: number, complete_ns: number): Entry {
  const {worker, seq, kind} = write
  const {status, body, region, epoch} = answer
  const outcome = outcomeOf(status)
  const id = outcome === 'ok' ? idOf(kind, body) : undefined
  return {
    worker,
    seq,
    kind,
    key: keyOf(write),
    ...(id !== undefined && {id}),
    invoke_ns,
    complete_ns,
    outcome,
    status,
    ...(region !== undefined && {region}),
    ...(epoch !== undefined && {epoch}),
  }
}
