/** Durations, sizes and times as people read them. Pure. */

/** `840 ms` → `0.8 s`, `75_000` → `1 min 15 s`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `2026-11-22 14:05:09`, in the reader's own time zone. */
export function moment(at: number): string {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  return date.toISOString().slice(0, 19).replace('T', ' ')
}

/** `1536` → `1.5 KiB`. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let value = n
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${n} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}

/** `count(1, 'change')` → `1 change`, `count(3, 'change')` → `3 changes`. */
export const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`

/** A table with two spaces between columns; cells may carry `style` marks, so width is counted without them. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, visibleWidth(cell))
    })
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => cell + ' '.repeat(widths[i]! - visibleWidth(cell)))
    return (indent + cells.join('  ')).trimEnd()
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence starts with a control character
const ANSI = /\u001B\[[0-9;]*m/g

export const visibleWidth = (text: string) => text.replace(ANSI, '').length

/** A value of a resource's input, short enough for one line. */
export function value(v: unknown): string {
  if (v === undefined) return '(none)'
  const text = JSON.stringify(v)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
