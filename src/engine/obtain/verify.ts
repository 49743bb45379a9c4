/** Whether a binary is the engine of the right version: asked once, remembered until the file changes. */
import {constants} from 'node:fs'
import {access, chmod, readFile, rename, rm, stat} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {replaceFile} from '../../store/durable.ts'
import {NoWay} from './no-way.ts'
import type {Run} from './spawn.ts'

export interface Verify {
  readonly version: string
  readonly cacheDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly run: Run
}

/** Size, time and version of the binaries that were asked, by path. */
type Known = Record<string, {readonly size: number; readonly mtimeMs: number; readonly version: string}>

/** The first `pulumi` on PATH, if it is of the right version. Throws NoWay. */
export async function engineOnPath(options: Verify): Promise<string> {
  for (const folder of (options.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, 'pulumi')
    const runnable = await access(path, constants.X_OK).then(
      () => stat(path),
      () => undefined,
    )
    if (!runnable?.isFile()) continue
    const version = await versionOf(path, options)
    if (version === options.version) return path
    throw new NoWay(
      `${path} is ${version === undefined ? 'not runnable' : `version ${version}`}, not ${options.version}`,
    )
  }
  throw new NoWay('no pulumi there')
}

/**
 * The cached binary, if it is whole; one that is not is removed. With `aside` that file is checked and moved into place first.
 * Throws NoWay.
 */
export async function verifiedEngine(path: string, options: Verify, aside?: string): Promise<string> {
  if (aside !== undefined) {
    await chmod(aside, 0o755)
    const version = await ask(aside, options)
    if (version !== options.version)
      throw new NoWay(`what came is ${version ?? 'not runnable here'}, not ${options.version}`)
    await rename(aside, path)
  }
  const version = await versionOf(path, options)
  if (version === options.version) return path
  if (version === undefined && !(await exists(path))) throw new NoWay('empty')
  await rm(path, {force: true})
  throw new NoWay(`the binary at ${path} was damaged and has been removed`)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** undefined: not there or not runnable. */
async function versionOf(path: string, options: Verify): Promise<string | undefined> {
  const file = await stat(path).catch(() => undefined)
  if (!file) return undefined
  const {size, mtimeMs} = file
  const notes = join(options.cacheDir, 'engine', 'known.json')
  const known = await read(notes)
  const before = known[path]
  if (before && before.size === size && before.mtimeMs === mtimeMs) return before.version
  const version = await ask(path, options)
  if (version !== undefined) {
    // Only a memory: where it cannot be kept, the binary is asked again next time.
    await replaceFile(notes, JSON.stringify({...known, [path]: {size, mtimeMs, version}}, null, 1)).catch(() => {})
  }
  return version
}

async function ask(path: string, {env, run}: Verify): Promise<string | undefined> {
  const answer = await run(path, ['version'], {
    env: {...env, PULUMI_SKIP_UPDATE_CHECK: 'true'},
    timeoutMs: 20_000,
  }).catch(() => undefined)
  return answer?.code === 0 ? answer.stdout.trim().replace(/^v/, '') : undefined
}

async function read(path: string): Promise<Known> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Known
  } catch {
    return {}
  }
}
