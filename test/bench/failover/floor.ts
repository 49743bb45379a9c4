/** The floor: what PostgreSQL itself takes, with nobody to decide, to fence or to check. */
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {startPair} from '../../fakes/pair.ts'
import {holding} from './held.ts'
import {nanoseconds, type Outage, startWriter} from './writer.ts'

/** `planned`: the primary is shut down in order first, so that nothing is lost. `killed`: it is gone. */
export async function bareOutage(fault: 'planned' | 'killed'): Promise<Outage> {
  const pair = await startPair({fsync: true})
  return holding(pair.dispose, async () => {
    const writer = await startWriter([pair.primary.url, pair.standby.url])
    const operator = new pg.Client({connectionString: pair.standby.url})
    await operator.connect()
    await sleep(1_000)
    const from = nanoseconds()
    await pair.primary.end(fault === 'planned' ? 'SIGINT' : 'SIGKILL')
    await operator.query('SELECT pg_promote(true, 30)')
    await operator.end()
    await sleep(1_000)
    return writer.finish(from)
  })
}
