/** What the commands of operations share: the flags, and an operation's end told. */
import {performance} from 'node:perf_hooks'
import {figuresOf} from '../operations/figures.ts'
import {type Figures, finishedLines} from '../report/operation.ts'
import type {Reporter} from '../report/reporter.ts'
import type {Style} from '../report/style.ts'
import type {Finished} from './failover.ts'

export function tell(report: Reporter, style: Style, finished: Finished, emulated: boolean): void {
  const figures: Figures = figuresOf(finished.entries)
  report.result(finishedLines(finished.plan, figures, emulated, style), {
    run: finished.run,
    procedure: finished.plan.procedure,
    from: finished.plan.from,
    to: finished.plan.to,
    ...figures,
    journal: finished.entries,
  })
}

export const stopwatch = () => {
  const begun = performance.now()
  return () => Math.round(performance.now() - begun)
}
