/** Events → sentences. Pure: one event in, the lines a person should read out, or none. */
import type {Action, Event, PlannedChange} from '../events/events.ts'
import {bytes, count, duration, value} from './format.ts'
import type {Style} from './style.ts'

export interface Wording {
  readonly style: Style
  readonly verbose: boolean
}

const PAST: Record<Action, string> = {
  create: 'created',
  update: 'updated',
  replace: 'replaced',
  delete: 'deleted',
  read: 'read',
  same: 'unchanged',
}

const SIGNS: Record<PlannedChange['action'], {sign: string; tone: 'good' | 'warn' | 'bad'}> = {
  create: {sign: '+', tone: 'good'},
  update: {sign: '~', tone: 'warn'},
  replace: {sign: '±', tone: 'bad'},
  delete: {sign: '-', tone: 'bad'},
}

/** What a finished task has achieved, where it says nothing itself. */
const DONE: Readonly<Record<string, string>> = {
  'emulator.start': 'The local cloud is up',
  'engine.download': 'The engine is downloaded',
  'engine.build': 'The engine is built',
  'engine.turn': 'The other ha is done',
}

/** Lines for one event; empty for what only the live view or NDJSON shows. */
export function wordsFor(event: Event, {style, verbose}: Wording): readonly string[] {
  const tick = style('good', '✔')
  const cross = style('bad', '✖')
  switch (event.kind) {
    case 'task.finished':
      return event.ms < 2000 && !event.note
        ? []
        : [`${tick} ${event.note ?? DONE[event.task] ?? event.task} ${style('dim', duration(event.ms))}`]
    case 'task.failed':
      return [`${cross} ${event.message}`]
    case 'lock.awaited':
      return [
        `Waiting for the lock: ${event.owner} on ${event.host} runs ${event.operation} since ${new Date(event.since).toLocaleTimeString()}.`,
      ]
    case 'lock.broken':
      return [style('warn', `Took over the lock of ${event.owner} (${event.operation}): ${event.reason}`)]
    case 'plan.made':
      return planLines(event, style)
    case 'stack.skipped':
      return event.reason === 'unchanged' && !verbose
        ? []
        : [style('dim', `· ${event.stack}: ${SKIPPED[event.reason]}`)]
    case 'region.silent':
      return [
        style(
          'bad',
          `! ${event.region} did not answer for ${duration(event.ms)}: what is in it is left as it is, the rest goes on.`,
        ),
      ]
    case 'stack.repaired':
      return [
        style(
          'warn',
          `${event.stack}: picked up ${count(event.pending.length, 'operation')} that an earlier run left unfinished.`,
        ),
      ]
    case 'stack.finished':
      // A preview changes nothing; what it found is told as the plan.
      if (event.operation === 'preview') return verbose ? [style('dim', `· ${event.stack}: looked at`)] : []
      return [`${tick} ${event.stack} ${style('dim', `${changesText(event.changes)}, ${duration(event.ms)}`)}`]
    case 'stack.failed':
      return [
        `${cross} ${style('strong', event.stack)} failed after ${duration(event.ms)}`,
        ...event.problems.flatMap(({message, next}) => [indent(message), ...next.map((line) => indent(`→ ${line}`))]),
      ]
    case 'part.failed':
      return verbose ? [`${cross} ${event.part.what} ${event.part.name}: ${event.message}`] : []
    case 'part.finished':
      return verbose
        ? [style('dim', `  ${event.part.what} ${event.part.name} ${PAST[event.action]} (${duration(event.ms)})`)]
        : []
    case 'step.finished':
      return [`${tick} ${event.step}${event.note ? `: ${event.note}` : ''} ${style('dim', duration(event.ms))}`]
    case 'step.failed':
      return [`${cross} ${style('strong', event.step)} failed after ${duration(event.ms)}`, indent(event.message)]
    case 'engine.silent':
      return [
        style('warn', `${event.stack}: no news from the engine for ${duration(event.ms)}`) +
          (event.waitingFor.length > 0
            ? `; it waits for ${event.waitingFor.map(({what, name}) => `${what} ${name}`).join(', ')}`
            : ''),
      ]
    case 'interrupt.received':
      return [style('warn', event.message)]
    case 'warning.raised':
      return [style('warn', `! ${event.message}`), ...event.next.map((line) => indent(`→ ${line}`))]
    case 'diagnostic.printed':
      return verbose || event.severity === 'warning' || event.severity === 'error'
        ? [style('dim', `${event.stack}: ${event.message}`)]
        : []
    case 'error.raised':
      return [
        ...problemLines(event.data.problems, style),
        `${cross} ${style('bad', event.message)} ${style('dim', `[${event.code}]`)}`,
        ...event.next.map((line) => indent(`→ ${line}`)),
      ]
    default:
      return []
  }
}

/** Problems of ha.yaml, as a compiler would show them: place, message, the line, what to write instead. */
function problemLines(problems: unknown, style: Style): string[] {
  if (!Array.isArray(problems)) return []
  return problems.flatMap(({file, line, column, message, code, excerpt, instead}: Placed) => [
    `${style('strong', file.startsWith('--') ? `${file}:` : `${file}:${line}:${column}`)} ${message} ${style('dim', `[${code}]`)}`,
    ...(excerpt.trim() ? [style('dim', `  ${excerpt}`)] : []),
    ...(instead === undefined ? [] : [`  → ${instead}`]),
  ])
}

