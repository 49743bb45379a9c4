/** Where the `pulumi` binary of exactly the SDK's version comes from: PATH, ha's cache, the official download, a build from source. */
import {mkdir, readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Clock} from '../clock.ts'
import {diskFull, HaError, isDiskFull} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {type Build, buildEngine} from './obtain/build.ts'
import {type Download, downloadEngine} from './obtain/download.ts'
import {takeTurn} from './obtain/turn.ts'
import {engineOnPath, verifiedEngine} from './obtain/verify.ts'

export type Way = 'PATH' | 'cache' | 'download' | 'build'

/** What the ways of obtaining touch, all passed in. */
export interface Obtain extends Download, Build {
  /** Exactly this version, e.g. `3.259.0`. */
  readonly version: string
  /** `~/.cache/ha`, or what XDG_CACHE_HOME and HA_CACHE_DIR make of it. */
  readonly cacheDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

export interface Engine {
  readonly path: string
  readonly version: string
  readonly from: Way
}

const ADVICE = (version: string): readonly string[] => [
  `Install Pulumi ${version} so that it is on PATH (https://www.pulumi.com/docs/iac/download-install/versions/), or`,
  'let this machine reach github.com, or install Go (https://go.dev/dl/) with a module proxy it can reach; then: ha engine install.',
]

/** The folder of this version in the cache; the binary is `pulumi` in it. */
export const engineFolder = (cacheDir: string, version: string): string => join(cacheDir, 'engine', version)

/**
 * The engine, found or obtained; progress as `task.*` events. Throws ENGINE_UNAVAILABLE that says which ways were tried and why
 * each failed, DISK_FULL, INTERRUPTED. Two callers at once obtain it once.
 */
export async function obtainEngine(options: Obtain): Promise<Engine> {
  const found = await findEngine(options)
  if (!(found instanceof Map)) return found
  const folder = engineFolder(options.cacheDir, options.version)
  await mkdir(folder, {recursive: true}).catch((thrown) => {
    throw unusable(folder, thrown)
  })
  return takeTurn(folder, options, async () => {
    const meanwhile = await findEngine(options)
    if (!(meanwhile instanceof Map)) return meanwhile
    await dropLeftovers(folder)
    // The first look may have found a damaged binary and removed it: that is the reason to tell.
    return fetchOrBuild(options, folder, new Map([...meanwhile, ...found]))
  })
}

/** Found without network and without waiting, else why not. For `ha doctor` too. */
export async function findEngine(
  options: Pick<Obtain, 'version' | 'cacheDir' | 'env' | 'run'>,
): Promise<Engine | Map<Way, string>> {
  const reasons = new Map<Way, string>()
  const {version, cacheDir} = options
  const ways: readonly (readonly [Way, () => Promise<string>])[] = [
    ['PATH', () => engineOnPath(options)],
    ['cache', () => verifiedEngine(join(engineFolder(cacheDir, version), 'pulumi'), options)],
  ]
  for (const [from, way] of ways) {
    try {
      return {path: await way(), version, from}
    } catch (thrown) {
      reasons.set(from, reasonOf(thrown))
    }
  }
  return reasons
}

async function fetchOrBuild(options: Obtain, folder: string, reasons: Map<Way, string>): Promise<Engine> {
  const {version} = options
  const ways: readonly (readonly [Way, (aside: string) => Promise<void>])[] = [
    ['download', (aside) => downloadEngine(version, aside, options)],
    ['build', (aside) => buildEngine(version, aside, options)],
  ]
  for (const [from, way] of ways) {
    options.signal.throwIfAborted()
    const aside = join(folder, `.new-${from}`)
    try {
      await mkdir(aside, {recursive: true})
      await way(aside)
      return {path: await verifiedEngine(join(folder, 'pulumi'), options, join(aside, 'pulumi')), version, from}
    } catch (thrown) {
      if (options.signal.aborted) throw options.signal.reason
      if (isDiskFull(thrown)) throw noRoom(folder, thrown)
      reasons.set(from, reasonOf(thrown))
    } finally {
      await rm(aside, {recursive: true, force: true})
    }
  }
  throw unavailable(version, reasons)
}

async function dropLeftovers(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith('.new-'))
  await Promise.all(left.map((name) => rm(join(folder, name), {recursive: true, force: true})))
}

/** Only NoWay explains itself; anything else keeps its message as the reason, so that the other ways are still tried. */
const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

const noRoom = (folder: string, cause: unknown): HaError =>
  diskFull(
    `The disk is full: the engine needs 120 MB below ${folder}, and about 3 GB while it is built from source.`,
    cause,
    'Free some space, or set HA_CACHE_DIR to a folder on another disk; then run the same command again.',
  )

const unusable = (folder: string, thrown: unknown): HaError =>
  isDiskFull(thrown)
    ? noRoom(folder, thrown)
    : new HaError('ENGINE_UNAVAILABLE', `The engine's cache cannot be made: ${reasonOf(thrown)}`, {
        cause: thrown,
        next: ['Set HA_CACHE_DIR to a folder that can be written, then run the same command again.'],
      })

function unavailable(version: string, reasons: ReadonlyMap<Way, string>): HaError {
  const tried = [...reasons].map(([way, reason]) => `${way}: ${reason}`)
  return new HaError('ENGINE_UNAVAILABLE', `No Pulumi engine ${version}. ${tried.join(' · ')}`, {
    next: ADVICE(version),
    data: {version, tried: Object.fromEntries(reasons)},
  })
}
