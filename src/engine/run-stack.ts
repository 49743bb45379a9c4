/** One stack, one operation, through the Automation API with our own command, our own ears and our own patience. */
import type {Exports, Stack} from '../../stacks/stack.ts'
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import type {Action, Emit, Part, PlannedChange} from '../events/events.ts'
import {EngineExit, type Exit, engineCommand} from './command.ts'
import {type LocatedProblem, problemsFrom} from './failures.ts'
import type {Interrupts} from './interrupts.ts'
import {automation} from './pulumi.ts'
import type {Redact} from './redact.ts'
import {needsAnswer} from './silence.ts'
import {sortStrays} from './strays.ts'
import {type Translation, translator} from './translate.ts'
import {type Patience, watchdog} from './watchdog.ts'
import {type Workspace, writeStackSettings} from './workspace.ts'

export type Operation = 'preview' | 'up' | 'refresh' | 'destroy'

export interface StackContext {
  readonly engine: {readonly path: string; readonly version: string}
  readonly workspace: Workspace
  readonly clock: Clock
  readonly emit: Emit
  readonly redact: Redact
  readonly interrupts: Interrupts
  readonly patience: Patience
  /** Whether a region answers; asked when the engine has been silent for a while. */
  answers?(region: string): Promise<boolean>
}

export interface StackRun {
  readonly stack: Stack
  readonly operation: Operation
  readonly input: unknown
  /** Look at the world first. */
  readonly refresh?: boolean
  /** Only these resources, by URN. */
  readonly targets?: readonly string[]
}

export interface StackOutcome {
  readonly verdict: 'done' | 'failed' | 'interrupted'
  readonly changes: readonly PlannedChange[]
  readonly counts: Partial<Record<Action, number>>
  /** The program's exports without secrets; undefined unless the engine told them. */
  readonly outputs: Readonly<Record<string, unknown>> | undefined
  readonly problems: readonly LocatedProblem[]
  readonly ms: number
}

const CANCELLED = 8

/** Runs it to the end. Does not throw for what goes wrong in the stack: that is the outcome. */
export async function runStack(run: StackRun, context: StackContext): Promise<StackOutcome> {
  const {stack, operation} = run
  const {clock, emit, redact, workspace, interrupts, patience} = context
  const begun = clock.monotonic()
  const translation = translator({stack, preview: operation === 'preview', clock, emit, redact})
  const silence = new AbortController()
  let gaveUp: HaError | undefined
  const giveUp = (ms: number) => {
    gaveUp ??= silent(stack.name, ms, translation.inFlight())
    silence.abort(gaveUp)
  }
  await workspace.state.seed(stack.name)
  await writeStackSettings(workspace, stack.name)
  const dog = watchdog({
    clock,
    patience,
    state: () => ({busy: translation.inFlight().length > 0, ended: translation.ended}),
    tell: (ms) => {
      emit({kind: 'engine.silent', stack: stack.name, ms, waitingFor: translation.inFlight()})
      // Clouds take long, but not in a region that is gone.
      if (stack.region !== undefined && needsAnswer(stack, operation))
        context.answers?.(stack.region).then(
          (answers) => answers || giveUp(ms),
          () => {},
        )
    },
    giveUp,
  })
  const restoreStrays = sortStrays()
  try {
    const thrown = await invoke(run, context, translation, silence.signal, dog.touch)
    const ms = Math.round(clock.monotonic() - begun)
    return {
      ...verdictOf(thrown, {translation, gaveUp, interrupted: interrupts.cancel.aborted, redact}),
      changes: translation.changes,
      counts: translation.counts,
      outputs: translation.outputs,
      ms,
    }
  } finally {
    restoreStrays()
    dog.stop()
  }
}

