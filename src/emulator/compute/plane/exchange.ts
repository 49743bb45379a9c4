/** One try of one request at one endpoint, streamed both ways. */
import type {IncomingHttpHeaders, ServerResponse} from 'node:http'
import type {Dispatcher} from 'undici'
import type {Body} from './body.ts'
import type {Endpoint, InFlight} from './endpoint.ts'
import type {Failure} from './retry.ts'

export interface Attempt {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: Body
  /** The whole time this try may take. */
  readonly timeoutMs: number
  /** Whether an answer with this status is to be thrown away because another try follows. */
  discard(status: number): boolean
  respond(status: number, headers: IncomingHttpHeaders): void
}

export type Outcome =
  | {readonly kind: 'answered'; readonly status: number; readonly bytes: number}
  /** The client went away. */
  | {readonly kind: 'gone'}
  /** The request itself cannot be passed on. */
  | {readonly kind: 'malformed'}
  /** Cut after its head was sent: the backend broke off or draining ended. */
  | {readonly kind: 'broken'; readonly status: number}
  | (Failure & {readonly sent: boolean})

/** Resolves when the answer was passed on, or with what stood in the way. Never rejects. */
export function exchange(endpoint: Endpoint, attempt: Attempt, response: ServerResponse): Promise<Outcome> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let sent = false
    let status = 0
    let started = false
    let discarding = false
    let bytes = 0
    let over = false

    const flight: InFlight = {cut: () => abort('draining ended')}
    const abort = (why: string) => {
      const reason = new Error(why)
      if (controller === undefined) handler.onResponseError(undefined, reason)
      else controller.abort(reason)
    }
    const timer = setTimeout(() => {
      if (!started) finish({kind: 'timeout', sent})
      abort('timed out')
    }, attempt.timeoutMs)
    const gone = () => {
      finish({kind: 'gone'})
      abort('the client went away')
    }
    const drained = () => controller?.resume()

    const finish = (outcome: Outcome) => {
      if (over) return
      over = true
      clearTimeout(timer)
      endpoint.end(flight)
      response.off('close', gone)
      response.off('drain', drained)
      resolve(outcome)
    }

    const handler = {
      onRequestStart: (given: Dispatcher.DispatchController) => {
        controller = given
        if (over) return given.abort(new Error('too late'))
        sent = true
      },
      onResponseStart: (_: unknown, code: number, headers: IncomingHttpHeaders) => {
        if (over || code < 200) return
        status = code
        discarding = attempt.discard(code)
        if (discarding) return finish({kind: 'status', status, sent})
        started = true
        attempt.respond(code, headers)
      },
      onResponseData: (given: Dispatcher.DispatchController, chunk: Buffer) => {
        if (over || discarding) return
        bytes += chunk.length
        if (!response.write(chunk)) given.pause()
      },
      onResponseEnd: () => {
        if (over) return
        response.off('close', gone)
        response.end()
        finish({kind: 'answered', status, bytes})
      },
      onResponseError: (_: unknown, failure: Error & {code?: string}) => {
        if (over) return
        if (failure.code === 'UND_ERR_INVALID_ARG') return finish({kind: 'malformed'})
        if (!started) return finish({kind: sent ? 'reset' : 'connect', sent})
        finish({kind: 'broken', status})
        response.destroy()
      },
    }

    endpoint.begin(flight)
    response.on('close', gone)
    response.on('drain', drained)
    const {method, path, headers} = attempt
    endpoint.pool.dispatch(
      {method: method as Dispatcher.HttpMethod, path, headers, body: attempt.body.open() as never},
      handler as Dispatcher.DispatchHandler,
    )
  })
}
