import {invalid} from './failures.ts'

/** Milliseconds of a JSON duration (`600s`, `1.5s`). Throws INVALID_ARGUMENT naming `field`. */
export function durationMs(text: string, field: string): number {
  const match = /^(\d+(?:\.\d{1,9})?)s$/.exec(text)
  if (!match) throw invalid(`Invalid value at '${field}': "${text}" is not a duration such as "600s".`)
  return Number(match[1]) * 1_000
}

export const durationText = (ms: number): string => `${ms / 1_000}s`

export interface WireTime {
  readonly seconds: number
  readonly nanos?: number
}

export const wireTime = (ms: number): WireTime => ({
  seconds: Math.floor(ms / 1_000),
  nanos: Math.round((ms % 1_000) * 1e6),
})

export const wireMs = (time: WireTime): number => Number(time.seconds ?? 0) * 1_000 + (time.nanos ?? 0) / 1e6

/** Milliseconds of an RFC 3339 timestamp. Throws INVALID_ARGUMENT naming `field`. */
export function timestampMs(text: string, field: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw invalid(`Invalid value at '${field}': "${text}" is not a timestamp.`)
  return ms
}

export const timestampText = (ms: number): string => new Date(ms).toISOString()