interface Placed {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly code: string
  readonly excerpt: string
  readonly instead?: string
}

const indent = (text: string) =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')

const SKIPPED: Record<Extract<Event, {kind: 'stack.skipped'}>['reason'], string> = {
  unchanged: 'unchanged, not run',
  'region-lost': 'its region is given up, not run',
  'region-silent': 'its region does not answer, left as it is',
  'not-chosen': 'not chosen by --only',
  'needs-failed': 'not run, something it needs failed',
}

/** `{create: 3, same: 2}` → `3 created, 2 unchanged`. */
export function changesText(changes: Partial<Record<Action, number>>): string {
  const parts = (Object.keys(PAST) as Action[])
    .filter((action) => changes[action])
    .map((action) => `${changes[action]} ${PAST[action]}`)
  return parts.length === 0 ? 'nothing to do' : parts.join(', ')
}

/** What a task shows while it runs: `53 of 115 MiB, 46 %`. */
export function progressText({
  done,
  total,
  unit,
  note,
}: {
  done?: number
  total?: number
  unit?: string
  note?: string
}): string {
  const amount = (n: number) => (unit === 'bytes' ? bytes(n) : String(n))
  const parts: string[] = []
  if (done !== undefined && total !== undefined && total > 0) {
    parts.push(
      `${amount(done)} of ${amount(total)}${unit && unit !== 'bytes' ? ` ${unit}` : ''}, ${Math.floor((100 * done) / total)} %`,
    )
  } else if (done !== undefined) {
    parts.push(`${amount(done)}${unit && unit !== 'bytes' ? ` ${unit}` : ''}`)
  }
  if (note) parts.push(note)
  return parts.join(' · ')
}

export type Planned = Pick<Extract<Event, {kind: 'plan.made'}>, 'stacks' | 'downgrades' | 'warnings'>

/** The plan: risks first, then a tree by stack, then one line that sums it up. */
export function planLines({stacks, downgrades, warnings}: Planned, style: Style): string[] {
  const changes = stacks.flatMap((stack) => stack.changes)
  const risky = changes.filter(({part, action}) => part.stateful && (action === 'replace' || action === 'delete'))
  const lines: string[] = []
  for (const {name, says} of downgrades) {
    lines.push(style('bad', `! lowers availability: ${says}`) + style('dim', ` [${name}]`))
  }
  for (const {part, action} of risky) {
    lines.push(style('bad', `! ${action}s ${part.what} ${part.name}: what it holds is lost`))
  }
  for (const warning of warnings) lines.push(style('warn', `! ${warning}`))
  for (const stack of stacks.filter(({changes}) => changes.length > 0)) {
    lines.push(style('strong', stack.stack))
    lines.push(...stackLines(stack.changes, style))
  }
  lines.push(summaryLine(changes, downgrades.length, style))
  return lines
}

/** More than this many new parts of a kind are told as one line. */
const MANY = 3

function stackLines(changes: readonly PlannedChange[], style: Style): string[] {
  const created = (what: string) => changes.filter(({action, part}) => action === 'create' && part.what === what)
  const kinds = [...new Set(changes.map(({part}) => part.what))]
  const many = new Map(kinds.map((what) => [what, created(what)] as const).filter(([, {length}]) => length > MANY))
  const groups = [...many].map(([what, parts]) => {
    const names = parts.slice(0, MANY).map(({part}) => part.name)
    return `  ${style('good', '+')} ${parts.length} × ${what} ${style('dim', `${names.join(', ').slice(0, 60)} …`)}`
  })
  const single = changes.filter(({action, part}) => action !== 'create' || !many.has(part.what))
  return [...groups, ...single.flatMap((change) => changeLines(change, style))]
}

function changeLines({part, action, fields}: PlannedChange, style: Style): string[] {
  const {sign, tone} = SIGNS[action]
  const head = `  ${style(tone, sign)} ${part.what} ${style('strong', part.name)}`
  if (action !== 'update' && action !== 'replace') return [head]
  return [
    head,
    ...fields.map(
      ({path, from, to, replaces}) =>
        `      ${path}: ${value(from)} → ${value(to)}${replaces ? style('bad', '  (forces replacement)') : ''}`,
    ),
  ]
}

function summaryLine(changes: readonly PlannedChange[], downgrades: number, style: Style): string {
  if (changes.length === 0 && downgrades > 0)
    return `${style('strong', 'Plan:')} no part changes; what the platform promises does.`
  if (changes.length === 0) return style('good', 'No changes. The platform is as ha.yaml says.')
  const counted = (['create', 'update', 'replace', 'delete'] as const)
    .map((action) => [action, changes.filter((change) => change.action === action).length] as const)
    .filter(([, n]) => n > 0)
    .map(([action, n]) => `${n} to ${action}`)
  return `${style('strong', 'Plan:')} ${counted.join(', ')}.`
}
