/** The observer: `node --max-semi-space-size=1 --optimize-for-size main.js`, told by its environment (settings.ts). */
import {systemClock} from '../clock.ts'
import {messageOf, say} from '../lean/log.ts'
import {startObserver} from './observer.ts'
import {serveFacts} from './serve.ts'
import {parseSettings} from './settings.ts'

async function run(): Promise<void> {
  const settings = parseSettings(process.env)
  const observer = startObserver(settings, systemClock)
  const server = await serveFacts(observer.facts, settings).catch(async (error) => {
    await observer.stop()
    throw error
  })
  say('INFO', `The observer of ${settings.region} listens on port ${settings.port}.`)
  const end = async () => {
    server.close()
    server.closeAllConnections()
    await observer.stop()
    say('INFO', 'The observer has ended.')
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
}

run().catch((error) => {
  say('ERROR', messageOf(error))
  process.exitCode = 1
})
