/** Passive ejection: https://cloud.google.com/compute/docs/reference/rest/v1/backendServices (outlierDetection). Pure. */
import type {OutlierConfig} from './config.ts'

export interface Standing {
  /** Errors in a row. */
  readonly errors: number
  /** How often it was ejected, which is what the next ejection is multiplied by; falls by one per quiet interval. */
  readonly ejections: number
  /** Monotonic milliseconds; in the past: not ejected. */
  readonly ejectedUntil: number
  readonly settledAt: number
}

export const GOOD_STANDING: Standing = {errors: 0, ejections: 0, ejectedUntil: 0, settledAt: 0}

export const isEjected = (standing: Standing, now: number) => standing.ejectedUntil > now

export interface Pool {
  readonly ejected: number
  readonly total: number
}

/** The standing after one answer. An endpoint is ejected only while fewer than `maxEjectionPercent` already are. */
export function judge(
  standing: Standing,
  failed: boolean,
  now: number,
  config: OutlierConfig | undefined,
  pool: Pool,
): Standing {
  if (config === undefined) return standing
  const rested = rest(standing, now, config)
  if (!failed) return rested.errors === 0 ? rested : {...rested, errors: 0}
  const errors = rested.errors + 1
  const room = pool.total > 0 && (pool.ejected / pool.total) * 100 < config.maxEjectionPercent
  if (errors < config.consecutiveErrors || !config.enforced || !room || isEjected(rested, now))
    return {...rested, errors}
  const ejections = rested.ejections + 1
  const ejectedUntil = now + config.baseEjectionMs * ejections
  return {errors: 0, ejections, ejectedUntil, settledAt: ejectedUntil}
}

function rest(standing: Standing, now: number, config: OutlierConfig): Standing {
  if (standing.ejections === 0 || now <= standing.settledAt) return standing
  const quiet = Math.floor((now - standing.settledAt) / config.intervalMs)
  if (quiet === 0) return standing
  return {
    ...standing,
    ejections: Math.max(0, standing.ejections - quiet),
    settledAt: standing.settledAt + quiet * config.intervalMs,
  }
}
