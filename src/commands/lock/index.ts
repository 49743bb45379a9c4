import {HaCommand} from '../../cli/command.ts'
import {commonFlags, configFlags} from '../../cli/flags.ts'
import {systemClock} from '../../clock.ts'
import {openEnvironment} from '../../environment/environment.ts'
import {lockLines} from '../../report/runs.ts'
import {isDead, observeLock} from '../../store/lock.ts'

export default class Lock extends HaCommand {
  static override summary = 'Show who holds the environment’s lock, and since when.'
  static override examples = ['<%= config.bin %> lock', '<%= config.bin %> lock release']
  static override flags = {...commonFlags, ...configFlags}

  async run(): Promise<void> {
    const {flags} = await this.parse(Lock)
    const {report, style} = this.begin(flags)
    const {store} = await openEnvironment(this.surroundings().cwd, flags)
    const {fence, holder} = await observeLock(store)
    const seen = holder && {...holder, host: holder.host.name, pid: holder.process.pid, dead: isDead(holder)}
    const call = (command: string) => this.call(command)
    report.result(lockLines(seen, systemClock.now(), call, style), {
      held: seen !== undefined,
      fence,
      holder: seen,
    })
  }
}
