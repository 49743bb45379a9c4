/** A worker process: `node src/worker.js booking-sync | pricing | webhooks`. */
import {openDatabase} from './db.js'
import {createWork, JOBS} from './jobs.js'
import {log} from './log.js'
import {startSubscriber} from './queue/pubsub.js'
import {readSettings} from './settings.js'

const worker = process.argv[2] ?? ''
if (!Object.hasOwn(JOBS, worker)) {
  log.error(`There is no worker "${worker}"; there is ${Object.keys(JOBS).join(', ')}.`)
  process.exit(64)
}

const settings = readSettings(process.env)
const {region, emulatorHost, channelLatency} = settings
const database = openDatabase({...settings, connections: 2})
const subscriber = startSubscriber({
  emulatorHost,
  subscription: settings.subscription(JOBS[worker].queue),
  work: createWork({database, worker, region, channelLatency}),
  log,
})
log.info('The worker takes messages.', {worker, region})

async function end() {
  await subscriber.stop()
  await database.close()
  log.info('The worker has ended.', {worker})
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end)
