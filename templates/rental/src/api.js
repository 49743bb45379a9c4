/** The API process: answers requests, and relays what they put into the outbox. */
import {openDatabase} from './db.js'
import {createApi} from './http.js'
import {log, particulars} from './log.js'
import {forgetSent, startRelay} from './outbox.js'
import {openPublisher} from './queue/pubsub.js'
import {createRoutes} from './routes.js'
import {readSettings} from './settings.js'

const settings = readSettings(process.env)
const database = openDatabase(settings)
const publisher = openPublisher(settings)
const relay = startRelay({database, publish: publisher.publish, log})
const tidying = setInterval(
  () => forgetSent(database).catch((error) => log.warn('Tidying failed.', particulars(error))),
  3_600_000,
)

const api = createApi(createRoutes({database, region: settings.region, poke: relay.poke}), {
  'x-region': settings.region,
})
api.server.listen(settings.port, settings.host, () =>
  log.info('The API listens.', {port: settings.port, region: settings.region}),
)
api.server.on('error', (error) => {
  log.error('The API cannot listen.', particulars(error))
  process.exit(1)
})

async function end() {
  await api.drain()
  clearInterval(tidying)
  await relay.stop()
  publisher.close()
  await database.close()
  log.info('The API has ended.')
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end)
