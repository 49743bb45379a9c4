import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {parseDuration} from '../cli/durations.ts'
import {changeFlags, scopeFlags} from '../cli/flags.ts'
import {triesOf} from '../deploy/hints.ts'
import {openEnvironment} from '../environment/environment.ts'
import {deployedLines} from '../report/deployed.ts'

export default class Deploy extends HaCommand {
  static override summary = 'Make the platform what ha.yaml says.'
  static override description =
    'Shows the plan, asks once, then runs only what changed. Without a terminal it needs --yes or --plan.'
  static override examples = [
    '<%= config.bin %> deploy',
    '<%= config.bin %> deploy --plan plan.json',
    '<%= config.bin %> deploy --yes --set services.api.image=registry.example/app:1.4.3',
  ]
  static override flags = {
    ...changeFlags,
    ...scopeFlags,
    plan: Flags.string({summary: 'Carry out this saved plan, or nothing when the world has moved since.'}),
    'accept-downgrade': Flags.string({summary: 'A loss of availability that is meant, by name.', multiple: true}),
    'may-lose': Flags.string({summary: 'A part that may lose its data, by name.', multiple: true}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Deploy)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const lockTimeoutMs = parseDuration(flags['lock-timeout'], '--lock-timeout')
    const open = () => openEnvironment(surroundings.cwd, flags)
    const begun = performance.now()
    const [{underLock}, {deploy}, {prepareState}] = await Promise.all([
      import('../environment/run.ts'),
      import('../deploy/deploy.ts'),
      import('../environment/state.ts'),
    ])
    await prepareState({open, yes: flags.yes || flags.plan !== undefined, emit, surroundings})
    const done = await underLock({open, operation: 'deploy', lockTimeoutMs, emit, surroundings}, (run) =>
      deploy({
        ...run,
        ...flags,
        emit,
        surroundings,
        mayLose: flags['may-lose'] ?? [],
        accepted: flags['accept-downgrade'] ?? [],
      }),
    )
    const {environment, observation, changed, kubeconfigs} = done
    const [call, tries] = [(command: string) => this.call(command), triesOf(environment)]
    const ms = Math.round(performance.now() - begun)
    report.result(
      deployedLines({topology: environment.topology, observation, changed, kubeconfigs, ms, call, tries}, style),
      {changed, ms, url: observation.url, roles: environment.roles, kubeconfigs},
    )
  }
}
