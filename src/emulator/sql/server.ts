/** One PostgreSQL server over one data folder: start, stop, reload. */
import {execFile} from 'node:child_process'
import {chown, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {isDeepStrictEqual, promisify} from 'node:util'
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

const run = promisify(execFile)
const ENV = {LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin'}

/** Starts the server; anything an earlier one left is ended first. Resolves when the process runs, before it is ready. */
export async function startServer(place: ServerPlace, settings: ServerSettings): Promise<Server> {
  const dataDir = dataDirOf(place.folder)
  await endLeftovers(dataDir)
  await writeSettings(place, settings)
  const {uid, gid} = place.account ?? {}
  let complaint = 'its log tells why'
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
    onLine: (line) => {
      complaint = /(?:FATAL|PANIC): +(.*)/.exec(line)?.[1] ?? complaint
      place.onLine?.(line)
    },
  })
  const ready = untilReady(child, dataDir, () => complaint)
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

async function writeSettings(place: ServerPlace, settings: ServerSettings): Promise<void> {
  for (const [name, text] of [
    ['postgresql.conf', postgresConf(settings)],
    ['pg_hba.conf', hbaConf()],
  ] as const) {
    const path = join(dataDirOf(place.folder), name)
    await writeOwned(place, `${path}.new`, text)
    await rename(`${path}.new`, path)
  }
}

async function writeOwned({account}: ServerPlace, path: string, text: string): Promise<void> {
  await writeFile(path, text, {mode: 0o600})
  if (account) await chown(path, account.uid, account.gid)
}

/** Throws what PostgreSQL has against the settings; the running server does not notice. */
export async function checkSettings(place: ServerPlace, settings: ServerSettings, now: ServerSettings): Promise<void> {
  // To start or stop is no change of settings, and whoever stops a primary has writers waiting.
  if (isDeepStrictEqual(settings, now)) return
  const dataDir = dataDirOf(place.folder)
  const file = join(dataDir, 'postgresql.conf.check')
  await writeOwned(place, file, postgresConf(settings))
  const args = ['-D', dataDir, '-c', `config_file=${file}`, '-C', 'port']
  try {
    await run(join(place.binaries.bin, 'postgres'), args, {...place.account, cwd: dataDir, env: ENV})
  } catch (error) {
    const lines = String((error as {stderr?: string}).stderr ?? error).split('\n')
    const reason = lines.find((line) => /LOG|FATAL/.test(line)) ?? lines[0] ?? ''
    throw new Error(`Invalid request: ${reason.replace(/^.*(LOG|FATAL): +/, '')}`)
  } finally {
    await rm(file, {force: true})
  }
}

/** The postmaster writes its state to the last line of its pid file; there is no event for it. */
async function untilReady(child: Child, dataDir: string, complaint: () => string): Promise<void> {
  let ended = false
  // Its last words are read before it counts as ended.
  child.gone.then(() => {
    ended = true
  })
  for (;;) {
    const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return
    if (ended) throw new Error(`${child.name} ended while it was starting: ${complaint()}`)
    await sleep(20)
  }
}
