import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {loadConfig} from '../config/load.ts'

export default class Validate extends HaCommand {
  static override summary = 'Check ha.yaml without contacting anything: every problem at once.'
  static override examples = ['<%= config.bin %> validate', '<%= config.bin %> validate -e production']
  static override flags = {...commonFlags, ...configFlags}

  async run(): Promise<void> {
    const {flags} = await this.parse(Validate)
    const {report, style} = this.begin(flags)
    const {cwd} = this.surroundings()
    const {file, env} = flags
    const config = loadConfig({cwd, ...(file !== undefined && {file}), ...(env !== undefined && {environment: env})})
    const {capacityWarnings} = await import('../topology/capacity.ts')
    const warnings = capacityWarnings(config)
    const {app, environment, target, regions, services, queues} = config
    report.result(
      [
        `${style('good', '✔')} ${app} is valid: ${regions.length} regions, ${services.length} services, ${queues.length} queues; ${environment} runs on ${target}.`,
        ...warnings.map((warning) => style('warn', `! ${warning}`)),
      ],
      {valid: true, app, environment, target, warnings},
    )
  }
}
