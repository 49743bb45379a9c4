import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {systemClock} from '../clock.ts'
import {openEnvironment} from '../environment/environment.ts'
import {oneRun, recentRuns} from '../environment/runs.ts'
import {runLines} from '../report/runs.ts'

export default class Runs extends HaCommand {
  static override summary = 'List what was run on this environment: by whom, when, how it ended.'
  static override examples = ['<%= config.bin %> runs', '<%= config.bin %> runs 20260101t120000-abc123']
  static override args = {id: Args.string({description: 'Only this run.'})}
  static override flags = {
    ...commonFlags,
    ...configFlags,
    limit: Flags.integer({summary: 'How many, the newest first.', default: 20, min: 1}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Runs)
    const {report, style} = this.begin(flags)
    const {store} = await openEnvironment(this.surroundings().cwd, flags)
    const runs = args.id === undefined ? await recentRuns(store, flags.limit) : [await oneRun(store, args.id)]
    const call = (command: string) => this.call(command)
    report.result(runLines(runs, systemClock.now(), call, style), args.id === undefined ? {runs} : runs[0])
  }
}
