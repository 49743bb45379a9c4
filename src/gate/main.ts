/** The gate of one pod: `node --max-semi-space-size=1 --optimize-for-size main.js`, told by its environment (settings.ts). */
import {createServer} from 'node:http'
import {systemClock} from '../clock.ts'
import {messageOf, say} from '../lean/log.ts'
import {openAuthority} from './authority.ts'
import {openGate} from './gate.ts'
import {parseSettings} from './settings.ts'

/** As the Auth Proxy's: sessions under way may finish with the pod. */
const PATIENCE_MS = 60_000

async function run(): Promise<void> {
  const {listen, to, health, ...authority} = parseSettings(process.env)
  const log = (message: string) => say('INFO', message)
  const gate = await openGate({listen, to, ask: openAuthority(authority), clock: systemClock, log})
  // Whoever listens to writers is well: without an authority it goes by the last word, without a primary it waits.
  if (health)
    createServer((_request, response) => response.end('ok'))
      .listen(health.port, health.host)
      .unref()
  log(`The gate listens on ${listen.host}:${listen.port}.`)
  const end = async () => {
    await gate.close(PATIENCE_MS)
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
}

run().catch((error) => {
  say('ERROR', messageOf(error))
  process.exitCode = 1
})
