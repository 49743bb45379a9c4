/** One node of a running graph: skipped for a reason, or run, and what became of it kept. */
import type {Node, Stack, Step} from '../../stacks/stack.ts'
import {asHaError, type HaError} from '../errors.ts'
import type {Problem, StackPlan} from '../events/events.ts'
import {fingerprintOf} from './fingerprint.ts'
import {guardedIn, withoutGuards} from './guards.ts'
import type {GraphRun, NodeResult} from './run-graph.ts'
import {runRepaired} from './run-repaired.ts'
import {runStack, type StackOutcome} from './run-stack.ts'
import type {Ended} from './schedule.ts'
import {needsAnswer, unanswered} from './silence.ts'
import {removeStackSettings} from './workspace.ts'

/** What is known so far of a running graph. */
export interface Session {
  readonly run: GraphRun
  readonly recorded: Record<string, Readonly<Record<string, unknown>>>
  readonly fingerprints: Record<string, string>
  /** Regions that do not answer. */
  readonly silent: Set<string>
  readonly results: Map<string, NodeResult>
  readonly plans: Map<string, StackPlan>
  /** The first error that was not a stack's own. */
  error?: HaError
}

type Found = Partial<Pick<NodeResult, 'counts' | 'problems'>>

/** Runs the node or skips it. Does not throw: what goes wrong is its result. */
export async function runNode(session: Session, node: Node): Promise<Ended> {
  try {
    return await runOrSkip(session, node)
  } catch (thrown) {
    const failure = asHaError(thrown)
    session.error ??= failure
    const problems = [problemOf(session, failure)]
    session.run.emit({kind: 'stack.failed', stack: node.name, ms: 0, problems})
    return settle(session, node.name, 'failed', {problems})
  }
}

/** Keeps the node's result; resolves what it means for those that need it. */
export function settle(
  {results}: Session,
  name: string,
  how: NodeResult['how'],
  {counts = {}, problems = []}: Found = {},
): Ended {
  results.set(name, {name, how, counts, problems})
  if (how === 'interrupted') return 'stopped'
  return how === 'done' || how === 'skipped' || how === 'silent' ? 'done' : 'failed'
}

async function runOrSkip(session: Session, node: Node): Promise<Ended> {
  const {run, recorded, fingerprints} = session
  const {operation} = run
  if (node.region !== undefined && run.lost.includes(node.region)) return skip(session, node.name, 'region-lost')
  if (run.only && !run.only.includes(node.name)) return skip(session, node.name, 'not-chosen')
  const versions = {engine: run.engine.version, program: run.programVersion}
  const whole = operation === 'destroy' ? undefined : node.input(recorded)
  const looks = run.all || (run.refresh && node.kind === 'stack')
  const same = fingerprints[node.name] === fingerprintOf(node.name, whole, versions) && !looks
  if (same && (operation === 'preview' || operation === 'up')) return skip(session, node.name, 'unchanged')
  if (node.region !== undefined && session.silent.has(node.region)) return skip(session, node.name, 'region-silent')
  // Recorded with what was left alone in it, so that the first deploy after the region's return runs it again.
  const input = whole === undefined ? whole : node.input(recorded, [...session.silent])
  const fingerprint = fingerprintOf(node.name, input, versions)
  if (operation !== 'preview') await run.assertHeld()
  return node.kind === 'step' ? step(session, node, input, fingerprint) : stack(session, node, input, fingerprint)
}

function skip(
  session: Session,
  name: string,
  reason: 'unchanged' | 'region-lost' | 'region-silent' | 'not-chosen',
): Ended {
  session.run.emit({kind: 'stack.skipped', stack: name, reason})
  if (reason === 'unchanged') session.plans.set(name, {stack: name, verdict: 'skip', changes: []})
  return settle(session, name, reason === 'region-silent' ? 'silent' : 'skipped')
}

async function step(session: Session, node: Step, input: unknown, fingerprint: string): Promise<Ended> {
  const {run, plans} = session
  if (run.operation === 'destroy') {
    await forget(session, node.name)
    return settle(session, node.name, 'done')
  }
  if (run.operation === 'refresh') return settle(session, node.name, 'skipped')
  plans.set(node.name, {stack: node.name, verdict: 'change', changes: []})
  if (run.operation === 'preview') return settle(session, node.name, 'done')
  const begun = run.clock.monotonic()
  const ms = () => Math.round(run.clock.monotonic() - begun)
  run.emit({kind: 'step.started', step: node.name, title: node.title})
  try {
    await succeed(session, node.name, fingerprint, await run.steps[node.deed](node, input, run.interrupts.cancel))
    run.emit({kind: 'step.finished', step: node.name, ms: ms()})
    return settle(session, node.name, 'done')
  } catch (thrown) {
    const failure = asHaError(thrown)
    run.emit({kind: 'step.failed', step: node.name, ms: ms(), message: run.redact(failure.message)})
    if (failure.code === 'INTERRUPTED') return settle(session, node.name, 'interrupted')
    session.error ??= failure
    return settle(session, node.name, 'failed', {problems: [problemOf(session, failure)]})
  }
}

