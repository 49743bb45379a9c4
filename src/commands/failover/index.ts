import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../../cli/command.ts'
import {parseDuration} from '../../cli/durations.ts'
import {openEnvironment} from '../../cli/environment.ts'
import {approvalFlags, commonFlags, configFlags, lockFlags} from '../../cli/flags.ts'
import {checkLines, operationPlanLines} from '../../report/operation.ts'

export default class Failover extends HaCommand {
  static override summary = 'Leave a region: move the primary and the traffic to another one.'
  static override description =
    'Planned by default, and then nothing is lost. Shows what it will do and what speaks against it, asks once, and can be resumed wherever it was stopped.'
  static override examples = [
    '<%= config.bin %> failover --region us-east1 --dry-run',
    '<%= config.bin %> failover --region us-east1 --to europe-west1 --yes',
  ]
  static override flags = {
    ...commonFlags,
    ...configFlags,
    ...approvalFlags,
    ...lockFlags,
    region: Flags.string({char: 'r', summary: 'The region to leave.', required: true}),
    to: Flags.string({summary: 'The region that takes over; needed when there are several.'}),
    'keep-traffic': Flags.boolean({summary: 'Move the primary only; the region keeps serving.'}),
    'dry-run': Flags.boolean({summary: 'Look and plan, change nothing.'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Failover)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const open = () => openEnvironment(surroundings.cwd, flags)
    const wish = {region: flags.region, to: flags.to, keepTraffic: flags['keep-traffic']}
    const [operation, {assertPasses}] = await Promise.all([
      import('../../cli/failover.ts'),
      import('../../operations/check.ts'),
    ])
    const show = ({plan, checks}: Awaited<ReturnType<typeof operation.prepareFailover>>) =>
      report.result([...checkLines(checks, style), ...operationPlanLines(plan, style)], {checks, plan})
    if (flags['dry-run']) {
      const prepared = await operation.prepareFailover(await open(), wish)
      show(prepared)
      assertPasses(prepared.checks)
      return
    }
    const [{underLock}, {tell}] = await Promise.all([
      import('../../cli/run.ts'),
      import('../../cli/operation-command.ts'),
    ])
    const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
    await underLock({open, operation: 'failover', lockTimeoutMs, emit, surroundings}, async (run) => {
      const prepared = await operation.prepareFailover(run.environment, wish)
      show(prepared)
      assertPasses(prepared.checks)
      await operation.agree(prepared, {yes: flags.yes, interactive: surroundings.interactive})
      const finished = await operation.carryOut({...run, emit, surroundings, reopen: open}, prepared)
      tell(report, style, finished, run.environment.config.target === 'local')
    })
  }
}
