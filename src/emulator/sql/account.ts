/**
 * PostgreSQL refuses to run as root (https://www.postgresql.org/docs/18/postgres-user.html). When the emulator is root, servers run as
 * `nobody` and own their folders; every folder above must then let others pass, which a root user's home does not.
 */
import {createHash} from 'node:crypto'
import {chmod, mkdir, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'

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

/**
 * The folder that holds the instances of `dir`: itself, or when the account cannot reach it, one below /var/lib named after it.
 * `dir/elsewhere` then holds its path, so that `removeElsewhere` finds it when the emulator's data is deleted.
 */
export async function instancesFolder(dir: string, account: Account | undefined): Promise<string> {
  await mkdir(dir, {recursive: true, mode: 0o755})
  if (account === undefined || (await firstClosedFolder(dir, account)) === undefined) return dir
  const elsewhere = join('/var/lib/ha-emulator', createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 12))
  await mkdir(elsewhere, {recursive: true, mode: 0o711})
  for (const folder of [dirname(elsewhere), elsewhere]) await chmod(folder, 0o711)
  await writeFile(join(dir, 'elsewhere'), elsewhere)
  return elsewhere
}

/** Deletes what `instancesFolder(dir)` placed outside `dir`. Safe when there is nothing. */
export async function removeElsewhere(dir: string): Promise<void> {
  const elsewhere = await readFile(join(dir, 'elsewhere'), 'utf8').catch(() => undefined)
  if (elsewhere?.startsWith('/var/lib/ha-emulator/')) await rm(elsewhere, {recursive: true, force: true})
}
