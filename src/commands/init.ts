import {relative, resolve} from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {approvalFlags, commonFlags} from '../cli/flags.ts'
import {selfOf} from '../cli/paste.ts'
import {PIPELINES, writePipeline} from '../scaffold/ci.ts'
import {askInit} from '../scaffold/questions.ts'
import {listTemplates, scaffold, suggestName} from '../scaffold/scaffold.ts'

export default class Init extends HaCommand {
  static override summary = 'Write an ha.yaml and an app that runs, from a template.'
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init shop --template minimal --yes',
    '<%= config.bin %> init --ci github',
  ]
  static override args = {dir: Args.string({description: 'Folder to write to; here by default.', default: '.'})}
  static override flags = {
    ...commonFlags,
    ...approvalFlags,
    template: Flags.string({char: 't', summary: 'Which template; asked for when there is a terminal.'}),
    app: Flags.string({summary: 'Name of the app; the folder’s by default.'}),
    region: Flags.string({summary: 'A region, the primary’s first; at least twice.', multiple: true}),
    ci: Flags.option({options: PIPELINES, exclusive: ['template', 'region'], summary: 'Only write a pipeline.'})(),
    env: Flags.string({char: 'e', env: 'HA_ENV', summary: 'Environment the pipeline deploys.', default: 'production'}),
    branch: Flags.string({summary: 'Branch the pipeline deploys.', default: 'main'}),
    force: Flags.boolean({summary: 'Overwrite files that are already there.'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Init)
    const {report, style} = this.begin(flags)
    const {cwd, interactive} = this.surroundings()
    const folder = resolve(cwd, args.dir)
    if (flags.ci) {
      const files = await writePipeline({...flags, pipeline: flags.ci, folder, environment: flags.env})
      return report.result([`${style('good', '✔')} ${files.join(', ')}: read the top of each.`], {files})
    }
    const defaults = {
      template: flags.template ?? 'rental',
      app: flags.app ?? suggestName(folder),
      regions: flags.region ?? ['us-east1', 'europe-west1'],
    }
    const ask = interactive && !flags.yes
    const {template, ...answers} = ask ? await askInit(defaults, flags, await listTemplates()) : defaults
    const files = await scaffold({template, folder, answers, force: flags.force})
    const shown = relative(cwd, folder) || '.'
    report.result(
      [
        `${style('good', '✔')} ${files.length} files in ${shown === '.' ? 'this folder' : shown}.`,
        'Next:',
        ...(shown === '.' ? [] : [`  cd ${shown}`]),
        '  npm install',
        `  ${selfOf(process.argv[1] ?? '', folder)} deploy`,
      ],
      {folder, template, files},
    )
  }
}
