/** JSON over HTTP with a deadline on every call and Google's and Kubernetes' error bodies understood. */
import {request as httpRequest, type IncomingHttpHeaders} from 'node:http'
import {HaError} from '../errors.ts'
import {refusalOf} from '../refusals.ts'

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly contentType?: string
  /** Milliseconds; default 10 s. A dead region must not hold anything up for longer. */
  readonly deadlineMs?: number
  readonly token?: string
  /** For answers that go on (logs, watches): each complete line, as it comes. No deadline applies once it started. */
  readonly onLine?: (line: string) => void
  /** What the answer carries beside its body. */
  readonly onHeaders?: (headers: IncomingHttpHeaders) => void
  readonly signal?: AbortSignal
}

const DEFAULT_DEADLINE_MS = 10_000
/** Bad gateway, unavailable, gateway time-out: whoever should have answered did not, and what was asked may have been done all the same. https://google.aip.dev/194 */
const NO_ANSWER = new Set([502, 503, 504])
/** Kubernetes quotes whole objects in its refusals. */
const MAX_REASON = 400

/**
 * The answer's JSON (or text when it is not JSON).
 * @throws HaError CLOUD_UNREACHABLE (no answer in time, connection refused, 502 to 504), CLOUD_REFUSED (an error status; `data.status` has it).
 */
export async function callJson<T = unknown>(url: string, call: Call = {}): Promise<T> {
  const {status, text} = await send(url, call)
  const parsed = parse(text)
  if (status < 400) return parsed as T
  if (NO_ANSWER.has(status)) {
    throw new HaError('CLOUD_UNREACHABLE', `${new URL(url).host} did not answer: ${reasonOf(parsed, status)}`, {
      data: {url, status},
    })
  }
  throw new HaError('CLOUD_REFUSED', `${call.method ?? 'GET'} ${new URL(url).pathname}: ${reasonOf(parsed, status)}`, {
    next: refusalOf(text)?.next ?? [],
    data: {status},
  })
}

/** As callJson, but undefined for 404. */
export async function findJson<T = unknown>(url: string, call: Call = {}): Promise<T | undefined> {
  try {
    return await callJson<T>(url, call)
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}

/** The part of a Call that carries the token, where there is one (the emulator needs none). */
export const withToken = (token: string | undefined) => (token === undefined ? {} : {token})

/** The HTTP status behind a CLOUD_REFUSED error. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof HaError && error.code === 'CLOUD_REFUSED' ? (error.data.status as number) : undefined

async function send(url: string, call: Call): Promise<{status: number; text: string}> {
  const {method = 'GET', body, contentType = 'application/json', deadlineMs = DEFAULT_DEADLINE_MS} = call
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  // TLS is slow to load, and the local target has none.
  const request = url.startsWith('https:') ? (await import('node:https')).request : httpRequest
  return await new Promise((resolve, reject) => {
    const unreachable = (why: string) =>
      reject(new HaError('CLOUD_UNREACHABLE', `${new URL(url).host} did not answer: ${why}`, {data: {url}}))
    const headers = {
      accept: 'application/json',
      ...(payload && {'content-type': contentType, 'content-length': payload.length}),
      ...(call.token !== undefined && {authorization: `Bearer ${call.token}`}),
    }
    const sent = request(url, {method, headers}, (response) => {
      response.setEncoding('utf8')
      let text = ''
      let pending = ''
      call.onHeaders?.(response.headers)
      if (call.onLine) clearTimeout(timer)
      response.on('data', (chunk: string) => {
        if (!call.onLine || (response.statusCode ?? 500) >= 400) {
          text += chunk
          return
        }
        const lines = (pending + chunk).split('\n')
        pending = lines.pop()!
        lines.forEach(call.onLine)
      })
      response.on('end', () => {
        clearTimeout(timer)
        if (pending) call.onLine?.(pending)
        resolve({status: response.statusCode ?? 500, text})
      })
      response.on('error', (error) => unreachable(error.message))
    })
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs)
    sent.on('error', (error) => {
      clearTimeout(timer)
      unreachable(error.message || error.name)
    })
    // Not the option of the same name: given up as its answer ends, that one raises an error which nobody can catch.
    const giveUp = () => {
      clearTimeout(timer)
      resolve({status: 200, text: ''})
      sent.destroy()
    }
    call.signal?.addEventListener('abort', giveUp)
    sent.on('close', () => call.signal?.removeEventListener('abort', giveUp))
    if (call.signal?.aborted) giveUp()
    sent.end(payload)
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

/** Google: `{error: {message}}`; Kubernetes: `Status` with `message`. */
function reasonOf(body: unknown, status: number): string {
  if (typeof body === 'object' && body !== null) {
    const {error, message} = body as {error?: {message?: string}; message?: string}
    const text = error?.message ?? message
    if (text) return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text
  }
  return `status ${status}`
}
