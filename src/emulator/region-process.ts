/** One region's process: where it lives, how it is started, how all of them are ended. */
import {type ChildProcess, spawn} from 'node:child_process'
import {closeSync, mkdirSync, openSync} from 'node:fs'
import {extname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {readJson} from './files.ts'
import {endTree, type ProcessId} from './process-group.ts'
import {endOrphansBelow} from './processes.ts'

export interface RegionFacts {
  readonly zones?: readonly string[]
  readonly project?: string
}

/** What is kept of a region in regions.json, by name. */
export interface KnownRegion extends RegionFacts {
  readonly process?: ProcessId
  /** Killed or paused on purpose, and not started or resumed since. */
  readonly held?: 'down' | 'paused'
}
export type KnownRegions = Record<string, KnownRegion>

/** How long a region may take until it has written region.json. */
const START_DEADLINE_MS = 30_000
/** From SIGTERM to SIGKILL. */
export const STOP_GRACE_MS = 10_000

export const regionsFile = (dir: string): string => join(dir, 'regions.json')
export const regionFolder = (dir: string, name: string): string => join(dir, 'regions', name)

/** Ends every region recorded in the folder, with or without a global process. */
export async function endRegions(dir: string): Promise<void> {
  const recorded = Object.values(readJson<KnownRegions>(regionsFile(dir)) ?? {})
  await Promise.all(recorded.map(({process}) => process && endTree(process, STOP_GRACE_MS)))
  // What a region that crashed left behind, and the next one had no time to end.
  await endOrphansBelow(join(dir, 'regions'))
}

export interface SpawnOptions {
  readonly dir: string
  readonly googleapis: string
  readonly pubsub: string
  /** The region's program; another one in tests. */
  readonly program?: string
}

/** Starts the region's process as the leader of its own group, not bound to this one's life. */
export function spawnRegion(name: string, known: RegionFacts, options: SpawnOptions): ChildProcess {
  const program = options.program ?? fileURLToPath(new URL(`./region/main${extname(import.meta.url)}`, import.meta.url))
  // Its own log is bounded; here comes only what it could not write there, such as a crash.
  mkdirSync(join(options.dir, 'log'), {recursive: true})
  const out = openSync(join(options.dir, 'log', `region-${name}.out`), 'w', 0o600)
  const args = {
    region: name,
    zones: (known.zones ?? zonesOf(name)).join(','),
    project: known.project ?? 'local',
    dir: regionFolder(options.dir, name),
    emulator: options.dir,
    googleapis: options.googleapis,
    pubsub: options.pubsub,
  }
  try {
    const flags = Object.entries(args).flatMap(([flag, value]) => [`--${flag}`, value])
    // A small young generation, the last word on it: garbage is collected more often, and far less of it lies about.
    const child = spawn(process.execPath, [...process.execArgv, '--max-semi-space-size=2', program, ...flags], {
      detached: true,
      stdio: ['ignore', out, out],
    })
    // Told by the missing id as well.
    child.once('error', () => {})
    if (child.pid === undefined) throw new Error(`Region ${name} could not be spawned.`)
    child.unref()
    return child
  } finally {
    closeSync(out)
  }
}

/** Resolves with what the region wrote when it was ready; rejects when it ends first or takes too long. */
export async function readiness(child: ChildProcess, file: string, name: string): Promise<{pid: number; url: string}> {
  const end = performance.now() + START_DEADLINE_MS
  while (performance.now() < end) {
    const ready = readJson<{pid: number; url: string}>(file)
    if (ready?.pid === child.pid) return ready as {pid: number; url: string}
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Region ${name} ended with ${child.exitCode ?? child.signalCode} before it was ready.`)
    }
    await new Promise((done) => setTimeout(done, 25))
  }
  throw new Error(`Region ${name} was not ready within ${START_DEADLINE_MS / 1000} s.`)
}

/** Google's three zones of a region are a, b and c, but for two. Source: https://cloud.google.com/compute/docs/regions-zones#available */
export function zonesOf(region: string): string[] {
  const letters = ['us-east1', 'europe-west1'].includes(region) ? 'bcd' : 'abc'
  return [...letters].map((letter) => `${region}-${letter}`)
}
