/**
 * A region's process: leads its own process group, so that all of the region can be killed, paused or resumed at once.
 * `--region R --zones a,b,c --project P --dir DIR --emulator DIR --googleapis URL --pubsub HOST:PORT`. Ready when `DIR/region.json`
 * is there; from then on it looks after the global process too.
 */
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {openLog} from '../log.ts'
import {openPorts} from '../ports.ts'
import {guardGlobal} from './guard.ts'
import {startRegion} from './region.ts'

const TEXT = {type: 'string'} as const
const {values} = parseArgs({
  options: {region: TEXT, zones: TEXT, project: TEXT, dir: TEXT, emulator: TEXT, googleapis: TEXT, pubsub: TEXT},
})
const {region = '', zones = '', project = '', dir = '', emulator = '', googleapis = '', pubsub = ''} = values
if (!region || !zones || !project || !dir || !emulator || !googleapis || !pubsub) {
  throw new Error('A region needs --region, --zones, --project, --dir, --emulator, --googleapis and --pubsub.')
}

const log = openLog(join(dir, 'region.log'))
process.on('uncaughtExceptionMonitor', (error) => log('error', 'The region ends by a bug', {error: error.stack}))

const running = await startRegion({
  region,
  zones: zones.split(','),
  project,
  dir,
  ports: openPorts(join(dir, 'ports.json')),
  log,
  googleapis,
  pubsub,
})

const unguard = guardGlobal({dir: emulator, log})

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return
    stopping = true
    unguard()
    log('info', `Region ${region} stops`, {signal})
    running.stop().then(
      () => process.exit(0),
      (error) => {
        log('error', 'The region did not stop in order', {reason: String(error)})
        process.exit(1)
      },
    )
  })
}
