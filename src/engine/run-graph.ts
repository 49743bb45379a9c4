/** All stacks and steps of an environment in the order their needs demand, as many at once as the machine bears. */
import {availableParallelism} from 'node:os'
import type {Node, Recorded, Step} from '../../stacks/stack.ts'
import type {HaError} from '../errors.ts'
import type {Action, Problem, StackPlan} from '../events/events.ts'
import type {Identify} from './identity.ts'
import {endOrphans} from './orphans.ts'
import {runNode, type Session, settle} from './run-node.ts'
import type {Operation, StackContext} from './run-stack.ts'
import {reversed, runSchedule} from './schedule.ts'
import {silentRegions, unanswered} from './silence.ts'
import type {StateResource} from './state.ts'
import {assertPassphrase} from './workspace.ts'

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
  /** Whether a region answers; true where nothing of it was made yet. Bounded, and tried more than once before it says no. */
  answers(region: string): Promise<boolean>
  /** Run also what has not changed. */
  readonly all?: boolean
  /**
   * Called before a stack is destroyed, with what in it is protected against that: lifts what the cloud itself refuses by. Then what
   * the engine and its providers refuse by is lifted in the state. Without it, what is protected stays.
   */
  unprotect?(stack: string, resources: readonly StateResource[]): Promise<void>
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
  /** `silent`: its region does not answer, so it was not run, or given up in the middle. */
  readonly how: 'done' | 'skipped' | 'silent' | 'failed' | 'left-out' | 'interrupted'
  readonly counts: Partial<Record<Action, number>>
  readonly problems: readonly Problem[]
}

export interface GraphResult {
  /** Nothing failed, was left out because something failed, or was interrupted. */
  readonly ok: boolean
  readonly interrupted: boolean
  /** Regions that did not answer. Whatever is in them was left as it was. */
  readonly silent: readonly string[]
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

/** Runs the graph to its end. Throws only when nothing could begin (LOCK_LOST, STORE_CORRUPT, CLOUD_UNREACHABLE). */
export async function runGraph(run: GraphRun): Promise<GraphResult> {
  const {nodes, operation, emit, interrupts} = run
  await begin(run)
  const silent = operation === 'refresh' ? [] : await silentRegions(run)
  if (operation === 'destroy' && silent.length > 0) throw unanswered(silent)
  const session: Session = {
    run,
    recorded: {...run.recorded},
    fingerprints: {...run.fingerprints},
    silent: new Set(silent),
    results: new Map(),
    plans: new Map(),
  }
  const ordered = operation === 'destroy' ? reversed(nodes) : nodes
  for (const node of ordered) emit({kind: 'stack.queued', stack: node.name, needs: node.needs})
  await runSchedule<Node>({
    tasks: ordered,
    concurrency: run.concurrency ?? CONCURRENCY,
    stopping: () => interrupts.cancel.aborted || session.error?.code === 'LOCK_LOST',
    run: (node) => runNode(session, node),
    leaveOut: ({name}) => {
      emit({kind: 'stack.skipped', stack: name, reason: 'needs-failed'})
      settle(session, name, 'left-out')
    },
  })
  return resultOf(session)
}

async function begin({nodes, operation, workspace, clock, emit, assertHeld}: GraphRun): Promise<void> {
  if (operation !== 'preview') {
    await assertHeld()
    await endOrphans(workspace, clock, emit)
  }
  const stacks = nodes.filter((node) => node.kind === 'stack')
  await assertPassphrase(
    workspace,
    stacks.map((stack) => stack.name),
  )
}

function resultOf({run, silent, results, plans, recorded, fingerprints, error}: Session): GraphResult {
  const unstarted = (name: string): NodeResult => ({name, how: 'interrupted', counts: {}, problems: []})
  const nodes = run.nodes.map(({name}) => results.get(name) ?? unstarted(name))
  return {
    ok: nodes.every(({how}) => how === 'done' || how === 'skipped' || how === 'silent'),
    silent: [...silent],
    interrupted: run.interrupts.cancel.aborted && nodes.some(({how}) => how === 'interrupted'),
    nodes,
    plan: run.nodes.flatMap(({name}) => plans.get(name) ?? []),
    recorded,
    fingerprints,
    ...(error ? {error} : {}),
  }
}