/** Resolves to what the Automation API threw, undefined when it did not. */
async function invoke(
  {stack, operation, input, refresh, targets}: StackRun,
  {engine, workspace, interrupts}: StackContext,
  translation: Translation,
  silence: AbortSignal,
  touch: () => void,
): Promise<unknown> {
  const {LocalWorkspace} = automation()
  const command = engineCommand({path: engine.path, workspace, stack: stack.name, interrupts, silence})
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    const made = await LocalWorkspace.createOrSelectStack(
      {stackName: stack.name, projectName: workspace.project, program: programOf(stack, input)},
      {
        workDir: workspace.dir,
        // The class has a private constructor; the API only ever calls `run` and prints `version`.
        pulumiCommand: {command: engine.path, version: engine.version, run: command.run} as never,
      },
    )
    const options = {
      onEvent: (event: Parameters<Translation['accept']>[0]) => {
        touch()
        translation.accept(event)
      },
      ...(targets ? {target: [...targets]} : {}),
    }
    if (operation === 'preview') await made.preview({...options, refresh: refresh ?? false})
    else if (operation === 'up') await made.up({...options, refresh: refresh ?? false})
    else if (operation === 'refresh') await made.refresh(options)
    else await made.destroy({...options, refresh: refresh ?? false})
    return undefined
  } catch (thrown) {
    return thrown ?? new Error('the engine failed without a word')
  } finally {
    Error.stackTraceLimit = before
  }
}

const programOf = (stack: Stack, input: unknown) => async (): Promise<Exports> => stack.program(input as never)

interface Facts {
  readonly translation: Translation
  readonly gaveUp: HaError | undefined
  readonly interrupted: boolean
  readonly redact: Redact
}

function verdictOf(thrown: unknown, facts: Facts): Pick<StackOutcome, 'verdict' | 'problems'> {
  const {translation, gaveUp, interrupted, redact} = facts
  if (gaveUp) return {verdict: 'failed', problems: [{code: gaveUp.code, message: gaveUp.message, next: gaveUp.next}]}
  if (thrown === undefined) return {verdict: 'done', problems: []}
  if (thrown instanceof HaError) {
    const verdict = thrown.code === 'INTERRUPTED' ? 'interrupted' : 'failed'
    return {
      verdict,
      problems: verdict === 'failed' ? [{code: thrown.code, message: thrown.message, next: thrown.next}] : [],
    }
  }
  const exit = thrown instanceof EngineExit ? thrown.exit : undefined
  if (interrupted && (exit === undefined || exit.code === CANCELLED || exit.signal !== null)) {
    return {verdict: 'interrupted', problems: []}
  }
  const said = problemsFrom(translation.complaints, translation.partFor, redact)
  if (said.length > 0) return {verdict: interrupted ? 'interrupted' : 'failed', problems: said}
  return {verdict: 'failed', problems: [lastWords(exit, thrown, redact)]}
}

/** The engine said nothing in its event stream: what it wrote to stderr, else how it ended. */
function lastWords(exit: Exit | undefined, thrown: unknown, redact: Redact): LocatedProblem {
  const [problem] = problemsFrom([{message: exit?.stderr ?? String(thrown)}], () => undefined, redact)
  if (problem) return problem
  const how = exit?.signal ? `was ended by ${exit.signal}` : `ended with exit code ${exit?.code ?? 'unknown'}`
  return {
    code: 'ENGINE_CRASHED',
    message: `The engine ${how} without a word.`,
    next: ['Run the same command again: what was left half done is repaired first.'],
  }
}

function silent(stack: string, ms: number, waitingFor: readonly Part[]): HaError {
  const parts = waitingFor.map((part) => `${part.what} ${part.name}`).join(', ')
  const seconds = Math.round(ms / 1000)
  const waited = parts === '' ? 'nothing was in flight' : `it was waiting for ${parts}`
  return new HaError(
    'ENGINE_SILENT',
    `The engine said nothing about ${stack} for ${seconds} s (${waited}), so it was ended.`,
    {
      next: ['Run the same command again: it goes on where this one stopped.'],
      data: {stack, ms},
    },
  )
}