async function stack(session: Session, node: Stack, input: unknown, fingerprint: string): Promise<Ended> {
  const {run, plans} = session
  const {name} = node
  const {operation, workspace, emit} = run
  if (operation === 'destroy' && !(await workspace.state.read(name))) {
    await forget(session, name)
    return settle(session, name, 'done')
  }
  if (operation === 'destroy') await unprotect(session, name)
  emit({kind: 'stack.started', stack: name, operation})
  // Before it goes there is nothing to compare; a look would only find again what protects it.
  const looks = run.refresh || (node.looksFirst === true && operation !== 'destroy')
  const task = {stack: node, operation, input, ...(looks ? {refresh: true} : {})}
  const outcome = operation === 'preview' ? await runStack(task, run) : await runRepaired(task, run, run.identify)
  plans.set(name, planOf(name, outcome))
  const {verdict, counts, ms} = outcome
  if (verdict === 'done') {
    if (operation === 'up') await succeed(session, name, fingerprint, outcome.outputs ?? {})
    if (operation === 'destroy') await remove(session, name)
    if (operation !== 'preview') await workspace.state.prune(name)
    emit({kind: 'stack.finished', stack: name, operation, ms, changes: counts})
    return settle(session, name, 'done', {counts})
  }
  const problems = outcome.problems.map(({code, message, next}) => ({code, message, next}))
  if (verdict === 'failed') emit({kind: 'stack.failed', stack: name, ms, problems})
  if (verdict === 'failed' && (await isSilent(session, node))) {
    if (operation !== 'destroy') return settle(session, name, 'silent', {counts, problems})
    session.error ??= unanswered([node.region!])
  }
  return settle(session, name, verdict, {counts, problems})
}

/** Whether it failed because its region fell silent in the middle. */
async function isSilent({run, silent}: Session, node: Stack): Promise<boolean> {
  const {region} = node
  if (region === undefined || !needsAnswer(node, run.operation)) return false
  const begun = run.clock.monotonic()
  if (await run.answers(region)) return false
  if (!silent.has(region)) run.emit({kind: 'region.silent', region, ms: Math.round(run.clock.monotonic() - begun)})
  silent.add(region)
  return true
}

/** Right before the stack goes, so that a destroy that is cut off leaves the others protected. */
async function unprotect({run, recorded, fingerprints}: Session, name: string): Promise<void> {
  const {state} = run.workspace
  const checkpoint = await state.read(name)
  const guarded = guardedIn(checkpoint)
  if (!run.unprotect || !checkpoint || guarded.length === 0) return
  // Should the destroy end here, the next deploy runs the stack and protects it again.
  fingerprints[name] = 'unprotected'
  await run.record(name, {outputs: recorded[name] ?? {}, fingerprint: 'unprotected'})
  await run.unprotect(name, guarded)
  await state.write(name, withoutGuards(checkpoint))
}

async function succeed(
  {run, recorded, fingerprints}: Session,
  name: string,
  fingerprint: string,
  outputs: Readonly<Record<string, unknown>>,
): Promise<void> {
  recorded[name] = outputs
  fingerprints[name] = fingerprint
  await run.record(name, {outputs, fingerprint})
}

async function forget({run, recorded, fingerprints}: Session, name: string): Promise<void> {
  delete recorded[name]
  delete fingerprints[name]
  await run.forget(name)
}

async function remove(session: Session, name: string): Promise<void> {
  const {workspace} = session.run
  await workspace.state.remove(name)
  await removeStackSettings(workspace, name)
  await forget(session, name)
}

const planOf = (stack: string, {changes}: StackOutcome): StackPlan => ({
  stack,
  verdict: changes.length > 0 ? 'change' : 'same',
  changes,
})

const problemOf = ({run}: Session, {code, message, next}: HaError): Problem => ({
  code,
  message: run.redact(message),
  next,
})
