/** The observer: `node --max-semi-space-size=1 --optimize-for-size main.js`, told by its environment (settings.ts). */
import {systemClock} from '../clock.ts'
import {messageOf} from './known.ts'
import {startObserver} from './observer.ts'
import {serveFacts} from './serve.ts'
import {parseSettings} from './settings.ts'

const say = (message: string) => process.stderr.write(`${JSON.stringify({severity: 'INFO', message})}\n`)

async function run(): Promise<void> {
  const settings = parseSettings(process.env)
  const observer = startObserver(settings, systemClock)
  const server = await serveFacts(observer.facts, settings).catch(async (error) => {
    await observer.stop()
    throw error
  })
  say(`The observer of ${settings.region} listens on port ${settings.port}.`)
  const end = async () => {
    server.close()
    server.closeAllConnections()
    await observer.stop()
    say('The observer has ended.')
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
}

run().catch((error) => {
  process.stderr.write(`${JSON.stringify({severity: 'ERROR', message: messageOf(error)})}\n`)
  process.exitCode = 1
})
