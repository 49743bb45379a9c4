import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, chownSync, mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {serverAccount} from '../../src/emulator/sql/account.ts'
import {findBinaries} from '../../src/emulator/sql/binaries.ts'

export interface Postgres {
  readonly url: string
  /** As `kill -9` would. */
  kill(): Promise<void>
  start(): Promise<void>
  dispose(): Promise<void>
}

/** A PostgreSQL server of a test's own on a free port; it loses what it is told with `fsync = off`, but only with the machine. */
export async function startPostgres(): Promise<Postgres> {
  const account = serverAccount()
  const {bin} = await findBinaries(account)
  const folder = mkdtempSync('/tmp/ha-templates-')
  if (account) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
  const options = {...account, cwd: folder, stdio: 'ignore' as const}
  const data = join(folder, 'data')
  await exited(
    spawn(join(bin, 'initdb'), ['-D', data, '-U', 'app', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8'], options),
  )
  const port = await freePort()
  const url = `postgresql://app@127.0.0.1:${port}/postgres`
  const settings = [
    '-F',
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder}`,
    '-p',
    String(port),
  ]
  let server: ReturnType<typeof spawn> | undefined

  const end = async (signal: NodeJS.Signals) => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }
  const start = async () => {
    server = spawn(join(bin, 'postgres'), ['-D', data, ...settings], options)
    await answering(url)
  }
  await start()
  return {
    url,
    start,
    kill: () => end('SIGKILL'),
    async dispose() {
      await end('SIGINT')
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

async function exited(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`initdb ended with ${code}.`)
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
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = new pg.Client({connectionString: url})
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.end()
    } catch {
      await sleep(50)
    }
  }
  throw new Error('PostgreSQL does not answer.')
}
