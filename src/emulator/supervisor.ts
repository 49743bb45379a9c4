/**
 * The regions' processes: started on demand, each the leader of its own process group, adopted again when the global process comes back.
 * A region's main process that dies by itself is started again with back-off; one that was killed on purpose stays down.
 */
import {type ChildProcess, spawn} from 'node:child_process'
import {closeSync, mkdirSync, openSync, rmSync} from 'node:fs'
import {extname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {Log, RegionLink} from './contract.ts'
import {readJson, writeJson} from './files.ts'
import {fetchJson} from './http.ts'
import {endTree, identify, isAlive, type ProcessId, signalTree} from './process-group.ts'
import {endOrphansBelow} from './processes.ts'

export interface SupervisorOptions {
  readonly dir: string
  readonly log: Log
  readonly googleapis: string
  readonly pubsub: () => string
  /** The region's program; another one in tests. */
  readonly program?: string
  /** Wait before the first restart of a region that died; doubles up to a minute. */
  readonly backoffMs?: number
}

export type RegionState = 'up' | 'starting' | 'paused' | 'down'

export interface RegionFacts {
  readonly zones?: readonly string[]
  readonly project?: string
}

interface Known extends RegionFacts {
  readonly process?: ProcessId
}

interface Region {
  readonly name: string
  known: Known
  state: RegionState
  url?: string | undefined
  /** Set while a start is under way. */
  starting?: Promise<RegionLink> | undefined
  retry?: NodeJS.Timeout | undefined
  failures: number
}

/** How long a region may take until it has written region.json. */
const START_DEADLINE_MS = 30_000
const STOP_GRACE_MS = 10_000
/** How often an adopted process, which is not our child, is looked at. */
const WATCH_MS = 2_000

export type Supervisor = ReturnType<typeof createSupervisor>

export function createSupervisor(options: SupervisorOptions) {
  const {dir, log, backoffMs = 1_000} = options
  const file = regionsFile(dir)
  const regions = new Map<string, Region>()
  let stopping = false
  for (const [name, known] of Object.entries(readJson<Record<string, Known>>(file) ?? {})) {
    regions.set(name, {name, known, state: 'starting', failures: 0})
  }

  const save = () => writeJson(file, Object.fromEntries([...regions].map(([name, {known}]) => [name, known])))

  const link = (region: Region): RegionLink => ({
    name: region.name,
    url: region.url!,
    call: (method, path, body, deadlineMs) =>
      region.state === 'down'
        ? Promise.reject(new Error(`Region ${region.name} is down.`))
        : fetchJson(`${region.url}${path}`, {method, body, ...(deadlineMs !== undefined && {deadlineMs})}),
  })

  const ended = (region: Region, process: ProcessId) => {
    if (stopping || region.known.process?.pid !== process.pid || region.state === 'down') return
    region.state = 'down'
    region.url = undefined
    const wait = Math.min(backoffMs * 2 ** region.failures++, 60_000)
    log('warn', `Region ${region.name} ended unexpectedly; it is started again`, {inMs: wait})
    region.retry = setTimeout(() => start(region).catch(() => {}), wait)
  }

  /** Starts over: what is left of an earlier process group is ended first. */
  const launch = async (region: Region): Promise<RegionLink> => {
    const {known} = region
    if (known.process) await endTree(known.process, 0)
    const home = join(dir, 'regions', region.name)
    const ready = join(home, 'region.json')
    mkdirSync(home, {recursive: true})
    await endOrphansBelow(home)
    rmSync(ready, {force: true})
    region.state = 'starting'
    const child = spawnRegion(region, options, home)
    const process = identify(child.pid!)
    region.known = {...known, process}
    save()
    const {url} = await readiness(child, ready, region.name)
    if (region.state !== 'starting') throw new Error(`Region ${region.name} was killed before it was ready.`)
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Region ${region.name} ended at once.`)
    child.once('exit', () => ended(region, process))
    region.url = url
    region.state = 'up'
    log('info', `Region ${region.name} is up`, {url, pid: process.pid})
    // It is well only after a while; until then the next crash waits longer.
    setTimeout(() => {
      if (region.state === 'up' && region.known.process === process) region.failures = 0
    }, 60_000).unref()
    return link(region)
  }

  const start = (region: Region): Promise<RegionLink> => {
    clearTimeout(region.retry)
    region.starting ??= launch(region)
      .catch((error: Error) => {
        log('error', `Region ${region.name} did not start`, {reason: error.message})
        if (region.known.process) signalTree(region.known.process, 'SIGKILL')
        if (region.state === 'starting') {
          region.state = 'down'
          const wait = Math.min(backoffMs * 2 ** region.failures++, 60_000)
          if (!stopping) region.retry = setTimeout(() => start(region).catch(() => {}), wait)
        }
        throw error
      })
      .finally(() => {
        region.starting = undefined
      })
    return region.starting
  }

  const adopt = (region: Region): boolean => {
    const process = region.known.process
    const ready = readJson<{pid: number; url: string}>(join(dir, 'regions', region.name, 'region.json'))
    if (!process || !isAlive(process) || ready?.pid !== process.pid) return false
    // A paused one is alive but would not answer.
    signalTree(process, 'SIGCONT')
    region.url = ready.url
    region.state = 'up'
    const watch = setInterval(() => {
      if (region.known.process === process && isAlive(process)) return
      clearInterval(watch)
      ended(region, process)
    }, WATCH_MS)
    watch.unref()
    log('info', `Region ${region.name} adopted`, {url: ready.url, pid: process.pid})
    return true
  }

  /** Nobody has looked at it yet: it may have outlived the global process. */
  const bringUp = async (region: Region): Promise<RegionLink> => (adopt(region) ? link(region) : start(region))

  const known = (name: string): Region => {
    const region = regions.get(name)
    if (!region) throw new Error(`Region ${name} was never started.`)
    return region
  }

  return {
    /** Brings back every region that was ever started; failures are logged and tried again with back-off. */
    async startAll() {
      await Promise.allSettled([...regions.keys()].map((name) => this.ensure(name)))
    },

    /** The region's link; started when it is new. Rejects when it was killed on purpose and not started since. */
    async ensure(name: string, facts: RegionFacts = {}): Promise<RegionLink> {
      let region = regions.get(name)
      if (!region) {
        region = {name, known: {...facts}, state: 'starting', failures: 0}
        regions.set(name, region)
        save()
      }
      if (region.starting) return region.starting
      if (region.state === 'starting') return bringUp(region)
      if (region.state === 'down') throw new Error(`Region ${name} is down.`)
      return link(region)
    },

    list: () => [...regions.values()].map(({name, state, url, known}) => ({name, state, url, pid: known.process?.pid})),

    /** SIGKILL to everything in the region at once. It stays down. */
    kill(name: string) {
      const region = known(name)
      region.state = 'down'
      region.url = undefined
      clearTimeout(region.retry)
      if (region.known.process) signalTree(region.known.process, 'SIGKILL')
      log('warn', `Region ${name} was killed on request`)
    },

    /** Without effect on a region that is up. */
    async start(name: string) {
      const region = known(name)
      if (region.state === 'up') return
      if (region.state === 'paused') return this.resume(name)
      await start(region)
    },

    pause(name: string) {
      const region = known(name)
      if (region.state !== 'up') throw new Error(`Region ${name} is ${region.state}.`)
      signalTree(region.known.process!, 'SIGSTOP')
      region.state = 'paused'
    },

    resume(name: string) {
      const region = known(name)
      if (region.state !== 'paused') throw new Error(`Region ${name} is ${region.state}.`)
      signalTree(region.known.process!, 'SIGCONT')
      region.state = 'up'
    },

    /** Orderly, all at once; resolves when no process is left. */
    async stopAll() {
      stopping = true
      for (const {retry} of regions.values()) clearTimeout(retry)
      await endRegions(dir)
    },
  }
}

const regionsFile = (dir: string) => join(dir, 'regions.json')

/** Ends every region recorded in the folder, with or without a global process. */
export async function endRegions(dir: string): Promise<void> {
  const recorded = Object.values(readJson<Record<string, Known>>(regionsFile(dir)) ?? {})
  await Promise.all(recorded.map(({process}) => process && endTree(process, STOP_GRACE_MS)))
  // What a region that crashed left behind, and the next one had no time to end.
  await endOrphansBelow(join(dir, 'regions'))
}

function spawnRegion({name, known}: Region, options: SupervisorOptions, home: string): ChildProcess {
  const program = options.program ?? fileURLToPath(new URL(`./region/main${extname(import.meta.url)}`, import.meta.url))
  // Its own log is bounded; here comes only what it could not write there, such as a crash.
  mkdirSync(join(options.dir, 'log'), {recursive: true})
  const out = openSync(join(options.dir, 'log', `region-${name}.out`), 'w', 0o600)
  const args = {
    region: name,
    zones: (known.zones ?? zonesOf(name)).join(','),
    project: known.project ?? 'local',
    dir: home,
    googleapis: options.googleapis,
    pubsub: options.pubsub(),
  }
  try {
    const flags = Object.entries(args).flatMap(([flag, value]) => [`--${flag}`, value])
    // A small young generation: garbage is collected more often, and far less of it lies about.
    const child = spawn(process.execPath, [...process.execArgv, '--max-semi-space-size=1', program, ...flags], {
      detached: true,
      stdio: ['ignore', out, out],
    })
    if (child.pid === undefined) throw new Error(`Region ${name} could not be spawned.`)
    child.unref()
    return child
  } finally {
    closeSync(out)
  }
}

/** Resolves with what the region wrote when it was ready; rejects when it ends first or takes too long. */
async function readiness(child: ChildProcess, file: string, name: string): Promise<{pid: number; url: string}> {
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
