import {HaCommand} from '../../cli/command.ts'
import {commonFlags, configFlags} from '../../cli/flags.ts'
import {systemClock} from '../../clock.ts'
import {openEnvironment} from '../../environment/environment.ts'
import {breakLock} from '../../store/lock.ts'

export default class LockRelease extends HaCommand {
  static override summary = 'Give back the lock of a run that is provably gone. Refuses while its holder may be alive.'
  static override flags = {...commonFlags, ...configFlags}

  async run(): Promise<void> {
    const {flags} = await this.parse(LockRelease)
    const {report, emit, style} = this.begin(flags)
    const {store} = await openEnvironment(this.surroundings().cwd, flags)
    const holder = await breakLock({store, clock: systemClock, emit})
    report.result(
      [holder ? `${style('good', '✔')} The lock is free again.` : 'The lock was free already. Nothing was changed.'],
      {released: holder !== undefined, ...(holder && {operation: holder.operation, run: holder.run})},
    )
  }
}
