/** All stacks and steps of an environment in the order their needs demand, as many at once as the machine bears. */
import {availableParallelism} from 'node:os'
import type {Node, Recorded, Stack, Step} from '../../stacks/stack.ts'
import {asHaError, type HaError} from '../errors.ts'
import type {Action, Problem, StackPlan} from '../events/events.ts'
import {fingerprintOf} from './fingerprint.ts'
import type {Identify} from './identity.ts'
import {endOrphans} from './orphans.ts'
import {runRepaired} from './run-repaired.ts'
import {type Operation, runStack, type StackContext, type StackOutcome} from './run-stack.ts'
import {reversed, runSchedule} from './schedule.ts'
import {assertPassphrase, removeStackSettings} from './workspace.ts'

/** What an imperative step does; resolves to its outputs, plain JSON. Rejects with an HaError. */
export type Deed = (step: Step, input: unknown, signal: AbortSignal) => Promise<Readonly<Record<string, unknown>>>

export interface GraphRun extends StackContext {
  readonly nodes: readonly Node[]
  readonly operation: Operation
  readonly recorded: Recorded
  readonly fingerprints: Readonly<Record<string, string>>
  /** Changes when the programs do: ha's version; in development a hash of their sources. */
  readonly programVersion: string
  /** Stacks at once; default: one more than there are cores, at most 8. */
  readonly concurrency?: number
  readonly steps: Readonly<Record<Step['deed'], Deed>>
  readonly identify: Identify
  /** Regions given up: their nodes are left out and reported. */
  readonly lost: readonly string[]
  /** Run also what has not changed. */
  readonly all?: boolean
  /** Only these nodes; what they need is taken from what is recorded. */
  readonly only?: readonly string[]
  /** Look at the world before comparing: runs also what has not changed. */
  readonly refresh?: boolean
  /** Called before each node that changes something; throws when this run may no longer write (`lock.assertHeld`). */
  assertHeld(): Promise<void>
  /** Durable when it resolves: a success is never forgotten, whatever kills this process afterwards. */
  record(
    name: string,
    entry: {readonly outputs: Readonly<Record<string, unknown>>; readonly fingerprint: string},
  ): Promise<void>
  forget(name: string): Promise<void>
}

export interface NodeResult {
  readonly name: string
  readonly how: 'done' | 'skipped' | 'failed' | 'left-out' | 'interrupted'
  readonly counts: Partial<Record<Action, number>>
  readonly problems: readonly Problem[]
}

export interface GraphResult {
  /** Nothing failed, was left out because something failed, or was interrupted. */
  readonly ok: boolean
  readonly interrupted: boolean
  readonly nodes: readonly NodeResult[]
  /** In the order of the nodes; what was not looked at is missing. */
  readonly plan: readonly StackPlan[]
  readonly recorded: Recorded
  readonly fingerprints: Readonly<Record<string, string>>
  /** The first error that was not a stack's own (LOCK_LOST, a step's), for the exit code. */
  readonly error?: HaError
}

/** An engine spends part of its time waiting for the cloud, so one more than there are cores. */
const CONCURRENCY = Math.max(2, Math.min(8, availableParallelism() + 1))

const NOTHING: Pick<NodeResult, 'counts' | 'problems'> = {counts: {}, problems: []}

