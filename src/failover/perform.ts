/** What the commands of operations share: look, show, agree, carry out, tell. */
import type {Surroundings} from '../cli/command.ts'
import {parseDuration} from '../cli/durations.ts'
import type {Environment} from '../environment/environment.ts'
import {underLock} from '../environment/run.ts'
import type {Emit} from '../events/events.ts'
import {assertPasses} from '../operations/check.ts'
import {figuresOf} from '../operations/figures.ts'
import {finishedLines} from '../report/operation.ts'
import type {Reporter} from '../report/reporter.ts'
import type {Style} from '../report/style.ts'
import {agree, carryOut, type Finished, type Prepared} from './failover.ts'

export interface Performance {
  readonly operation: 'failover' | 'failback'
  readonly prepare: (environment: Environment) => Promise<Prepared>
  readonly show: (prepared: Prepared) => void
  readonly open: () => Promise<Environment>
  readonly flags: {readonly yes: boolean; readonly 'dry-run': boolean; readonly 'lock-timeout': string}
  readonly report: Reporter
  readonly emit: Emit
  readonly style: Style
  readonly surroundings: Surroundings
}

/** @throws HaError OPERATION_UNCHANGED, OPERATION_INCOMPLETE, PLAN_DECLINED, LOCK_HELD */
export async function perform(request: Performance): Promise<void> {
  const {operation, prepare, show, open, flags, report, emit, style, surroundings} = request
  if (flags['dry-run']) {
    const prepared = await prepare(await open())
    show(prepared)
    return assertPasses(prepared.checks)
  }
  const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
  await underLock({open, operation, lockTimeoutMs, emit, surroundings}, async (run) => {
    const prepared = await prepare(run.environment)
    show(prepared)
    assertPasses(prepared.checks)
    await agree(prepared, {yes: flags.yes, interactive: surroundings.interactive})
    const finished = await carryOut({...run, emit, surroundings, reopen: open}, prepared)
    tell(report, style, finished, run.environment.config.target === 'local')
  })
}

export function tell(report: Reporter, style: Style, finished: Finished, emulated: boolean): void {
  const figures = figuresOf(finished.entries)
  report.result(finishedLines(finished.plan, figures, emulated, style), {
    run: finished.run,
    procedure: finished.plan.procedure,
    from: finished.plan.from,
    to: finished.plan.to,
    ...figures,
    journal: finished.entries,
  })
}
