import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, chownSync, mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {type Account, serverAccount} from '../../src/emulator/sql/account.ts'
import {findBinaries} from '../../src/emulator/sql/binaries.ts'

export interface Postgres {
  readonly url: string
  /** As `kill -9` would. */
  kill(): Promise<void>
  start(): Promise<void>
  dispose(): Promise<void>
}

export interface BareServer {
  readonly url: string
  readonly port: number
  /** SIGKILL ends the postmaster as `kill -9`, SIGINT is a fast shutdown; resolves when it has ended. */
  end(signal: 'SIGKILL' | 'SIGINT'): Promise<void>
  /** Resolves once it answers. */
  start(): Promise<void>
}

/** A folder for servers, theirs alone, and whom they run as. */
export interface Place {
  readonly bin: string
  readonly folder: string
  readonly account: Account | undefined
  /** Without it a server loses what it is told, but only with the machine. */
  readonly fsync: boolean
}

/** A PostgreSQL server of a test's own on a free port. */
export async function startPostgres(): Promise<Postgres> {
  const place = await openPlace('templates')
  const data = makeCluster(place, 'data')
  const {url, start, end} = await serverOf(place, data)
  await start()
  return {
    url,
    start,
    kill: () => end('SIGKILL'),
    async dispose() {
      await end('SIGINT')
      rmSync(place.folder, {recursive: true, force: true})
    },
  }
}

export async function openPlace(name: string, {fsync = false} = {}): Promise<Place> {
  const account = serverAccount()
  const {bin} = await findBinaries(account)
  const folder = mkdtempSync(`/tmp/ha-${name}-`)
  if (account) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
  return {bin, folder, account, fsync}
}

/** Made by initdb, nothing in it; its path. */
export function makeCluster({bin, folder, account}: Place, name: string): string {
  const data = join(folder, name)
  const args = ['-D', data, '-U', 'app', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8']
  execFileSync(join(bin, 'initdb'), args, {...account, cwd: folder, stdio: 'ignore'})
  return data
}

/** A server on what lies in `data`, with a port of its own; not started yet. */
export async function serverOf({bin, folder, account, fsync}: Place, data: string): Promise<BareServer> {
  const port = await freePort()
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

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The port is not known.')
  return address.port
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
