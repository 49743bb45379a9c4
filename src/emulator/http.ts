/** HTTP between the emulator's processes: JSON, always with a deadline. */
import {type IncomingMessage, request} from 'node:http'

/** The other side answered, and it was not a success. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  /** Parsed when it was JSON, else the text. */
  readonly body: unknown

  constructor(status: number, body: unknown, context: string) {
    super(`${context}: ${status} ${reasonIn(body)}`)
    this.status = status
    this.body = body
  }
}

export interface Call {
  readonly method?: string
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole answer. Default 10 s. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

/** The answer's JSON (undefined when it is empty). Rejects with HttpError for 4xx and 5xx, with Node's error when unreachable or late. */
export async function fetchJson<T = unknown>(url: string, call: Call = {}): Promise<T> {
  const deadline = AbortSignal.timeout(call.deadlineMs ?? 10_000)
  const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline
  const response = await send(url, {...call, signal})
  const body = parse(await textOf(response))
  const status = response.statusCode ?? 0
  if (status >= 400) throw new HttpError(status, body, `${call.method ?? 'GET'} ${new URL(url).pathname}`)
  return body as T
}

/** Lines of an answer that never ends (a watch), until the other side closes it or `signal` is aborted. */
export async function* fetchLines(url: string, call: Call & {signal: AbortSignal}): AsyncGenerator<string> {
  const response = await send(url, call)
  const status = response.statusCode ?? 0
  if (status !== 200) throw new HttpError(status, parse(await textOf(response)), `GET ${new URL(url).pathname}`)
  let rest = ''
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}

function send(url: string, {method = 'GET', body, headers, signal}: Call): Promise<IncomingMessage> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((done, fail) => {
    const sent = request(
      url,
      {
        method,
        ...(signal && {signal}),
        headers: {
          accept: 'application/json',
          ...(text !== undefined && {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)}),
          ...headers,
        },
      },
      done,
    )
    sent.once('error', fail)
    sent.end(text)
  })
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Google's `{error: {message}}`, Kubernetes' `{message}`, or the text itself. */
function reasonIn(body: unknown): string {
  if (typeof body !== 'object' || body === null) return String(body ?? '')
  const {error, message} = body as {error?: unknown; message?: unknown}
  if (typeof message === 'string') return message
  if (typeof error === 'string') return error
  return typeof error === 'object' && error !== null ? reasonIn(error) : JSON.stringify(body)
}
