/**
 * Whether a request that failed at one endpoint goes to another: https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries
 * Pure.
 */
import {RETRIES} from '../limits.ts'
import type {RetryPolicy} from './url-map.ts'

export type Failure =
  /** Nothing was sent. */
  | {readonly kind: 'connect'}
  /** The connection ended before any byte of an answer. */
  | {readonly kind: 'reset'}
  /** One try took too long. */
  | {readonly kind: 'timeout'}
  | {readonly kind: 'status'; readonly status: number}

export interface Tried {
  readonly method: string
  readonly emptyBody: boolean
  /** The body can be sent a second time. */
  readonly replayable: boolean
  /** Retries made, those after a failed connection not counted. */
  readonly retries: number
  readonly policy: RetryPolicy | undefined
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

const isGatewayError = (status: number) => status >= 502 && status <= 504

/**
 * `free`: nothing was sent, so another endpoint takes it, whatever the request. `counted`: one of the allowed retries.
 */
export function nextStep(failure: Failure, tried: Tried): 'free' | 'counted' | 'stop' {
  if (failure.kind === 'connect') return 'free'
  if (!tried.replayable) return 'stop'
  // A connection that was kept alive may have been closed by the other side while the request was on its way.
  if (failure.kind === 'reset' && IDEMPOTENT.has(tried.method) && tried.retries === 0) return 'counted'
  const wanted = tried.policy === undefined ? byDefault(failure, tried) : byPolicy(failure, tried.policy)
  const allowed = tried.policy?.retries ?? RETRIES.default
  return wanted && tried.retries < allowed ? 'counted' : 'stop'
}

function byDefault(failure: Failure, tried: Tried): boolean {
  if (!tried.emptyBody || !IDEMPOTENT.has(tried.method)) return false
  return failure.kind === 'reset' || (failure.kind === 'status' && isGatewayError(failure.status))
}

function byPolicy(failure: Failure, policy: RetryPolicy): boolean {
  const conditions = policy.conditions.length === 0 ? ['gateway-error'] : policy.conditions
  const on = (condition: string) => conditions.includes(condition)
  if (failure.kind !== 'status')
    return on('5xx') || on('gateway-error') || (failure.kind === 'reset' && on('refused-stream'))
  if (failure.status === 409) return on('retriable-4xx')
  return (on('5xx') && failure.status >= 500) || (on('gateway-error') && isGatewayError(failure.status))
}
