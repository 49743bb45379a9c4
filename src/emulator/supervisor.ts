/**
 * The regions' processes: started on demand, each the leader of its own process group, adopted again when the global process comes back.
 * A region's main process that dies by itself is started again with back-off; one that was killed on purpose stays down.
 */
import {mkdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import type {Log, RegionLink} from './contract.ts'
import {readJson, writeJson} from './files.ts'
import {fetchJson} from './http.ts'
import {endTree, identify, isAlive, type ProcessId, signalTree} from './process-group.ts'
import {endOrphansBelow} from './processes.ts'
import {
  endRegions,
  type KnownRegion,
  type KnownRegions,
  type RegionFacts,
  readiness,
  regionFolder,
  regionsFile,
  STOP_GRACE_MS,
  spawnRegion,
} from './region-process.ts'

export interface SupervisorOptions {
  readonly dir: string
  readonly log: Log
  readonly googleapis: string
  readonly pubsub: () => string
  /** The region's program; another one in tests. */
  readonly program?: string
  /** In the place of a global process that was killed: what it killed or paused on purpose stays so. */
  readonly again?: boolean
  /** Wait before the first restart of a region that died; doubles up to a minute. */
  readonly backoffMs?: number
}

export type RegionState = 'up' | 'starting' | 'paused' | 'down'

interface Region {
  readonly name: string
  known: KnownRegion
  state: RegionState
  url?: string | undefined
  /** Set while a start is under way. */
  starting?: Promise<RegionLink> | undefined
  retry?: NodeJS.Timeout | undefined
  failures: number
}

/** How often an adopted process, which is not our child, is looked at. */
const WATCH_MS = 2_000

export type Supervisor = ReturnType<typeof createSupervisor>

export function createSupervisor(options: SupervisorOptions) {
  const {dir, log, backoffMs = 1_000, again = false} = options
  const file = regionsFile(dir)
  const regions = new Map<string, Region>()
  let stopping = false
  for (const [name, known] of Object.entries(readJson<KnownRegions>(file) ?? {})) {
    const state = again && known.held === 'down' ? 'down' : 'starting'
    regions.set(name, {name, known, state, failures: 0})
  }

  const save = () => writeJson(file, Object.fromEntries([...regions].map(([name, {known}]) => [name, known])))

  const hold = (region: Region, held: KnownRegion['held']) => {
    const {held: _, ...known} = region.known
    region.known = held === undefined ? known : {...known, held}
    save()
  }

  const link = (region: Region): RegionLink => ({
    name: region.name,
    url: region.url!,
    call: (method, path, body, deadlineMs) =>
      region.url === undefined
        ? Promise.reject(new Error(`Region ${region.name} is down.`))
        : fetchJson(`${region.url}${path}`, {method, body, ...(deadlineMs !== undefined && {deadlineMs})}),
  })

  const ended = (region: Region, process: ProcessId) => {
    // While it is being started, its end is the starter's to notice; while it is down, it was expected.
    const expected = region.state === 'starting' || region.state === 'down'
    if (stopping || expected || region.known.process?.pid !== process.pid) return
    region.state = 'down'
    region.url = undefined
    const wait = Math.min(backoffMs * 2 ** region.failures++, 60_000)
    log('warn', `Region ${region.name} ended unexpectedly; it is started again`, {inMs: wait})
    region.retry = setTimeout(() => start(region).catch(() => {}), wait)
  }

  /** Starts over: what is left of an earlier process group is ended first. */
  const launch = async (region: Region): Promise<RegionLink> => {
    const {name, known} = region
    region.state = 'starting'
    const stillWanted = () => {
      if (region.state !== 'starting') throw new Error(`Region ${name} was killed before it was ready.`)
    }
    const home = regionFolder(dir, name)
    mkdirSync(home, {recursive: true})
    if (known.process) await endTree(known.process, 0)
    await endOrphansBelow(home)
    stillWanted()
    const ready = join(home, 'region.json')
    rmSync(ready, {force: true})
    const child = spawnRegion(name, known, {...options, pubsub: options.pubsub()})
    const process = identify(child.pid!)
    region.known = {...known, process}
    hold(region, undefined)
    const {url} = await readiness(child, ready, name)
    stillWanted()
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Region ${name} ended at once.`)
    child.once('exit', () => ended(region, process))
    region.url = url
    region.state = 'up'
    log('info', `Region ${name} is up`, {url, pid: process.pid})
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
    const ready = readJson<{pid: number; url: string}>(join(regionFolder(dir, region.name), 'region.json'))
    if (!process || !isAlive(process) || ready?.pid !== process.pid) return false
    const paused = again && region.known.held === 'paused'
    // A paused one is alive but would not answer.
    if (!paused) {
      hold(region, undefined)
      signalTree(process, 'SIGCONT')
    }
    region.url = ready.url
    region.state = paused ? 'paused' : 'up'
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
      hold(region, 'down')
      if (region.known.process) signalTree(region.known.process, 'SIGKILL')
      log('warn', `Region ${name} was killed on request`)
    },

    /** Without effect on a region that is up. */
    async start(name: string) {
      const region = known(name)
      if (region.state === 'up') return
      if (region.state === 'paused') return this.resume(name)
      hold(region, undefined)
      await start(region)
    },

    pause(name: string) {
      const region = known(name)
      if (region.state !== 'up') throw new Error(`Region ${name} is ${region.state}.`)
      hold(region, 'paused')
      signalTree(region.known.process!, 'SIGSTOP')
      region.state = 'paused'
    },

    resume(name: string) {
      const region = known(name)
      if (region.state !== 'paused') throw new Error(`Region ${name} is ${region.state}.`)
      hold(region, undefined)
      signalTree(region.known.process!, 'SIGCONT')
      region.state = 'up'
    },

    /** Ends a region that nothing lives in any more, with its files. Without effect on one that was never started. */
    async retire(name: string) {
      const region = regions.get(name)
      if (!region) return
      regions.delete(name)
      region.state = 'down'
      clearTimeout(region.retry)
      save()
      if (region.known.process) await endTree(region.known.process, STOP_GRACE_MS)
      await endOrphansBelow(regionFolder(dir, name))
      rmSync(regionFolder(dir, name), {recursive: true, force: true})
      log('info', `Region ${name} has nothing left in it and was ended`)
    },

    /** Orderly, all at once; resolves when no process is left. */
    async stopAll() {
      stopping = true
      for (const {retry} of regions.values()) clearTimeout(retry)
      await endRegions(dir)
    },
  }
}
