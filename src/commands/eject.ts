import {relative, resolve} from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {openEnvironment} from '../environment/environment.ts'

export default class Eject extends HaCommand {
  static override summary = 'Write the same programs as a Pulumi project of your own, against the same state.'
  static override description =
    'Nothing that runs is changed, and ha can go on being used. What was deployed last is handed over.'
  static override examples = ['<%= config.bin %> eject infrastructure -e production']
  static override args = {dir: Args.string({description: 'Folder to write to.', default: 'infrastructure'})}
  static override flags = {
    ...commonFlags,
    ...configFlags,
    force: Flags.boolean({summary: 'Write also into a folder that is not empty.'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Eject)
    const {report, style} = this.begin(flags)
    const {cwd, env} = this.surroundings()
    const folder = resolve(cwd, args.dir)
    const environment = await openEnvironment(cwd, flags)
    const [{eject}, {sealedPlace}] = await Promise.all([
      import('../scaffold/eject.ts'),
      import('../environment/state.ts'),
    ])
    const place = await sealedPlace(environment, env)
    const {files, stacks} = await eject({environment, folder, place, force: flags.force})
    report.result(
      [
        `${style('good', '✔')} ${stacks.length} stacks, ${files.length} files in ${relative(cwd, folder) || '.'}. README.md there says how to go on.`,
      ],
      {folder, stacks, files},
    )
  }
}
