/** What an operation says before and after. Pure. */
import {duration, moment, table} from './format.ts'
import type {Style} from './style.ts'

interface Check {
  readonly name: string
  readonly verdict: 'fine' | 'warn' | 'refuse'
  readonly reason: string
  readonly hint: string
}
interface Plan {
  readonly procedure: string
  readonly from: string
  readonly to: string
  readonly steps: readonly {
    readonly title: string
    readonly verifies: string
    readonly undo?: string
    readonly pointOfNoReturn?: true
  }[]
}

const SIGNS = {fine: ['good', '✔'], warn: ['warn', '!'], refuse: ['bad', '✖']} as const

export function checkLines(checks: readonly Check[], style: Style): string[] {
  const rows = checks.map(({name, verdict, reason, hint}) => {
    const [tone, sign] = SIGNS[verdict]
    return [style(tone, sign), name, hint ? `${reason} ${style('dim', hint)}` : reason]
  })
  return table(rows, '  ')
}

export function operationPlanLines({procedure, from, to, steps}: Plan, style: Style): string[] {
  const border = steps.findIndex((step) => step.pointOfNoReturn)
  return [
    `${style('strong', `${procedure}: ${from} → ${to}`)}`,
    ...steps.map(({title, verifies, pointOfNoReturn}, index) => {
      const mark = pointOfNoReturn ? style('warn', '  ← point of no return') : ''
      return `  ${String(index + 1).padStart(2)}  ${title} ${style('dim', `(until ${verifies})`)}${mark}`
    }),
    border < 0
      ? '  Every step can be taken back.'
      : `  Until step ${border + 1} a failure takes everything back; after it there is only forward.`,
  ]
}

/** Figures of a finished operation, as far as it has them; times in milliseconds. */
export interface Figures {
  readonly ms: number
  /** From the last moment the old primary took writes to the moment the record named the new one. */
  readonly writeGapMs?: number
  readonly loss: string
  /** Milliseconds since the epoch; null: not yet. */
  readonly recoverableSince?: number | null
  readonly leftBehind: readonly string[]
}

export function finishedLines(
  {procedure, from, to}: Plan,
  figures: Figures,
  emulated: boolean,
  style: Style,
): string[] {
  const where = emulated ? ' (emulated)' : ''
  return [
    `${style('good', '✔')} ${procedure} from ${from} to ${to} done in ${duration(figures.ms)}${where}.`,
    ...(figures.writeGapMs === undefined ? [] : [`  Writers waited at most ${duration(figures.writeGapMs)}.`]),
    `  ${figures.loss}`,
    ...recoveryLine(figures, style),
    ...leftLine(figures),
  ]
}

function recoveryLine({recoverableSince: since}: Figures, style: Style): string[] {
  if (since === undefined) return []
  if (since === null)
    return [style('warn', '  Not protected yet: no moment can be recovered to. `ha status` tells when.')]
  return [`  Protected again: every moment since ${moment(since)} can be recovered to.`]
}

const leftLine = ({leftBehind}: Figures): string[] =>
  leftBehind.length === 0 ? [] : [`  Left behind: ${leftBehind.join(', ')}. \`ha status\` says how to be rid of it.`]
