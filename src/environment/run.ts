/** One changing run of an environment: lock, run document, interrupts, all undone at its end whatever happens. */
import {randomBytes} from 'node:crypto'
import {mkdirSync} from 'node:fs'
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import {type Interrupts, interrupted, listenForInterrupts} from '../engine/interrupts.ts'
import type {GraphResult} from '../engine/run-graph.ts'
import {asHaError, ERROR_CODES, type ErrorCode, HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {selfMark} from '../process.ts'
import {runId, writeRun} from '../store/documents.ts'
import {acquireLock, type Lock} from '../store/lock.ts'
import type {Environment} from './environment.ts'

export interface Run {
  readonly id: string
  readonly environment: Environment
  readonly lock: Lock
  readonly interrupts: Interrupts
}

export interface RunRequest {
  /** Opened under the lock, so that what it read is true while the run lasts. */
  readonly open: () => Promise<Environment>
  readonly operation: string
  readonly lockTimeoutMs: number
  readonly emit: Emit
  readonly surroundings: Pick<Surroundings, 'user'>
}

/** Runs `body` under the environment's lock. @throws HaError LOCK_HELD, and whatever `body` throws. */
export async function underLock<T>(request: RunRequest, body: (run: Run) => Promise<T>): Promise<T> {
  const {operation, emit, surroundings} = request
  const {config, store, paths} = await request.open()
  mkdirSync(paths.home, {recursive: true})
  using interrupts = listenForInterrupts(process, emit)
  const id = runId(systemClock.now(), randomBytes(4).toString('hex'))
  const startedAt = systemClock.now()
  const lock = await acquireLock({
    store,
    owner: surroundings.user,
    process: selfMark(),
    operation,
    run: id,
    timeoutMs: request.lockTimeoutMs,
    clock: systemClock,
    emit,
    signal: interrupts.cancel,
  })
  const run = {id, operation, owner: surroundings.user, fence: lock.fence, startedAt}
  let code: HaError['code'] | undefined
  try {
    await writeRun(store, run)
    emit({
      kind: 'run.started',
      operation,
      app: config.app,
      environment: config.environment,
      target: config.target,
      run: id,
    })
    const environment = await request.open()
    const {remindFences} = await import('./fences.ts')
    await remindFences(environment, emit)
    return await body({id, environment, lock, interrupts})
  } catch (thrown) {
    code = asHaError(thrown).code
    throw code === 'INTERRUPTED' && interrupts.terminate.aborted ? interrupts.terminate.reason : thrown
  } finally {
    const finishedAt = systemClock.now()
    const ok = code === undefined
    const told = {operation, run: id, ms: finishedAt - startedAt, ok, ...(code && {code})}
    // A destroyed environment leaves no documents behind.
    if (!(ok && operation === 'destroy')) await writeRun(store, {...run, finishedAt, ok, ...(code && {code})})
    emit({kind: 'run.finished', ...told})
    await lock.release()
  }
}

/** `again`: the command that goes on. @throws HaError INTERRUPTED, the run's own error, or STACK_FAILED naming what failed. */
export function assertSucceeded(result: GraphResult, again: string): void {
  if (result.interrupted) throw interrupted()
  if (result.error?.code === 'LOCK_LOST') throw result.error
  if (result.ok) return
  const failed = result.nodes.filter(({how}) => how === 'failed').map(({name}) => name)
  const leftOut = result.nodes.filter(({how}) => how === 'left-out').map(({name}) => name)
  // What went wrong was told where it happened; here only what it means for the whole.
  const without = leftOut.length > 0 ? `; ${leftOut.join(', ')} could not run without` : ''
  throw new HaError(
    result.error?.code ?? machineCode(result) ?? 'STACK_FAILED',
    `${failed.join(', ')} failed${without}.`,
    {
      next: [...(result.error?.next ?? []), `Then run ${again} again: it goes on where this one stopped.`],
      cause: result.error,
      data: {failed, leftOut},
    },
  )
}

/** @throws HaError REGION_SILENT when a region did not answer: what was left alone in it, and what to do. */
export function assertWhole({silent, nodes}: Pick<GraphResult, 'silent' | 'nodes'>, self: string): void {
  if (silent.length === 0) return
  const left = nodes.filter(({how}) => how === 'silent').map(({name}) => name)
  const what = left.length > 0 ? `left as they are: ${left.join(', ')}` : 'nothing in it had to change'
  throw new HaError('REGION_SILENT', `Deployed but for ${silent.join(', ')}, which does not answer (${what}).`, {
    next: [
      'ha status',
      `When it answers again: ${self} deploy goes on where this one stopped.`,
      ...silent.map((region) => `If it is gone: ha failover --region ${region} --dry-run shows what leaving it takes.`),
    ],
    data: {regions: silent, left},
  })
}

/** What this machine lacks stands above what failed for want of it: the exit code then says whose move it is. */
function machineCode({nodes}: GraphResult): ErrorCode | undefined {
  const codes = nodes.flatMap(({problems}) => problems.map(({code}) => code))
  return codes.find(
    (code): code is ErrorCode => code in ERROR_CODES && ERROR_CODES[code as ErrorCode].blame === 'machine',
  )
}
