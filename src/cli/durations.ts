import {HaError} from '../errors.ts'

const UNITS: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000}

/** `90s` → 90000. @throws HaError USAGE naming the flag. */
export function parseDuration(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  if (!match) {
    throw new HaError('USAGE', `${flag} wants a number with a unit, not "${text}".`, {
      next: [`For example: ${flag} 30s, ${flag} 5m`],
    })
  }
  return Math.round(Number(match[1]) * UNITS[match[2]!]!)
}
