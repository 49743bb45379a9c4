/** A plan as a file: what was expected, and of what; and the guard over what holds data. Pure but for reading and writing the file. */
import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {HaError} from '../errors.ts'
import type {Action, PlannedChange, StackPlan} from '../events/events.ts'
import {replaceFile} from '../store/durable.ts'
import {canonical, type Versions} from './fingerprint.ts'
import {serialOf} from './state.ts'
import type {Workspace} from './workspace.ts'

/** Everything a plan was made from; when any of it moves, the plan is about another world. */
export interface PlanFacts {
  readonly app: string
  readonly environment: string
  /** `hashOf(config)`, overrides of the command line included. */
  readonly config: string
  readonly rolesEpoch: number
  /** By stack; `none` for a stack that does not exist. */
  readonly serials: Readonly<Record<string, string>>
  readonly versions: Versions
}

export interface SavedPlan {
  readonly format: 1
  /** Milliseconds since the epoch. */
  readonly madeAt: number
  readonly facts: PlanFacts
  readonly stacks: readonly StackPlan[]
  /** Of availability, as they were shown. */
  readonly downgrades: readonly {readonly name: string; readonly says: string}[]
}

/** What a plan would do, whatever it was made from. */
export type Steps = Pick<SavedPlan, 'stacks' | 'downgrades'>

/** A short hash of any plain value, the order of keys aside. */
export const hashOf = (value: unknown): string =>
  createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16)

export async function serialsOf(workspace: Workspace, stacks: readonly string[]): Promise<Record<string, string>> {
  const serials = stacks.map(async (stack) => [stack, serialOf(await workspace.state.read(stack))] as const)
  return Object.fromEntries(await Promise.all(serials))
}

/** Durable when it resolves; mode 0600. Holds no secret: values of secrets are not part of a StackPlan. */
export async function writePlan(path: string, plan: SavedPlan): Promise<void> {
  await replaceFile(path, `${JSON.stringify({sum: hashOf(plan), plan}, null, 1)}\n`)
}

/** Throws USAGE when the file is not a whole plan of this format. */
export async function readPlan(path: string): Promise<SavedPlan> {
  const next = ['Make one with: ha plan --out FILE']
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new HaError('USAGE', `There is no plan at ${path}.`, {next, cause})
  })
  try {
    const {sum, plan} = JSON.parse(text) as {sum: string; plan: SavedPlan}
    if (plan.format === 1 && sum === hashOf(plan)) return plan
  } catch {
    // Said below.
  }
  throw new HaError('USAGE', `${path} is not a plan of this version of ha, or it was changed by hand.`, {next})
}

/** Throws PLAN_STALE that names what moved since the plan was made. Call it before a fresh preview, which costs more. */
export function assertFresh(saved: SavedPlan, now: PlanFacts): void {
  const {facts} = saved
  if (facts.app !== now.app || facts.environment !== now.environment) {
    throw stale([`it is a plan of ${facts.app} (${facts.environment}), not of ${now.app} (${now.environment})`])
  }
  const stacks = [...new Set([...Object.keys(facts.serials), ...Object.keys(now.serials)])]
  const moved = stacks.filter((stack) => (facts.serials[stack] ?? 'none') !== (now.serials[stack] ?? 'none'))
  const reasons = [
    facts.config === now.config ? [] : ['ha.yaml or its overrides changed'],
    facts.rolesEpoch === now.rolesEpoch ? [] : [`the roles changed (epoch ${facts.rolesEpoch}, now ${now.rolesEpoch})`],
    moved.length === 0 ? [] : [`the state of ${moved.join(', ')} changed`],
    facts.versions.engine === now.versions.engine
      ? []
      : [`the engine is ${now.versions.engine}, was ${facts.versions.engine}`],
    facts.versions.program === now.versions.program
      ? []
      : [`ha is ${now.versions.program}, was ${facts.versions.program}`],
  ].flat()
  if (reasons.length > 0) throw stale(reasons)
}

/** Throws PLAN_STALE when a fresh preview expects other changes than the saved plan: something outside of ha changed. */
export function assertSameSteps(saved: Steps, fresh: Steps): void {
  const [before, after] = [stepsOf(saved), stepsOf(fresh)]
  const more = [...after].filter(([key]) => !before.has(key)).map(([, text]) => `now also: ${text}`)
  const less = [...before].filter(([key]) => !after.has(key)).map(([, text]) => `no longer: ${text}`)
  if (more.length + less.length > 0) throw stale([...more, ...less])
}

const stepsOf = ({stacks, downgrades}: Steps): ReadonlyMap<string, string> =>
  new Map([
    ...downgrades.map(({name, says}) => [`lower ${name}`, says] as const),
    ...stacks.flatMap((stack) =>
      stack.verdict === 'change' && stack.changes.length === 0
        ? [[stack.stack, `run ${stack.stack}`] as const]
        : stack.changes.map((change) => [canonical(change), describe(change)] as const),
    ),
  ])

const describe = ({action, part}: PlannedChange): string => `${action} ${part.what} ${part.name} (${part.stack})`

const stale = (reasons: readonly string[]): HaError =>
  new HaError('PLAN_STALE', `The plan no longer holds: ${reasons.slice(0, 5).join('; ')}. Nothing was changed.`, {
    next: ['Make a new one and read it: ha plan --out FILE'],
    data: {reasons},
  })

/** Changes that would destroy data or capacity. */
export const dangersOf = (stacks: readonly StackPlan[]): readonly PlannedChange[] =>
  stacks
    .flatMap((stack) => stack.changes)
    .filter(({action, part}) => part.stateful && (action === 'replace' || action === 'delete'))

/**
 * Throws PLAN_UNSAFE unless every stateful part that would be replaced or deleted is among `named`. `flag`: what names one.
 */
export function assertSafe(stacks: readonly StackPlan[], named: readonly string[], flag: string): void {
  const dangers = dangersOf(stacks).filter(({part}) => !named.includes(part.name))
  if (dangers.length === 0) return
  const because = ({fields}: PlannedChange) => {
    const paths = fields.filter((field) => field.replaces).map((field) => field.path)
    return paths.length > 0 ? ` because of ${paths.join(', ')}` : ''
  }
  const list = dangers.map((change) => `${describe(change)}${because(change)}`)
  throw new HaError('PLAN_UNSAFE', `This would destroy what holds data: ${list.join('; ')}. Nothing was changed.`, {
    next: [
      'Undo the change in ha.yaml that asks for it, or',
      `if you mean it, name each part: ${dangers.map(({part}) => `${flag} ${part.name}`).join(' ')}`,
    ],
    data: {parts: dangers.map(({action, part}) => ({action, ...part}))},
  })
}

/** How many changes of each kind, over all stacks. */
export function countsOf(stacks: readonly StackPlan[]): Readonly<Record<PlannedChange['action'], number>> {
  const counts: Record<Exclude<Action, 'same' | 'read'>, number> = {create: 0, update: 0, replace: 0, delete: 0}
  for (const {action} of stacks.flatMap((stack) => stack.changes)) counts[action] += 1
  return counts
}
