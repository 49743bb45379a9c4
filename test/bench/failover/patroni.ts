/** Patroni as Debian packages it (patroni, etcd-server, postgresql-15), two members and one etcd, its defaults, all on loopback. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {serverAccount} from '../../../src/emulator/sql/account.ts'
import {freePort} from '../../templates/postgres.ts'
import {nanoseconds, type Outage, startWriter} from './writer.ts'

const BIN = '/usr/lib/postgresql/15/bin'
export const hasPatroni = () =>
  ['/usr/bin/patroni', '/usr/bin/etcd', `${BIN}/postgres`].every((path) => existsSync(path))

interface Member {
  readonly name: string
  readonly rest: number
  readonly port: number
  readonly data: string
}

/** JSON is YAML. Defaults of https://patroni.readthedocs.io/en/latest/dynamic_configuration.html, spelt out where they decide. */
const configuration = ({name, rest, port, data}: Member, etcd: number, folder: string) => ({
  scope: 'bench',
  name,
  restapi: {listen: `127.0.0.1:${rest}`, connect_address: `127.0.0.1:${rest}`},
  etcd3: {hosts: `127.0.0.1:${etcd}`},
  bootstrap: {
    dcs: {ttl: 30, loop_wait: 10, retry_timeout: 10, maximum_lag_on_failover: 1_048_576},
    initdb: [{encoding: 'UTF8'}, 'data-checksums'],
  },
  postgresql: {
    listen: `127.0.0.1:${port}`,
    connect_address: `127.0.0.1:${port}`,
    data_dir: data,
    bin_dir: BIN,
    use_pg_rewind: true,
    pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust', 'local all all trust'],
    authentication: {superuser: {username: 'postgres'}, replication: {username: 'replicator'}},
    parameters: {unix_socket_directories: folder},
  },
})

export interface Cluster {
  /** A switchover by Patroni's REST API, to the other member and waited for. */
  switchover(): Promise<Outage>
  /** Patroni and its postmaster are killed, as a lost node would be; the other member takes over by itself. */
  kill(): Promise<Outage>
  dispose(): Promise<void>
}

export async function startPatroni(): Promise<Cluster> {
  const account = serverAccount()
  const folder = mkdtempSync('/tmp/ha-patroni-')
  if (account) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
  const children: ChildProcess[] = []
  const run = (command: string, args: readonly string[]) => {
    const env = {PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: folder}
    const child = spawn(command, args, {...account, cwd: folder, env, stdio: 'ignore'})
    children.push(child)
    return child
  }
  const [client, peer] = [await freePort(), await freePort()]
  run('/usr/bin/etcd', [
    ...['--data-dir', join(folder, 'etcd'), '--initial-cluster', `default=http://127.0.0.1:${peer}`],
    ...['--listen-client-urls', `http://127.0.0.1:${client}`, '--advertise-client-urls', `http://127.0.0.1:${client}`],
    ...['--listen-peer-urls', `http://127.0.0.1:${peer}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
  ])
  const member = async (name: string): Promise<Member> => ({
    name,
    rest: await freePort(),
    port: await freePort(),
    data: join(folder, name),
  })
  const members = [await member('a'), await member('b')] as const
  const start = async (one: Member) => {
    const file = join(folder, `${one.name}.yml`)
    mkdirSync(one.data, {recursive: true, mode: 0o700})
    if (account) chownSync(one.data, account.uid, account.gid)
    writeFileSync(file, JSON.stringify(configuration(one, client, folder)))
    const child = run('/usr/bin/patroni', [file])
    await answers(`http://127.0.0.1:${one.rest}/health`)
    return child
  }
  const urls = members.map(({port}) => `postgresql://postgres@127.0.0.1:${port}/postgres`)

  const dispose = async () => {
    for (const child of children.toReversed()) child.kill('SIGKILL')
    for (const {data} of members) killPostmaster(data)
    await Promise.all(
      children.map((child) => child.exitCode === null && child.signalCode === null && once(child, 'exit')),
    )
    await sleep(200)
    rmSync(folder, {recursive: true, force: true})
  }
  try {
    const programs = new Map<string, ChildProcess>()
    for (const one of members) programs.set(one.name, await start(one))
    await answers(`http://127.0.0.1:${members[1].rest}/replica`)
    const leader = async () => {
      const isPrimary = async ({rest}: Member) => (await fetch(`http://127.0.0.1:${rest}/primary`)).status === 200
      return (await isPrimary(members[0])) ? members : ([members[1], members[0]] as const)
    }
    const measured = async (fault: (old: Member, next: Member) => Promise<void>) => {
      const [old, next] = await leader()
      await isFollowed(`postgresql://postgres@127.0.0.1:${old.port}/postgres`)
      const writer = await startWriter(urls)
      await sleep(1_000)
      const from = nanoseconds()
      await fault(old, next)
      await answers(`http://127.0.0.1:${next.rest}/primary`)
      await sleep(1_000)
      return writer.finish(from)
    }
    return {
      async switchover() {
        const outage = await measured(async (old, next) => {
          const body = JSON.stringify({leader: old.name, candidate: next.name})
          await fetch(`http://127.0.0.1:${old.rest}/switchover`, {
            method: 'POST',
            body,
            signal: AbortSignal.timeout(60_000),
          })
        })
        const [, replica] = await leader()
        await answers(`http://127.0.0.1:${replica.rest}/replica`)
        return outage
      },
      kill: () =>
        measured(async (old) => {
          programs.get(old.name)!.kill('SIGKILL')
          killPostmaster(old.data)
        }),
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Its children see that it is gone and end. */
function killPostmaster(data: string): void {
  try {
    process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL')
  } catch {
    // It does not run.
  }
}

/** A member is a replica from its first second, but streams only once the leader has made its slot, in its next round. */
async function isFollowed(url: string): Promise<void> {
  const client = new pg.Client({connectionString: url})
  await client.connect()
  try {
    const deadline = performance.now() + 60_000
    while (performance.now() < deadline) {
      const {rowCount} = await client.query("SELECT FROM pg_stat_replication WHERE state = 'streaming'")
      if (rowCount) return
      await sleep(200)
    }
    throw new Error('No member follows the leader.')
  } finally {
    await client.end()
  }
}

/** 200 within 90 s, or throws. */
async function answers(url: string): Promise<void> {
  const deadline = performance.now() + 90_000
  while (performance.now() < deadline) {
    const status = await fetch(url, {signal: AbortSignal.timeout(2_000)}).then(
      (response) => response.status,
      () => 0,
    )
    if (status === 200) return
    await sleep(50)
  }
  throw new Error(`${url} does not answer.`)
}
