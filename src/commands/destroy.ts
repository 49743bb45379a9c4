import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {parseDuration} from '../cli/durations.ts'
import {changeFlags} from '../cli/flags.ts'
import {openEnvironment} from '../environment/environment.ts'

export default class Destroy extends HaCommand {
  static override summary = 'Delete everything of one environment, its data included.'
  static override examples = ['<%= config.bin %> destroy', '<%= config.bin %> destroy -e local --yes']
  static override description =
    'What is protected against deletion must be typed at a terminal, or --lift-protection be given. A destroy that was cut off goes on when it is run again.'
  static override flags = {
    ...changeFlags,
    'lift-protection': Flags.boolean({
      summary: 'Also what is protected against deletion; --yes alone is not enough for it.',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Destroy)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const open = () => openEnvironment(surroundings.cwd, flags)
    const [environment, {destroy, isAnywhere, removeRecords}] = await Promise.all([
      open(),
      import('../deploy/destroy.ts'),
    ])
    const {config} = environment
    if (!isAnywhere(environment)) {
      report.result([`There is nothing of ${config.app} (${config.environment}) here.`], {destroyed: false})
      return
    }
    const {underLock} = await import('../environment/run.ts')
    const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
    const leftovers = await underLock({open, operation: 'destroy', lockTimeoutMs, emit, surroundings}, (run) =>
      destroy({...run, emit, surroundings, yes: flags.yes, liftProtection: flags['lift-protection']}),
    )
    await removeRecords(environment)
    report.result([`${style('good', '✔')} ${config.app} (${config.environment}) is gone.`], {
      destroyed: true,
      leftovers,
    })
  }
}
