import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../../cli/command.ts'
import {parseDuration} from '../../cli/durations.ts'
import {changeFlags, despiteFlag} from '../../cli/flags.ts'
import {openEnvironment} from '../../environment/environment.ts'
import {checkLines, operationPlanLines} from '../../report/operation.ts'

export default class Failover extends HaCommand {
  static override summary = 'Leave a region: move the primary and the traffic to another one.'
  static override description =
    'Planned by default, and then nothing is lost. Shows what it will do and what speaks against it, asks once, and can be resumed wherever it was stopped.'
  static override examples = [
    '<%= config.bin %> failover --region us-east1 --dry-run',
    '<%= config.bin %> failover --region us-east1 --to europe-west1 --yes',
    '<%= config.bin %> failover --region us-east1 --unplanned --accept-data-loss 30s',
  ]
  static override flags = {
    ...changeFlags,
    region: Flags.string({char: 'r', summary: 'The region to leave.', required: true}),
    to: Flags.string({summary: 'The region that takes over; needed when there are several.'}),
    'keep-traffic': Flags.boolean({summary: 'Move the primary only; the region keeps serving.'}),
    unplanned: Flags.boolean({summary: 'The region is gone.', dependsOn: ['accept-data-loss']}),
    'accept-data-loss': Flags.string({
      summary: 'How much of its last writes may be lost: 10s, 1m.',
      dependsOn: ['unplanned'],
    }),
    despite: despiteFlag,
    'dry-run': Flags.boolean({summary: 'Look and plan, change nothing.'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Failover)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const open = () => openEnvironment(surroundings.cwd, flags)
    const loss = flags['accept-data-loss']
    const acceptLossMs = loss === undefined ? undefined : parseDuration(loss, '--accept-data-loss')
    const {region, to, despite} = flags
    const wish = {region, to, keepTraffic: flags['keep-traffic'], acceptLossMs, despite}
    const {perform} = await import('../../failover/perform.ts')
    await perform({
      operation: 'failover',
      prepare: async (environment) => (await import('../../failover/failover.ts')).prepareFailover(environment, wish),
      show: ({plan, checks}) =>
        report.result([...checkLines(checks, style), ...operationPlanLines(plan, style)], {checks, plan}),
      flags,
      ...{open, report, emit, style, surroundings},
    })
  }
}
