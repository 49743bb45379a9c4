import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {checkKnown} from '../cli/choices.ts'
import {HaCommand} from '../cli/command.ts'
import {parseDuration} from '../cli/durations.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {systemClock} from '../clock.ts'
import {createCloud} from '../cloud/google.ts'
import {clusterEndpoints, openEnvironment, wiresOf} from '../environment/environment.ts'
import {HaError} from '../errors.ts'

export default class Logs extends HaCommand {
  static override summary = 'Print a service’s logs, every instance of every region.'
  static override examples = ['<%= config.bin %> logs api', '<%= config.bin %> logs api --region us-east1 --follow']
  static override args = {service: Args.string({description: 'A service of ha.yaml.', required: true})}
  static override flags = {
    ...commonFlags,
    ...configFlags,
    region: Flags.string({char: 'r', summary: 'Only this region.'}),
    follow: Flags.boolean({summary: 'Go on until Ctrl-C, new instances included.'}),
    tail: Flags.integer({summary: 'Last lines of each instance.', default: 50, min: 0}),
    since: Flags.string({summary: 'Only what is younger: 10m, 1h.'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Logs)
    const {report, style} = this.begin(flags)
    const environment = await openEnvironment(this.surroundings().cwd, flags)
    const {topology} = environment
    checkKnown('service', args.service, topology.services)
    checkKnown('region', flags.region, topology.regions)
    const endpoints = Object.entries(clusterEndpoints(environment)).filter(
      ([region]) => !flags.region || region === flags.region,
    )
    if (endpoints.length === 0)
      throw new HaError('NOT_DEPLOYED', 'No cluster is deployed here yet.', {next: ['ha deploy']})
    const cloud = createCloud(wiresOf(environment), systemClock)
    const stop = new AbortController()
    process.once('SIGINT', () => stop.abort())
    await Promise.all(
      endpoints.map(([region, endpoint]) =>
        cloud.logs({
          endpoint,
          namespace: topology.namespace,
          service: args.service,
          follow: flags.follow,
          tailLines: flags.tail,
          ...(flags.since !== undefined && {sinceSeconds: Math.ceil(parseDuration(flags.since, '--since') / 1000)}),
          signal: stop.signal,
          onLine: (pod, line) => report.result([`${style('dim', `${region}/${pod}`)} ${line}`], {region, pod, line}),
        }),
      ),
    )
  }
}
