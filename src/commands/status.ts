import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {systemClock} from '../clock.ts'
import {clusterEndpoints, openEnvironment, wiresOf} from '../environment/environment.ts'
import {safetyLines} from '../report/safety.ts'
import {statusLines} from '../report/status.ts'
import {troubles} from '../report/troubles.ts'

const WATCH_MS = 2000
const UNHEALTHY = 1

export default class Status extends HaCommand {
  static override summary = 'Show what runs where: roles, replication lag, instances, rotation, queues.'
  static override description = 'Exits with 1 when anything is amiss.'
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --watch']
  static override flags = {
    ...commonFlags,
    ...configFlags,
    watch: Flags.boolean({char: 'w', summary: 'Show it again every two seconds, until Ctrl-C.'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Status)
    const {report, style, emit} = this.begin(flags)
    const stop = new AbortController()
    let healthy = true
    if (flags.watch) process.once('SIGINT', () => stop.abort())
    do {
      const environment = await openEnvironment(this.surroundings().cwd, flags)
      const {topology} = environment
      const wires = wiresOf(environment)
      const {fences, operation, safety} = await (await import('../environment/safety.ts')).observeSafety(
        environment,
        emit,
      )
      const {createCloud} = await import('../cloud/google.ts')
      const cloud = createCloud(wires, systemClock)
      const observation = await cloud.observe(topology, clusterEndpoints(environment))
      const amiss = troubles(topology, observation)
      healthy = amiss.length === 0 && safety.every(({good}) => good)
      const clear = flags.watch && process.stdout.isTTY && !flags.json ? ['\u001B[2J\u001B[H'] : []
      report.result([...clear, ...statusLines(topology, observation, style), ...safetyLines(safety, style)], {
        healthy,
        troubles: amiss,
        roles: environment.roles,
        fences,
        operation,
        safety,
        ...observation,
      })
      if (flags.watch) await systemClock.sleep(WATCH_MS, stop.signal).catch(() => {})
    } while (flags.watch && !stop.signal.aborted)
    if (!healthy && !flags.watch) process.exitCode = UNHEALTHY
  }
}
