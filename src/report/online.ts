/** What `ha validate --online` says: a line per check, what to do about it below, and one line that sums it up. Pure. */
import type {Finding} from '../cloud/checks.ts'
import {count, table} from './format.ts'
import type {Style} from './style.ts'

const SIGNS = {ok: ['good', '✔'], warn: ['warn', '!'], bad: ['bad', '✖'], skipped: ['dim', '·']} as const

export function onlineLines(findings: readonly Finding[], style: Style): string[] {
  const rows = table(
    findings.map(({name, verdict, what}) => {
      const [tone, sign] = SIGNS[verdict]
      return [style(tone, sign), style('strong', name), what]
    }),
  )
  const bad = findings.filter(({verdict}) => verdict === 'bad')
  const told = findings.flatMap(({next}, index) => [rows[index]!, ...next.map((line) => `   → ${line}`)])
  const sum =
    bad.length > 0
      ? style('bad', `✖ ${count(bad.length, 'thing')} in the way of a deploy: ${bad.map(({name}) => name).join(', ')}.`)
      : style('good', '✔ Nothing is in the way of a deploy.')
  return [...told, '', sum]
}
