/**
 * PostgreSQL refuses to run as root (https://www.postgresql.org/docs/18/postgres-user.html). When the emulator is root, servers run as
 * `nobody` and own their folders; every folder above must then let others pass, which a root user's home does not.
 */
import {createHash} from 'node:crypto'
import {chmod, mkdir, readdir, readFile, rm, rmdir, stat, writeFile} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {clearUpAll} from './leftovers.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

const NOBODY: Account = {uid: 65_534, gid: 65_534}

/** Who servers run as; undefined: as ourselves. */
export function serverAccount(): Account | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined
}

/** The first folder on the way down to `path` that the account may not enter. */
export async function firstClosedFolder(path: string, account: Account): Promise<string | undefined> {
  const above = dirname(path)
  const closed = above === path ? undefined : await firstClosedFolder(above, account)
  if (closed !== undefined) return closed
  const {mode, uid, gid} = await stat(path)
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return mode & bit ? undefined : path
}

const ELSEWHERE = '/var/lib/ha-emulator'

/**
 * The folder for the instances of `dir`: itself, or when the account cannot reach it, one below /var/lib named after it (which is not
 * made here).
 */
export async function instancesFolder(dir: string, account: Account | undefined): Promise<string> {
  await mkdir(dir, {recursive: true, mode: 0o755})
  if (account === undefined || (await firstClosedFolder(dir, account)) === undefined) return dir
  return join(ELSEWHERE, createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 12))
}

/** Makes an instance's folder in what `instancesFolder(dir)` gave, noting there where it belongs to. */
export async function makeFolder(dir: string, instances: string, name: string): Promise<string> {
  const folder = join(instances, name)
  await mkdir(folder, {recursive: true, mode: 0o711})
  if (instances === dir) return folder
  // Whatever the umask: the servers' account has to pass.
  for (const path of [ELSEWHERE, instances, folder]) await chmod(path, 0o711)
  await writeFile(join(instances, ORIGIN), resolve(dir))
  return folder
}

const ORIGIN = 'belongs-to'

/** Deletes folders below /var/lib that hold nothing any more, or whose emulator is gone: its data was deleted, not its instances. */
export async function sweepElsewhere(): Promise<void> {
  for (const name of await readdir(ELSEWHERE).catch(() => [])) {
    const folder = join(ELSEWHERE, name)
    const origin = await readFile(join(folder, ORIGIN), 'utf8').catch(() => undefined)
    if (origin === undefined) continue
    const [gone, instances] = [await isMissing(origin), await readdir(folder)]
    if (!gone && instances.length > 1) continue
    await clearUpAll(folder)
    await rm(folder, {recursive: true, force: true})
  }
  await rmdir(ELSEWHERE).catch(() => {})
}

const isMissing = (path: string) =>
  stat(path).then(
    () => false,
    (error) => error.code === 'ENOENT',
  )
