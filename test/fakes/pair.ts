/** Two bare PostgreSQL servers, the second streaming from the first: nothing of ha, nothing of the emulator between them. */
import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {appendFileSync, chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {type Account, serverAccount} from '../../src/emulator/sql/account.ts'
import {findBinaries} from '../../src/emulator/sql/binaries.ts'
import {freePort} from '../templates/postgres.ts'

export interface BareServer {
  readonly url: string
  readonly port: number
  /** SIGKILL ends the postmaster as `kill -9`, SIGINT is a fast shutdown; resolves when it has ended. */
  end(signal: 'SIGKILL' | 'SIGINT'): Promise<void>
  /** Resolves once it answers. */
  start(): Promise<void>
}

export interface Pair {
  readonly primary: BareServer
  readonly standby: BareServer
  dispose(): Promise<void>
}

/** `fsync: false` for tests; a measurement wants what a real server does. */
export async function startPair({fsync = false} = {}): Promise<Pair> {
  const account = serverAccount()
  const {bin} = await findBinaries(account)
  const folder = mkdtempSync('/tmp/ha-pair-')
  if (account) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
  const own = {...account, cwd: folder, stdio: 'ignore' as const}
  const data = {primary: join(folder, 'primary'), standby: join(folder, 'standby')}
  const init = ['-D', data.primary, '-U', 'app', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8']
  execFileSync(join(bin, 'initdb'), init, own)
  const server = async (path: string) => bareServer(bin, path, await freePort(), {fsync, folder, account})
  const [primary, standby] = [await server(data.primary), await server(data.standby)]
  // A server at rest can be copied as it is.
  execFileSync('cp', ['-a', data.primary, data.standby], own)
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

interface Place {
  readonly fsync: boolean
  readonly folder: string
  readonly account: Account | undefined
}

function bareServer(bin: string, data: string, port: number, {fsync, folder, account}: Place): BareServer {
  const url = `postgresql://app@127.0.0.1:${port}/postgres`
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, `port=${port}`, `fsync=${fsync}`]
  let running: ChildProcess | undefined
  return {
    url,
    port,
    async start() {
      const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
      running = spawn(join(bin, 'postgres'), args, {...account, cwd: folder, stdio: 'ignore'})
      await answering(url)
    },
    async end(signal) {
      if (!running || running.exitCode !== null || running.signalCode !== null) return
      const gone = once(running, 'exit')
      running.kill(signal)
      await gone
    },
  }
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const client = new pg.Client({connectionString: url})
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.end()
    } catch {
      await sleep(25)
    }
  }
  throw new Error('PostgreSQL does not answer.')
}
