/** Ways to come by a data folder: a new one, a clone of a running server, a backup restored to a point in time. */
import {execFile} from 'node:child_process'
import {createReadStream} from 'node:fs'
import {chown, mkdir, rename, rm, writeFile} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {promisify} from 'node:util'
import {createGunzip} from 'node:zlib'
import {streamBaseBackup, type Upstream} from './base-backup.ts'
import {endLeftovers} from './leftovers.ts'
import {LOCAL} from './limits.ts'
import {dataDirOf, type ServerPlace} from './server.ts'
import {ADMIN} from './settings.ts'
import {extractTar} from './tar.ts'

const run = promisify(execFile)

/** A folder the server's account owns. */
export async function ownedFolder({account}: Pick<ServerPlace, 'account'>, path: string): Promise<string> {
  await mkdir(path, {recursive: true, mode: 0o700})
  if (account) await chown(path, account.uid, account.gid)
  return path
}

/** An empty cluster with data checksums, whose superuser has the password. */
export async function initialise(place: ServerPlace, password: string): Promise<void> {
  const secret = join(place.folder, 'secret')
  await writeFile(secret, password, {mode: 0o600})
  if (place.account) await chown(secret, place.account.uid, place.account.gid)
  const dataDir = await ownedFolder(place, dataDirOf(place.folder))
  const args = [
    `--pgdata=${dataDir}`,
    `--username=${ADMIN}`,
    `--pwfile=${secret}`,
    '--auth=scram-sha-256',
    '--set=scram_iterations=1',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    `--wal-segsize=${LOCAL.walSegmentMB}`,
    '--data-checksums',
    '--no-instructions',
  ]
  try {
    await run(join(place.binaries.bin, 'initdb'), args, {
      ...place.account,
      cwd: place.folder,
      env: {LC_ALL: 'C', TZ: 'UTC'},
    })
  } catch (error) {
    throw new Error(
      `PostgreSQL could not be initialised: ${String((error as {stderr?: string}).stderr ?? error).trim()}`,
    )
  } finally {
    await rm(secret, {force: true})
  }
}

/** What the folder becomes when a server starts on it. */
type Purpose = 'standby' | 'recovery' | 'copy'

const SIGNAL: Record<Purpose, string | undefined> = {
  standby: 'standby.signal',
  recovery: 'recovery.signal',
  copy: undefined,
}

/** Replaces the data folder by a copy of what runs at `upstream`. The old one stays until the new one is whole; then `stop` ends its server. */
export async function cloneFrom(
  place: ServerPlace,
  upstream: Upstream,
  purpose: 'standby' | 'copy',
  stop?: () => Promise<void>,
): Promise<void> {
  await unpack(place, streamBaseBackup(upstream, basename(place.folder)), purpose, stop)
}

/** Replaces the data folder by a base backup, to be rolled forward from an archive. */
export async function restoreFrom(place: ServerPlace, backup: string): Promise<void> {
  await unpack(place, createReadStream(backup).pipe(createGunzip()), 'recovery')
}

async function unpack(
  place: ServerPlace,
  archive: AsyncIterable<Buffer>,
  purpose: Purpose,
  stop?: () => Promise<void>,
): Promise<void> {
  const dataDir = dataDirOf(place.folder)
  const fresh = `${dataDir}.new`
  await rm(fresh, {recursive: true, force: true})
  await ownedFolder(place, fresh)
  await extractTar(archive, fresh, place.account)
  await rm(join(fresh, 'standby.signal'), {force: true})
  const signal = SIGNAL[purpose]
  if (signal) await writeFile(join(fresh, signal), '')
  if (signal && place.account) await chown(join(fresh, signal), place.account.uid, place.account.gid)
  await stop?.()
  await endLeftovers(dataDir)
  await rm(dataDir, {recursive: true, force: true})
  await rename(fresh, dataDir)
}

/** Makes the data folder of a cleanly stopped primary start as a standby. */
export async function becomeStandby({account, folder}: ServerPlace): Promise<void> {
  const signal = join(dataDirOf(folder), 'standby.signal')
  await writeFile(signal, '')
  if (account) await chown(signal, account.uid, account.gid)
}
