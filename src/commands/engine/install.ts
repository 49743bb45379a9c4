import {HaCommand} from '../../cli/command.ts'
import {commonFlags} from '../../cli/flags.ts'

export default class EngineInstall extends HaCommand {
  static override summary = 'Obtain the Pulumi engine now: found, downloaded or built from source.'
  static override description =
    'Deploys do it by themselves; this is for images and machines that are about to lose their network.'
  static override flags = commonFlags

  async run(): Promise<void> {
    const {flags} = await this.parse(EngineInstall)
    const {report, emit, style} = this.begin(flags)
    const [{obtain}, {listenForInterrupts}] = await Promise.all([
      import('../../environment/platform.ts'),
      import('../../engine/interrupts.ts'),
    ])
    using interrupts = listenForInterrupts(process, emit)
    const engine = await obtain(this.surroundings(), emit, interrupts.cancel)
    report.result([`${style('good', '✔')} Pulumi ${engine.version} (${engine.from}): ${engine.path}`], engine)
  }
}
