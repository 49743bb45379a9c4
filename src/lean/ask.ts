/** Questions over HTTP, not by `fetch`: loading that takes as much memory as all the rest of a program in every pod. */
import {once} from 'node:events'
import type {Agent, IncomingMessage} from 'node:http'

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Keeps connections; without one each question has a connection of its own, as a new client has. */
  readonly agent?: Agent
  /** Milliseconds until both the answer and all that it says have to be there. */
  readonly within: number
}

/** What speaks to this address. TLS, and all the cryptography behind it, is loaded only where it is spoken. */
export const speakerOf = (url: string) =>
  url.startsWith('https:') ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http')

/** Resolves with the answer as soon as it begins: read it, or `drain` it. Rejects when there is none in time. */
export function ask(
  url: string,
  {method = 'GET', headers = {}, body, agent, within}: Question,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {method, headers, agent: agent ?? false, signal: AbortSignal.timeout(within)}
    const request = speakerOf(url).request(url, options, resolve)
    // For as long as there is a request: it may also fail in the middle of an answer, which then says so too.
    request.on('error', reject)
    request.end(body)
  })
}

/** What the answer says, to its end. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  answer.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(answer, 'end')
  return text
}

/** Reads the answer to its end and keeps nothing of it. */
export async function drain(answer: IncomingMessage): Promise<void> {
  await once(answer.resume(), 'end')
}
