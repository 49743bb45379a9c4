/** Numbers with units, as people write them in ha.yaml. Each pattern here is also the one in the JSON Schema. */

export const DURATION = /^\d{1,7}(s|m|h|d)$/
export const SIZE = /^[1-9]\d{0,6}(GiB|TiB)$/
export const MEMORY = /^[1-9]\d{0,6}(MiB|GiB)$/
export const PERCENT = /^\d{1,3}(\.\d{1,6})?%$/
export const RATE = /^[1-9]\d{0,8}\/(s|min|h)$/
export const MILLICPU = /^[1-9]\d{0,5}m$/
/** Not every month has so many days: rules/operations.ts knows. */
export const DATE = /^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/
/** One statement that only reads. */
export const QUERY = /^(SELECT|select)\s[^;]+$/
export const HOURS = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/

const SECONDS: Readonly<Record<string, number>> = {s: 1, m: 60, h: 3600, d: 86_400}
const GIB: Readonly<Record<string, number>> = {GiB: 1, TiB: 1024}
const MIB: Readonly<Record<string, number>> = {MiB: 1, GiB: 1024}
const PER_MINUTE: Readonly<Record<string, number>> = {s: 60, min: 1, h: 1 / 60}

const scaled = (text: string, units: Readonly<Record<string, number>>) =>
  Number.parseFloat(text) * units[text.replace(/^[\d./]+/, '')]!

/** `5m` → 300 seconds. Text must match DURATION; likewise below. */
export const parseDuration = (text: string): number => scaled(text, SECONDS)

/** `2TiB` → 2048 GiB. */
export const parseSize = (text: string): number => scaled(text, GIB)

/** `1GiB` → 1024 MiB. */
export const parseMemory = (text: string): number => scaled(text, MIB)

/** `99.95%` → 99.95. */
export const parsePercent = (text: string): number => Number.parseFloat(text)

/** `10/s` → 600 a minute, at least 1. */
export const parseRate = (text: string): number => Math.max(1, Math.round(scaled(text, PER_MINUTE)))

/** `250m` or 0.25 → 250 thousandths of a core. */
export const parseCpu = (cpu: string | number): number =>
  typeof cpu === 'number' ? Math.round(cpu * 1000) : Number.parseInt(cpu, 10)

/** `18:00-06:00` → minutes since midnight. */
export function parseHours(text: string): {readonly from: number; readonly to: number} {
  const [from, to] = text.split('-').map((time) => {
    const [hours, minutes] = time.split(':').map(Number)
    return hours! * 60 + minutes!
  })
  return {from: from!, to: to!}
}

/** Seconds as a person would write them: 604800 → `7d`. */
export function formatDuration(seconds: number): string {
  const [unit, size] = Object.entries(SECONDS)
    .reverse()
    .find(([, size]) => seconds >= size && seconds % size === 0) ?? ['s', 1]
  return `${seconds / size}${unit}`
}