/** Runs the graph to its end. Throws only when nothing could begin (LOCK_LOST, STORE_CORRUPT). */
export async function runGraph(run: GraphRun): Promise<GraphResult> {
  const {nodes, operation, emit, interrupts, workspace} = run
  const writes = operation !== 'preview'
  if (writes) {
    await run.assertHeld()
    await endOrphans(workspace, run.clock, emit)
  }
  await assertPassphrase(
    workspace,
    nodes.filter((node) => node.kind === 'stack').map((node) => node.name),
  )

  const recorded: Record<string, Readonly<Record<string, unknown>>> = {...run.recorded}
  const fingerprints: Record<string, string> = {...run.fingerprints}
  const results = new Map<string, NodeResult>()
  const plans = new Map<string, StackPlan>()
  let error: HaError | undefined

  const settle = (name: string, how: NodeResult['how'], rest = NOTHING) => {
    results.set(name, {name, how, ...rest})
    return how === 'done' || how === 'skipped'
      ? ('done' as const)
      : how === 'interrupted'
        ? ('stopped' as const)
        : ('failed' as const)
  }
  const skip = (name: string, reason: 'unchanged' | 'region-lost' | 'not-chosen') => {
    emit({kind: 'stack.skipped', stack: name, reason})
    if (reason === 'unchanged') plans.set(name, {stack: name, verdict: 'skip', changes: []})
    return settle(name, 'skipped')
  }
  const succeed = async (node: Node, fingerprint: string, outputs: Readonly<Record<string, unknown>>) => {
    recorded[node.name] = outputs
    fingerprints[node.name] = fingerprint
    await run.record(node.name, {outputs, fingerprint})
  }
  const forget = async (name: string) => {
    delete recorded[name]
    delete fingerprints[name]
    await run.forget(name)
  }

  const one = async (node: Node) => {
    if (node.region !== undefined && run.lost.includes(node.region)) return skip(node.name, 'region-lost')
    if (run.only && !run.only.includes(node.name)) return skip(node.name, 'not-chosen')
    const input = operation === 'destroy' ? undefined : node.input(recorded)
    const fingerprint = fingerprintOf(node.name, input, {engine: run.engine.version, program: run.programVersion})
    const same = fingerprints[node.name] === fingerprint && !run.all && !(run.refresh && node.kind === 'stack')
    if (same && (operation === 'preview' || operation === 'up')) return skip(node.name, 'unchanged')
    if (writes) await run.assertHeld()
    return node.kind === 'step' ? step(node, input, fingerprint) : stack(node, input, fingerprint)
  }

  const step = async (node: Step, input: unknown, fingerprint: string) => {
    if (operation === 'destroy') return forget(node.name).then(() => settle(node.name, 'done'))
    if (operation === 'refresh') return settle(node.name, 'skipped')
    plans.set(node.name, {stack: node.name, verdict: 'change', changes: []})
    if (operation === 'preview') return settle(node.name, 'done')
    const begun = run.clock.monotonic()
    emit({kind: 'step.started', step: node.name, title: node.title})
    const ms = () => Math.round(run.clock.monotonic() - begun)
    try {
      await succeed(node, fingerprint, await run.steps[node.deed](node, input, interrupts.cancel))
      emit({kind: 'step.finished', step: node.name, ms: ms()})
      return settle(node.name, 'done')
    } catch (thrown) {
      const failure = asHaError(thrown)
      emit({kind: 'step.failed', step: node.name, ms: ms(), message: run.redact(failure.message)})
      if (failure.code === 'INTERRUPTED') return settle(node.name, 'interrupted')
      error ??= failure
      return settle(node.name, 'failed', {counts: {}, problems: [problemOf(failure, run)]})
    }
  }

  const stack = async (node: Stack, input: unknown, fingerprint: string) => {
    if (operation === 'destroy' && !(await workspace.state.read(node.name)))
      return forget(node.name).then(() => settle(node.name, 'done'))
    emit({kind: 'stack.started', stack: node.name, operation})
    const task = {stack: node, operation, input, ...(run.refresh ? {refresh: true} : {})}
    const outcome = writes ? await runRepaired(task, run, run.identify) : await runStack(task, run)
    plans.set(node.name, planOf(node.name, outcome))
    const {counts, problems, ms} = outcome
    if (outcome.verdict === 'done') {
      if (operation === 'up') await succeed(node, fingerprint, outcome.outputs ?? {})
      if (operation === 'destroy') await removed(node.name)
      if (writes) await workspace.state.prune(node.name)
      emit({kind: 'stack.finished', stack: node.name, ms, changes: counts})
      return settle(node.name, 'done', {counts, problems})
    }
    const shown = problems.map(({code, message, next}) => ({code, message, next}))
    if (outcome.verdict === 'failed') emit({kind: 'stack.failed', stack: node.name, ms, problems: shown})
    return settle(node.name, outcome.verdict, {counts, problems: shown})
  }

  const removed = async (name: string) => {
    await workspace.state.remove(name)
    await removeStackSettings(workspace, name)
    await forget(name)
  }

  const ordered = operation === 'destroy' ? reversed(nodes) : nodes
  for (const node of ordered) emit({kind: 'stack.queued', stack: node.name, needs: node.needs})
  await runSchedule<Node>({
    tasks: ordered,
    concurrency: run.concurrency ?? CONCURRENCY,
    stopping: () => interrupts.cancel.aborted || error?.code === 'LOCK_LOST',
    run: (node) =>
      one(node).catch((thrown) => {
        const failure = asHaError(thrown)
        error ??= failure
        emit({kind: 'stack.failed', stack: node.name, ms: 0, problems: [problemOf(failure, run)]})
        return settle(node.name, 'failed', {counts: {}, problems: [problemOf(failure, run)]})
      }),
    leaveOut: (node) => {
      emit({kind: 'stack.skipped', stack: node.name, reason: 'needs-failed'})
      settle(node.name, 'left-out')
    },
  })

  const finished = nodes.map(
    (node) => results.get(node.name) ?? {name: node.name, how: 'interrupted' as const, ...NOTHING},
  )
  const interrupted = interrupts.cancel.aborted && finished.some((result) => result.how === 'interrupted')
  return {
    ok: finished.every((result) => result.how === 'done' || result.how === 'skipped'),
    interrupted,
    nodes: finished,
    plan: nodes.flatMap((node) => plans.get(node.name) ?? []),
    recorded,
    fingerprints,
    ...(error ? {error} : {}),
  }
}

const planOf = (stack: string, outcome: StackOutcome): StackPlan => ({
  stack,
  verdict: outcome.changes.length > 0 ? 'change' : 'same',
  changes: outcome.changes,
})

const problemOf = (failure: HaError, {redact}: Pick<GraphRun, 'redact'>): Problem => ({
  code: failure.code,
  message: redact(failure.message),
  next: failure.next,
})
