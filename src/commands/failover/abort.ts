import {HaCommand} from '../../cli/command.ts'
import {parseDuration} from '../../cli/durations.ts'
import {openEnvironment} from '../../cli/environment.ts'
import {commonFlags, configFlags, lockFlags} from '../../cli/flags.ts'

export default class FailoverAbort extends HaCommand {
  static override summary = 'Take back an operation that was left in the middle, before its point of no return.'
  static override examples = ['<%= config.bin %> failover abort']
  static override flags = {...commonFlags, ...configFlags, ...lockFlags}

  async run(): Promise<void> {
    const {flags} = await this.parse(FailoverAbort)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const open = () => openEnvironment(surroundings.cwd, flags)
    const [{abort}, {underLock}, {tell}] = await Promise.all([
      import('../../cli/failover.ts'),
      import('../../cli/run.ts'),
      import('../../cli/operation-command.ts'),
    ])
    const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
    await underLock({open, operation: 'abort', lockTimeoutMs, emit, surroundings}, async (run) => {
      const finished = await abort({...run, emit, surroundings, reopen: open})
      tell(report, style, finished, run.environment.config.target === 'local')
    })
  }
}
