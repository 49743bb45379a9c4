/** HTTP as many clients do it: most over connections that stay open, some over a connection of their own. */
import {Client, Pool} from 'undici'
import type {Ask} from './requests.ts'

export interface Answer {
  /** HTTP status, or the code of what went wrong. */
  readonly status: number | string
  readonly body: string
  readonly region?: string
  readonly epoch?: string
}

export interface Transport {
  /** Never rejects. */
  send(ask: Ask, fresh: boolean): Promise<Answer>
  close(): Promise<void>
}

const CLIENTS = 5_000

/** @param deadlineMs how long an answer may take before it counts as none. */
export function openTransport(url: string, deadlineMs: number): Transport {
  // No limit on connections: reads must not queue behind writes that are held.
  const pool = new Pool(url, {connections: null, pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 0})
  let sent = 0

  /** Real clients are many; one address would soon meet the limit per client. */
  const address = () => {
    const client = sent++ % CLIENTS
    return `10.1.${client >> 8}.${client & 255}`
  }

  async function ask({method, path, headers, body}: Ask, fresh: boolean): Promise<Answer> {
    const dispatcher = fresh ? new Client(url, {headersTimeout: 0}) : pool
    try {
      const answer = await dispatcher.request({
        method,
        path,
        headers: {...headers, 'x-emulated-client-ip': address()},
        body: body ?? null,
        signal: AbortSignal.timeout(deadlineMs),
        reset: fresh,
      })
      const text = await answer.body.text()
      const {'x-region': region, 'x-epoch': epoch} = answer.headers
      return {
        status: answer.statusCode,
        body: text,
        ...(typeof region === 'string' && {region}),
        ...(typeof epoch === 'string' && {epoch}),
      }
    } finally {
      if (fresh) dispatcher.destroy().catch(() => {})
    }
  }

  return {
    send: (what, fresh) => ask(what, fresh).catch((error) => ({status: faultOf(error), body: ''})),
    close: () => pool.destroy(),
  }
}

function faultOf(error: unknown): string {
  const {name, code} = error as {name?: string; code?: string}
  return name === 'TimeoutError' ? 'timeout' : (code ?? name ?? 'error')
}
