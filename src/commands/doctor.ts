import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {ERROR_CODES} from '../errors.ts'
import {doctorLines} from '../report/doctor.ts'

export default class Doctor extends HaCommand {
  static override summary = 'Check what this machine lacks, and say how to get it.'
  static override description =
    'Inside a project it looks at that too: its port, its lock, its local cloud, what an interrupted run left. Changes nothing.'
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']
  static override flags = {...commonFlags, ...configFlags}

  async run(): Promise<void> {
    const {flags} = await this.parse(Doctor)
    const {report, style} = this.begin(flags)
    const {cwd, env} = this.surroundings()
    const [{observeFacts}, {checksOf}] = await Promise.all([
      import('../diagnose/probe.ts'),
      import('../diagnose/checks.ts'),
    ])
    const checks = this.pasteable(checksOf(await observeFacts(cwd, flags, env), (command) => this.call(command)))
    const ok = checks.every(({verdict}) => verdict !== 'bad')
    report.result(doctorLines(checks, style), {ok, checks})
    if (!ok) process.exitCode = ERROR_CODES.ENGINE_UNAVAILABLE.exit
  }
}
