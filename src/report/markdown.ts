/** A plan as Markdown for a pull request: what is at risk first, numbers per stack, particulars folded away, bounded in size. Pure. */
import type {PlannedChange, StackPlan} from '../events/events.ts'
import {value} from './format.ts'

export interface MarkdownPlan {
  readonly app: string
  readonly environment: string
  readonly stacks: readonly StackPlan[]
  readonly downgrades: readonly {readonly name: string; readonly says: string}[]
  readonly warnings: readonly string[]
  /** Lines of the cost estimate, on targets that cost something. */
  readonly cost?: readonly string[]
}

/** GitHub takes comments of up to 65,536 characters; some are left to the pipeline. */
export const MOST_CHARACTERS = 60_000

const SIGNS = {create: '+', update: '~', replace: '±', delete: '−'} as const
const ACTIONS = ['create', 'update', 'replace', 'delete'] as const

/** First line of the text, by which a pipeline finds its own comment again. */
export const markerOf = (app: string, environment: string): string => `<!-- ha plan ${app} ${environment} -->`

/** Ends with a newline; at most `limit` characters, the particulars of the last stacks left out first. */
export function planMarkdown(plan: MarkdownPlan, limit = MOST_CHARACTERS): string {
  const {app, environment, stacks} = plan
  const changes = stacks.flatMap((stack) => stack.changes)
  const moved = stacks.filter(({verdict}) => verdict === 'change')
  const head = [
    markerOf(app, environment),
    `### Plan for ${text(app)} (${text(environment)})`,
    '',
    `**${headline(plan, changes, moved)}**`,
    ...lowered(plan.downgrades),
    ...risks(changes),
    ...plan.warnings.map((warning) => `\n> ⚠️ ${text(warning)}`),
    ...(moved.length > 0 ? ['', ...overview(moved)] : []),
  ].join('\n')
  const tail = plan.cost ? folded('Cost', plan.cost.map((line) => text(line)).join('\n')) : ''
  return bounded(
    cut(head, limit - tail.length - NOTE_LENGTH),
    moved.filter(({changes: own}) => own.length > 0).map(details),
    tail,
    limit,
  )
}

const NOTE = (left: number) =>
  `\n\n_The particulars of ${left} more stacks are left out: \`ha plan\` shows all of them._`
const NOTE_LENGTH = NOTE(999).length + 1

function bounded(head: string, parts: readonly string[], tail: string, limit: number): string {
  let body = head
  let shown = 0
  for (const part of parts) {
    if (body.length + part.length + tail.length + NOTE_LENGTH > limit) break
    body += part
    shown += 1
  }
  const left = parts.length - shown
  return `${body}${left > 0 ? NOTE(left) : ''}${tail}\n`
}

const cut = (whole: string, most: number) =>
  whole.length <= most ? whole : `${whole.slice(0, Math.max(0, most - 1))}…`

function headline({downgrades}: MarkdownPlan, changes: readonly PlannedChange[], moved: readonly StackPlan[]): string {
  if (moved.length > 0) return summary(changes, moved)
  return downgrades.length > 0
    ? 'No part changes; what the platform promises does.'
    : 'No changes. The platform is as ha.yaml says.'
}

function summary(changes: readonly PlannedChange[], moved: readonly StackPlan[]): string {
  const counted = ACTIONS.map((action) => [action, countOf(changes, action)] as const).filter(([, n]) => n > 0)
  const steps = moved.filter((stack) => stack.changes.length === 0).length
  const parts = [...counted.map(([action, n]) => `${n} to ${action}`), ...(steps > 0 ? [`${steps} steps to run`] : [])]
  return `${parts.join(', ')}.`
}

/** What survives less comes before all else. */
function lowered(downgrades: MarkdownPlan['downgrades']): string[] {
  if (downgrades.length === 0) return []
  const lines = downgrades.map(({name, says}) => `> - ${text(says)} (${code(name)})`)
  return ['', '> [!CAUTION]', '> This lowers availability; a deploy refuses until each is accepted by name:', ...lines]
}

/** Replacing or deleting what holds data comes before everything else that is said. */
function risks(changes: readonly PlannedChange[]): string[] {
  const risky = changes.filter(({part, action}) => part.stateful && (action === 'replace' || action === 'delete'))
  if (risky.length === 0) return []
  const lines = risky.map(({part, action, fields}) => {
    const because = fields.filter(({replaces}) => replaces).map(({path}) => code(path))
    return `> - **${action}s** ${text(part.what)} ${code(part.name)}${because.length > 0 ? ` because of ${because.join(', ')}` : ''}`
  })
  return ['', '> [!CAUTION]', '> What these hold is lost:', ...lines]
}

function overview(moved: readonly StackPlan[]): string[] {
  const rows = moved.map(({stack, changes}) =>
    changes.length === 0
      ? `| ${text(stack)} | step | | | |`
      : `| ${text(stack)} | ${ACTIONS.map((action) => countOf(changes, action) || '').join(' | ')} |`,
  )
  return ['| | create | update | replace | delete |', '| --- | ---: | ---: | ---: | ---: |', ...rows]
}

const countOf = (changes: readonly PlannedChange[], wanted: PlannedChange['action']) =>
  changes.filter(({action}) => action === wanted).length

function details({stack, changes}: StackPlan): string {
  const order = (change: PlannedChange) => -ACTIONS.indexOf(change.action)
  const lines = changes.toSorted((a, b) => order(a) - order(b)).flatMap(changeLines)
  return folded(`${text(stack)}: ${changes.length}`, lines.join('\n'))
}

const folded = (title: string, body: string) => `\n\n<details><summary>${title}</summary>\n\n${body}\n\n</details>`

function changeLines({part, action, fields}: PlannedChange): string[] {
  const head = `- \`${SIGNS[action]}\` ${text(part.what)} ${code(part.name)}`
  const shown = action === 'update' || action === 'replace' ? fields : []
  return [
    head,
    ...shown.map(
      ({path, from, to, replaces}) =>
        `  - ${code(path)}: ${code(value(from))} → ${code(value(to))}${replaces ? ' **forces replacement**' : ''}`,
    ),
  ]
}

/** Nothing of a plan may become markup, mention a person or end a table's cell. */
const text = (raw: string): string =>
  raw
    .replace(/[\\`*_[\]<>|~#]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll('@', '@&#8203;')
    .replaceAll('\n', ' ')

/** A code span with a fence longer than any run of backticks inside. */
function code(raw: string): string {
  const flat = raw.replaceAll('\n', ' ').replaceAll('|', '¦')
  const fence = '`'.repeat(Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length)) + 1)
  const pad = fence.length > 1 ? ' ' : ''
  return `${fence}${pad}${flat}${pad}${fence}`
}
