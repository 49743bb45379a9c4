/** What `ha doctor` says: a line per check, and what to do about those that are not well. Pure. */
import {count, table} from './format.ts'
import type {Style} from './style.ts'

export interface CheckSeen {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'bad'
  readonly what: string
  readonly next: readonly string[]
}

const SIGNS = {ok: ['good', '✔'], warn: ['warn', '!'], bad: ['bad', '✖']} as const

export function doctorLines(checks: readonly CheckSeen[], style: Style): string[] {
  const rows = table(
    checks.map(({name, verdict, what}) => {
      const [tone, sign] = SIGNS[verdict]
      return [style(tone, sign), style('strong', name), what]
    }),
  )
  const lines = checks.flatMap(({next}, index) => [rows[index]!, ...next.map((line) => `   → ${line}`)])
  return [...lines, '', verdictLine(checks, style)]
}

function verdictLine(checks: readonly CheckSeen[], style: Style): string {
  const bad = checks.filter(({verdict}) => verdict === 'bad')
  if (bad.length > 0)
    return style('bad', `✖ ${count(bad.length, 'thing')} missing: ${bad.map(({name}) => name).join(', ')}.`)
  return style('good', '✔ This machine has what ha needs.')
}
