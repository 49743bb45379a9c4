import * as Flags from '@oclif/core/flags'
import {openInBrowser} from '../cli/browser.ts'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {systemClock} from '../clock.ts'
import {createCloud} from '../cloud/google.ts'
import {clusterEndpoints, openEnvironment, wiresOf} from '../environment/environment.ts'
import {HaError} from '../errors.ts'

export default class Open extends HaCommand {
  static override summary = 'Print the platform’s address; at a terminal, also open it in the browser.'
  static override examples = ['<%= config.bin %> open', 'curl "$(<%= config.bin %> open)/"']
  static override flags = {
    ...commonFlags,
    ...configFlags,
    print: Flags.boolean({summary: 'Only print it.'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Open)
    const {report} = this.begin(flags)
    const surroundings = this.surroundings()
    const environment = await openEnvironment(surroundings.cwd, flags)
    const {topology} = environment
    const cloud = createCloud(wiresOf(environment), systemClock)
    const {url} = await cloud.observe(topology, clusterEndpoints(environment))
    if (url === undefined) throw new HaError('NOT_DEPLOYED', 'Nothing serves here yet.', {next: ['ha deploy']})
    report.result([url], {url})
    // `$(ha open)` in a script wants the address, not a window.
    if (surroundings.interactive && process.stdout.isTTY && !flags.print && !flags.json) await openInBrowser(url)
  }
}
