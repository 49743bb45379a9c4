/**
 * What a gate goes by: the last word, and for how long it may be acted on without asking again. A process that was stopped and
 * goes on later finds its lease at an end, whatever it believed when it was stopped.
 */
import type {Clock} from '../clock.ts'
import {UNSAID, type Word} from './word.ts'

/** From the sending of the question; the promotion of another primary waits at least so long. */
export const LEASE_MS = 800
const POLL_MS = 600
/** Where nothing passes nobody needs to know: the first to pass asks. */
export const IDLE_POLL_MS = 10_000
const IDLE_MS = 3_000
/** After a change another one is likely: the next steps of an operation should not wait for a slow clock. */
const BUSY_POLL_MS = 150
const BUSY_MS = 10_000
/** While writers wait for its end. */
const HELD_POLL_MS = 75
/** An operation that died must not keep writers out for ever. */
const LONGEST_HOLD_MS = 15_000
/**
 * Where nobody can be asked for so long, the last word stands: an outage of Cloud Storage must not become one of the database. A
 * region that reaches neither it nor the load balancers has nobody to acknowledge anything to.
 */
const PATIENCE_MS = 2_000

export interface Said {
  readonly word: Word
  /** Differs whenever the object was written, with whatever text. */
  readonly generation: string
}

export interface LeaseOptions {
  /** Undefined: nothing was said yet. Rejects, within a second or so, when nobody answers. */
  readonly ask: () => Promise<Said | undefined>
  readonly clock: Clock
  readonly log: (message: string) => void
  /** Whether somebody waits for a server's answer, and should not wait longer than it takes to hear of a change. */
  readonly expecting: () => boolean
  readonly idlePollMs?: number
  /** After every change of the word. */
  readonly changed: (word: Word) => void
}

export interface Lease {
  /** Undefined: too old to go by. */
  fresh(): Word | undefined
  /** Asks until there is something to go by. */
  renew(): Promise<Word>
  /** Resolves when writers may pass. */
  opened(): Promise<void>
  stop(): void
}

export function openLease({ask, clock, log, expecting, idlePollMs = IDLE_POLL_MS, changed}: LeaseOptions): Lease {
  const ending = new AbortController()
  let said: Said = {word: UNSAID, generation: ''}
  let until = Number.NEGATIVE_INFINITY
  let changedAt = Number.NEGATIVE_INFINITY
  let usedAt = clock.monotonic()
  let failingSince: number | undefined
  let resting: AbortController | undefined
  let asking: Promise<void> | undefined
  let waiting: (() => void)[] = []

  const isHeld = () => said.word.state === 'held' && clock.monotonic() - changedAt < LONGEST_HOLD_MS
  const letPass = () => {
    if (isHeld()) return
    const passing = waiting
    waiting = []
    for (const pass of passing) pass()
  }

  function learn(next: Said, sentAt: number): void {
    failingSince = undefined
    until = sentAt + LEASE_MS
    if (next.generation === said.generation) return
    changedAt = clock.monotonic()
    said = next
    log(`Epoch ${next.word.epoch}, ${next.word.state}`)
    changed(next.word)
  }

  function fail(error: unknown): void {
    const now = clock.monotonic()
    if (failingSince === undefined) log(`Nobody says what holds: ${error instanceof Error ? error.message : error}`)
    failingSince ??= now
    if (now - failingSince >= PATIENCE_MS) until = now + LEASE_MS
  }

  function look(): Promise<void> {
    asking ??= (async () => {
      const sentAt = clock.monotonic()
      try {
        learn((await ask()) ?? {word: UNSAID, generation: ''}, sentAt)
      } catch (error) {
        fail(error)
      }
      asking = undefined
      letPass()
    })()
    return asking
  }

  const fresh = () => {
    const now = clock.monotonic()
    usedAt = now
    resting?.abort()
    if (now >= until) return undefined
    return said.word.state === 'held' && !isHeld() ? {...said.word, state: 'open' as const} : said.word
  }

  const pollMs = (now: number) => {
    if (waiting.length > 0) return HELD_POLL_MS
    return now - changedAt < BUSY_MS ? BUSY_POLL_MS : POLL_MS
  }
  const pause = async () => {
    const now = clock.monotonic()
    const isIdle = now - usedAt > IDLE_MS && waiting.length === 0 && !expecting()
    if (!isIdle) return clock.sleep(pollMs(now), ending.signal)
    resting = new AbortController()
    await clock.sleep(idlePollMs, AbortSignal.any([ending.signal, resting.signal])).catch(() => {})
    resting = undefined
  }
  const watch = async () => {
    while (!ending.signal.aborted) {
      await look()
      await pause().catch(() => {})
    }
  }
  watch()

  return {
    fresh,
    async renew() {
      for (;;) {
        const word = fresh()
        if (word) return word
        await look()
        // An answer that was under way while the process was stopped is as old as its question.
        if (!fresh()) await clock.sleep(BUSY_POLL_MS / 4, ending.signal).catch(() => {})
        if (ending.signal.aborted) return said.word
      }
    },
    opened: () =>
      new Promise((pass) => {
        waiting.push(pass)
        letPass()
      }),
    stop() {
      ending.abort()
      for (const pass of waiting) pass()
    },
  }
}
