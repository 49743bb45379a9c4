import {HaCommand} from '../../cli/command.ts'
import {commonFlags} from '../../cli/flags.ts'
import {HaError} from '../../errors.ts'

export default class EnginePath extends HaCommand {
  static override summary = 'Print where the Pulumi engine is. Obtains nothing.'
  static override examples = ['<%= config.bin %> engine path']
  static override flags = commonFlags

  async run(): Promise<void> {
    const {flags} = await this.parse(EnginePath)
    const {report} = this.begin(flags)
    const [{engineSource}, {findEngine}] = await Promise.all([
      import('../../environment/platform.ts'),
      import('../../engine/binary.ts'),
    ])
    const {env} = this.surroundings()
    const source = engineSource({env})
    const found = await findEngine(source)
    if (found instanceof Map) {
      const reasons = [...found].map(([way, reason]) => `${way}: ${reason}`).join(' · ')
      throw new HaError('ENGINE_UNAVAILABLE', `No Pulumi engine ${source.version} on this machine yet. ${reasons}`, {
        next: ['ha engine install'],
      })
    }
    report.result([found.path], found)
  }
}
