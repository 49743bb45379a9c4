/** Questions over HTTP: the other regions, and the front door as a client meets it. */
import type {Clock} from '../clock.ts'
import type {CanaryFacts, PeerFacts} from '../facts.ts'
import {ask, drain, type Question} from '../lean/ask.ts'
import {messageOf} from '../lean/log.ts'
import type {Canary} from './settings.ts'

const DEADLINE_MS = 2_000

interface Answer {
  readonly isWell: boolean
  readonly answer: string
  readonly ms: number
}

/** Never rejects. Any answer that is not a server's fault is well. */
async function probe(clock: Clock, url: string, question: Omit<Question, 'within'> = {}): Promise<Answer> {
  const began = clock.monotonic()
  const taken = () => Math.round(clock.monotonic() - began)
  try {
    const response = await ask(url, {...question, within: DEADLINE_MS})
    await drain(response)
    const status = response.statusCode ?? 0
    return {isWell: status < 500, answer: String(status), ms: taken()}
  } catch (error) {
    return {isWell: false, answer: messageOf(error), ms: taken()}
  }
}

export interface Peer {
  probe(): Promise<void>
  tell(): PeerFacts | undefined
}

export function watchPeer(clock: Clock, {region, url}: {region: string; url: string}): Peer {
  let last: (Answer & {readonly since: number}) | undefined
  return {
    async probe() {
      const answer = await probe(clock, url)
      last = {...answer, since: last?.isWell === answer.isWell ? last.since : clock.monotonic()}
    },
    tell: () =>
      last && {
        region,
        url,
        isReachable: last.isWell,
        answer: last.answer,
        ms: last.ms,
        forMs: Math.round(clock.monotonic() - last.since),
      },
  }
}

export interface CanaryWatch {
  /** Resolves with whether there was an answer, and none of a server's fault. */
  probe(): Promise<boolean>
  tell(): CanaryFacts | undefined
}

/** Only a success (2xx) is well: a canary that is refused has not sung. `id` is given anew at each call. */
export function watchCanary(clock: Clock, frontDoor: string, canary: Canary, id: () => string): CanaryWatch {
  let last: (Answer & {readonly at: number}) | undefined
  return {
    async probe() {
      const unique = id()
      const fill = (text: string) => text.replaceAll('{id}', unique)
      const headers = {
        'idempotency-key': unique,
        ...(canary.body !== undefined && {'content-type': 'application/json'}),
      }
      const body = canary.body === undefined ? {} : {body: fill(canary.body)}
      const answer = await probe(clock, `${frontDoor}${fill(canary.path)}`, {method: canary.method, headers, ...body})
      last = {...answer, isWell: /^2\d\d$/.test(answer.answer), at: clock.monotonic()}
      return answer.isWell
    },
    tell: () =>
      last && {isWell: last.isWell, answer: last.answer, ms: last.ms, ageMs: Math.round(clock.monotonic() - last.at)},
  }
}
