/** Base backups and the archived log of one instance, for recovery to a point in time; bounded in number and bytes. */
import {createWriteStream} from 'node:fs'
import {mkdir, readdir, rename, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import {streamBaseBackup, type Upstream} from './base-backup.ts'
import {LOCAL} from './limits.ts'

export interface Backup {
  /** RFC 3339; everything committed before it can be recovered from this backup on. */
  readonly at: string
  readonly file: string
}

export const archiveDirOf = (folder: string) => join(folder, 'archive')
const backupDirOf = (folder: string) => join(folder, 'backups')

/** Oldest first. */
export async function listBackups(folder: string): Promise<Backup[]> {
  const names = await readdir(backupDirOf(folder)).catch(() => [])
  return names
    .filter((name) => name.endsWith('.tar.gz'))
    .sort()
    .map((name) => ({at: new Date(Number(name.split('.')[0])).toISOString(), file: join(backupDirOf(folder), name)}))
}

/** By folder: what is under way. Two at once would write the same file. */
const underWay = new Map<string, Promise<unknown>>()

/** Takes one, after any that is under way, and forgets what is no longer needed. Resolves when it is whole. */
export function takeBackup(folder: string, server: Upstream): Promise<Backup> {
  const before = underWay.get(folder) ?? Promise.resolve()
  const backup = before.then(() => take(folder, server))
  const settled = backup.catch(() => {})
  underWay.set(folder, settled)
  settled.then(() => underWay.get(folder) === settled && underWay.delete(folder))
  return backup
}

async function take(folder: string, server: Upstream): Promise<Backup> {
  // Not with its parents: the instance may be gone.
  await mkdir(backupDirOf(folder), {mode: 0o700}).catch((error) => {
    if (error.code !== 'EEXIST') throw error
  })
  const partial = join(backupDirOf(folder), 'partial.new')
  await pipeline(streamBaseBackup(server, 'backup'), createGzip({level: 1}), createWriteStream(partial, {mode: 0o600}))
  // Named by its end: only then is the copy consistent.
  const at = Date.now()
  const file = join(backupDirOf(folder), `${String(at).padStart(14, '0')}.tar.gz`)
  await rename(partial, file)
  await prune(folder)
  return {at: new Date(at).toISOString(), file}
}

/** Takes a backup each day, and one now when there is none. Returns what ends that. */
export function scheduleBackups(folder: string, server: Upstream, log: (problem: string) => void): () => void {
  let ended = false
  const back = () => void takeBackup(folder, server).catch((error) => ended || log(String(error)))
  const timer = setInterval(back, LOCAL.backupIntervalMs)
  listBackups(folder).then((backups) => ended || backups.length > 0 || back())
  return () => {
    ended = true
    clearInterval(timer)
  }
}

/** Resolves when no backup is under way; one whose server was stopped fails soon. */
export async function backupsEnded(folder: string): Promise<void> {
  await underWay.get(folder)
}

export async function forgetBackups(folder: string): Promise<void> {
  for (const path of [archiveDirOf(folder), backupDirOf(folder)]) await rm(path, {recursive: true, force: true})
}

/** Keeps the newest backups, and log that is younger than the oldest of them; by bytes too. */
async function prune(folder: string): Promise<void> {
  const backups = await listBackups(folder)
  const obsolete = backups.slice(0, -LOCAL.baseBackups)
  await Promise.all(obsolete.map(({file}) => rm(file, {force: true})))
  const oldest = backups.at(-LOCAL.baseBackups) ?? backups[0]
  // A backup holds the log written while it was taken; a minute more costs nothing.
  const start = oldest ? Date.parse(oldest.at) - 60_000 : 0
  let bytes = 0
  const files = await archived(folder)
  for (const {path, size, time} of files.reverse()) {
    bytes += size
    if (time < start || bytes > LOCAL.archiveBytes) await rm(path, {force: true})
  }
}

async function archived(folder: string) {
  const all = await readdir(archiveDirOf(folder)).catch(() => [])
  // Timeline histories are tiny and needed by every restore.
  const names = all.filter((name) => !name.includes('.history')).sort()
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(archiveDirOf(folder), name)
      // What was compressed meanwhile is there under its other name.
      const seen = await stat(path).catch(() => undefined)
      return seen && {path, size: seen.size, time: seen.mtimeMs}
    }),
  )
  return files.filter((file) => file !== undefined)
}

/** The newest backup that was complete at `at`; undefined when the moment lies before the window. */
export async function backupBefore(folder: string, at: string | undefined): Promise<Backup | undefined> {
  const backups = await listBackups(folder)
  return at === undefined ? backups.at(-1) : backups.filter((backup) => backup.at <= at).at(-1)
}
