import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {parseDuration} from '../cli/durations.ts'
import {changeFlags, despiteFlag} from '../cli/flags.ts'
import {openEnvironment} from '../environment/environment.ts'
import {checkLines, operationPlanLines} from '../report/operation.ts'

export default class Failback extends HaCommand {
  static override summary = 'Bring a region back: its data rejoins, then the primary, then the traffic in steps.'
  static override description =
    'What a lost region wrote alone is kept in a file, as JSON and as SQL, before anything of it is given up. With the preset critical Cloud SQL itself has taken its database back by then, without that.'
  static override examples = [
    '<%= config.bin %> failback --region us-east1 --dry-run',
    '<%= config.bin %> failback --region us-east1 --yes',
  ]
  static override flags = {
    ...changeFlags,
    region: Flags.string({char: 'r', summary: 'The region that becomes the primary again.', required: true}),
    soak: Flags.string({summary: 'How long the replica is watched before roles change: 30s, 10m.', default: '30s'}),
    despite: despiteFlag,
    'dry-run': Flags.boolean({summary: 'Look and plan, change nothing.'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Failback)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const open = () => openEnvironment(surroundings.cwd, flags)
    const wish = {region: flags.region, soakMs: parseDuration(flags.soak, '--soak'), despite: flags.despite}
    const {perform} = await import('../failover/perform.ts')
    await perform({
      operation: 'failback',
      prepare: async (environment) => (await import('../failover/failover.ts')).prepareFailback(environment, wish),
      show: ({plan, checks}) =>
        report.result([...checkLines(checks, style), ...operationPlanLines(plan, style)], {checks, plan}),
      flags,
      ...{open, report, emit, style, surroundings},
    })
  }
}
