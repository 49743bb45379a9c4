import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {loadConfig} from '../config/load.ts'
import {ERROR_CODES} from '../errors.ts'
import {onlineLines} from '../report/online.ts'

export default class Validate extends HaCommand {
  static override summary = 'Check ha.yaml: every problem at once. Contacts nothing, unless --online.'
  static override examples = ['<%= config.bin %> validate', '<%= config.bin %> validate -e production --online']
  static override flags = {
    ...commonFlags,
    ...configFlags,
    online: Flags.boolean({summary: 'Also ask Google: project, billing, APIs, regions, quotas, database, domain.'}),
    skip: Flags.string({summary: 'Leave out this online check, by name.', multiple: true, dependsOn: ['online']}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Validate)
    const {report, style} = this.begin(flags)
    const {cwd, env: surroundings} = this.surroundings()
    const {file, env} = flags
    const config = loadConfig({cwd, ...(file !== undefined && {file}), ...(env !== undefined && {environment: env})})
    const {capacityWarnings} = await import('../topology/capacity.ts')
    const warnings = capacityWarnings(config)
    const findings = this.pasteable(flags.online ? await online(config, flags.skip ?? [], surroundings) : [])
    const {app, environment, target, regions, services, queues} = config
    report.result(
      [
        `${style('good', '✔')} ${app} is valid: ${regions.length} regions, ${services.length} services, ${queues.length} queues; ${environment} runs on ${target}.`,
        ...warnings.map((warning) => style('warn', `! ${warning}`)),
        ...(flags.online ? onlineLines(findings, style) : []),
      ],
      {valid: true, app, environment, target, warnings, ...(flags.online && {online: findings})},
    )
    if (findings.some(({verdict}) => verdict === 'bad')) process.exitCode = ERROR_CODES.CLOUD_UNREACHABLE.exit
  }
}

const online = async (...args: Parameters<typeof import('../diagnose/online.ts')['validateOnline']>) =>
  (await import('../diagnose/online.ts')).validateOnline(...args)
