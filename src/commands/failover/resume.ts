import {HaCommand} from '../../cli/command.ts'
import {parseDuration} from '../../cli/durations.ts'
import {commonFlags, configFlags, lockFlags} from '../../cli/flags.ts'
import {openEnvironment} from '../../environment/environment.ts'

export default class FailoverResume extends HaCommand {
  static override summary = 'Go on with an operation that was left in the middle, by what is observed.'
  static override examples = ['<%= config.bin %> failover resume']
  static override flags = {...commonFlags, ...configFlags, ...lockFlags}

  async run(): Promise<void> {
    const {flags} = await this.parse(FailoverResume)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const open = () => openEnvironment(surroundings.cwd, flags)
    const [{resume}, {underLock}, {tell}] = await Promise.all([
      import('../../failover/failover.ts'),
      import('../../environment/run.ts'),
      import('../../failover/perform.ts'),
    ])
    const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
    await underLock({open, operation: 'resume', lockTimeoutMs, emit, surroundings}, async (run) => {
      const finished = await resume({...run, emit, surroundings, reopen: open})
      tell(report, style, finished, run.environment.config.target === 'local')
    })
  }
}
