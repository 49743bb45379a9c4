/** One PostgreSQL server over one data folder: start, stop, reload. */
import {chown, readFile, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {type Child, startChild} from '../processes.ts'
import type {Account} from './account.ts'
import type {Binaries} from './binaries.ts'
import {endLeftovers} from './leftovers.ts'
import {LOCAL} from './limits.ts'
import {hbaConf, postgresConf, type ServerSettings} from './settings.ts'

export interface ServerPlace {
  readonly binaries: Binaries
  readonly account: Account | undefined
  /** The instance's folder: holds `data`, the log and the pid file. */
  readonly folder: string
  /** Lines of the server's log. */
  readonly onLine?: (line: string) => void
}

export interface Server {
  readonly pid: number
  /** Resolves when the postmaster has ended, whoever ended it. */
  readonly exited: Promise<unknown>
  /** Once it answers queries (a replica: read-only ones). Rejects when it ends first. */
  readonly ready: Promise<void>
  /** Tells it of changed settings. */
  reload(settings: ServerSettings): Promise<void>
  /** `fast`: checkpoint, sends everything to connected replicas, rolls back what is open. `immediate`: as if the power failed. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
}

export const dataDirOf = (folder: string) => join(folder, 'data')

const ENV = {LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin'}

/** Starts the server; anything an earlier one left is ended first. Resolves when the process runs, before it is ready. */
export async function startServer(place: ServerPlace, settings: ServerSettings): Promise<Server> {
  const dataDir = dataDirOf(place.folder)
  await endLeftovers(dataDir)
  await writeSettings(place, settings)
  const {uid, gid} = place.account ?? {}
  const child = await startChild({
    name: `postgres ${settings.name}`,
    command: join(place.binaries.bin, 'postgres'),
    args: ['-D', dataDir],
    cwd: dataDir,
    env: ENV,
    ...(uid !== undefined && gid !== undefined ? {uid, gid} : {}),
    logFile: join(place.folder, 'postgresql.log'),
    maxLogBytes: LOCAL.logBytes,
    pidFile: join(place.folder, 'postmaster.json'),
    ...(place.onLine ? {onLine: place.onLine} : {}),
  })
  const ready = untilReady(child, dataDir)
  // Whoever only stops it does not ask whether it became ready.
  ready.catch(() => {})
  return {
    pid: child.pid,
    exited: child.exited,
    ready,
    async reload(changed) {
      await writeSettings(place, changed)
      child.signal('SIGHUP')
    },
    async stop(mode) {
      await child.stop({signal: mode === 'fast' ? 'SIGINT' : 'SIGQUIT', graceMs: mode === 'fast' ? 30_000 : 5_000})
      await endLeftovers(dataDir)
    },
  }
}

async function writeSettings({folder, account}: ServerPlace, settings: ServerSettings): Promise<void> {
  const write = async (name: string, text: string) => {
    const path = join(dataDirOf(folder), name)
    await writeFile(`${path}.new`, text, {mode: 0o600})
    if (account) await chown(`${path}.new`, account.uid, account.gid)
    await rename(`${path}.new`, path)
  }
  await write('postgresql.conf', postgresConf(settings))
  await write('pg_hba.conf', hbaConf())
}

/** The postmaster writes its state to the last line of its pid file; there is no event for it. */
async function untilReady(child: Child, dataDir: string): Promise<void> {
  let ended = false
  child.exited.then(() => {
    ended = true
  })
  for (;;) {
    const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return
    if (ended) throw new Error(`PostgreSQL (${child.name}) ended while it was starting; its log tells why`)
    await sleep(20)
  }
}
