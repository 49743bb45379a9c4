/** How far behind the region's own instance is. Pure. */
import type {Known, Lag, LocalFacts, PrimaryFacts} from '../facts.ts'

export const BEAT_MS = 1_000

/** Bytes into the WAL. Form: https://www.postgresql.org/docs/16/datatype-pg-lsn.html. Throws for anything else. */
export function parseLsn(text: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? []
  if (high === undefined || low === undefined) throw new Error(`Not an LSN: ${text}`)
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/**
 * Undefined for a primary and for an instance that never held a heartbeat. Time since `local` was asked counts as lag while it does
 * not answer: what is not seen to arrive is taken to be missing.
 */
export function lagOf(primary: Known<PrimaryFacts>, local: Known<LocalFacts>): Lag | undefined {
  const facts = local.value
  if (!facts?.isReplica || facts.heartbeats.length === 0) return undefined
  const youngest = Math.min(...facts.heartbeats.map(({ageMs}) => ageMs)) + (local.ageMs ?? 0)
  const known = [primary.value?.lsn, ...facts.heartbeats.map(({lsn}) => lsn)].flatMap((lsn) =>
    lsn ? [parseLsn(lsn)] : [],
  )
  const furthest = known.reduce((most, lsn) => (lsn > most ? lsn : most))
  const replayed = facts.replayedLsn === undefined ? undefined : parseLsn(facts.replayedLsn)
  return {
    seconds: Math.max(0, youngest - BEAT_MS) / 1_000,
    ...(replayed !== undefined && {bytes: Number(furthest > replayed ? furthest - replayed : 0n)}),
  }
}
