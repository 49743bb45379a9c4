/** Two bare PostgreSQL servers, the second streaming from the first: nothing of ha, nothing of the emulator between them. */
import {execFileSync} from 'node:child_process'
import {appendFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {type BareServer, makeCluster, openPlace, serverOf} from '../templates/postgres.ts'

export interface Pair {
  readonly primary: BareServer
  readonly standby: BareServer
  dispose(): Promise<void>
}

/** `fsync: false` for tests; a measurement wants what a real server does. */
export async function startPair({fsync = false} = {}): Promise<Pair> {
  const place = await openPlace('pair', {fsync})
  const {folder, account} = place
  const data = {primary: makeCluster(place, 'primary'), standby: join(folder, 'standby')}
  const primary = await serverOf(place, data.primary)
  const standby = await serverOf(place, data.standby)
  // A server at rest can be copied as it is.
  execFileSync('cp', ['-a', data.primary, data.standby], {...account, cwd: folder})
  writeFileSync(join(data.standby, 'standby.signal'), '')
  const source = `host=127.0.0.1 port=${primary.port} user=app application_name=standby`
  appendFileSync(join(data.standby, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
  await primary.start()
  await standby.start()
  return {
    primary,
    standby,
    async dispose() {
      await Promise.all([primary.end('SIGKILL'), standby.end('SIGKILL')])
      rmSync(folder, {recursive: true, force: true})
    },
  }
}
