import {HaCommand} from '../../cli/command.ts'
import {parseDuration} from '../../cli/durations.ts'
import {commonFlags, configFlags, lockFlags} from '../../cli/flags.ts'
import {openEnvironment} from '../../environment/environment.ts'

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
      import('../../failover/failover.ts'),
      import('../../environment/run.ts'),
      import('../../failover/perform.ts'),
    ])
    const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
    await underLock({open, operation: 'abort', lockTimeoutMs, emit, surroundings}, async (run) => {
      const finished = await abort({...run, emit, surroundings, reopen: open})
      tell(report, style, finished, run.environment.config.target === 'local')
    })
  }
}
