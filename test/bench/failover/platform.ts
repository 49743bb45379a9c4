/** The rental example on the emulator, with real clients at its front door: one trial is one load run with one event in its midst. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {check} from '../../load/check.ts'
import {readLedger} from '../../load/ledger.ts'
import type {LoadResult} from '../../load/load.ts'
import {noteTimelines, settled} from '../../load/rows.ts'
import {longestGap, madeDuring} from '../../load/summary.ts'
import {nanoseconds, type Outage} from './writer.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const HA = join(ROOT, 'bin/run.js')
/** A user of the emulated instance that needs no password; the role owns the tables. */
const USER = 'rental-local-api%40rental-local.iam'

export interface Trial extends Outage {
  readonly failedReads: number
  readonly failedStrongReads: number
  readonly failedWrites: number
  readonly requests: number
  /** Of the write gap, what came after the command was given. */
  readonly afterCommandMs?: number
  /** Requests made while no write was acknowledged: they are to wait, not to fail. */
  readonly waiting: ReturnType<typeof madeDuring>
  /** Unplanned: what it said could be lost at most, and what was. */
  readonly boundSeconds?: number
  readonly lostSeconds?: number
  /** By what was asked and what came back. */
  readonly failures: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

export interface Status {
  readonly url: string
  readonly roles: {readonly primary: string}
  readonly regions: readonly {
    readonly name: string
    readonly instance: {readonly seen?: {readonly name: string; readonly address?: string}}
  }[]
}

export interface Platform {
  readonly folder: string
  status(): Promise<Status>
  /** Runs `ha ARGS`; rejects when it fails or takes longer than two minutes. */
  ha(...args: string[]): Promise<string>
  /** The emulator's control API. */
  control(path: string): Promise<void>
  trial(options: TrialOptions): Promise<Trial>
  dispose(): Promise<void>
}

export interface Happened {
  /** When the command was given, ns, when that is not when it began. */
  readonly commanded?: number
  /** Seconds of acknowledged writes that may be lost, as stated; absent: none. */
  readonly boundSeconds?: number
}

export interface TrialOptions {
  /** Requests a second, and which share of them writes; each write is also a message and a worker's transaction. */
  readonly rate: number
  readonly writes: number
  /** Resolves when it is over and writes flow again. */
  readonly event: () => Promise<Happened>
}

/** A copy of the template in a folder of its own, deployed. */
export async function deployRental(): Promise<Platform> {
  const root = mkdtempSync('/tmp/ha-bench-')
  // PostgreSQL runs as somebody else where this runs as root, and must be able to come here.
  chmodSync(root, 0o755)
  const folder = join(root, 'rental')
  cpSync(join(ROOT, 'templates/rental'), folder, {recursive: true, filter: (path) => !path.includes('/.ha')})
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const ha = (...args: string[]) => run([HA, ...args], folder, 120_000)
  const status = async () => {
    const lines = (await ha('status', '--json').catch((error: Failed) => error.output)).trim().split('\n')
    return (JSON.parse(lines.at(-1)!) as {value: Status}).value
  }
  const emulator = () =>
    JSON.parse(readFileSync(join(folder, '.ha/local/emulator/emulator.json'), 'utf8')) as {googleapis: string}
  const platform: Platform = {
    folder,
    status,
    ha,
    async control(path) {
      const response = await fetch(`${emulator().googleapis}/emulator/v1${path}`, {method: 'POST'})
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    },
    trial: (options) => runTrial(platform, options),
    async dispose() {
      // Not `ha destroy`, which waits for the declared drain: there is nobody to drain for.
      const stop = [join(ROOT, 'dist/src/emulator/main.js'), 'stop', '--dir', join(folder, '.ha/local/emulator')]
      await run(stop, folder, 60_000)
      rmSync(root, {recursive: true, force: true})
    },
  }
  try {
    await ha('deploy', '--yes')
    await noteTimelines(databaseOf(await status()))
    return platform
  } catch (error) {
    await platform.dispose().catch(() => {})
    throw error
  }
}

function databaseOf({regions, roles}: Status): string {
  const address = regions.find(({name}) => name === roles.primary)?.instance.seen?.address
  if (!address) throw new Error('The primary has no address.')
  return `postgresql://${USER}@${address}/rental?options=-c%20role%3Drental_owner`
}

/** The postmaster of the primary, for `kill -9`. */
export function postmasterOf(folder: string, region: string): number {
  const sql = join(folder, '.ha/local/emulator/regions', region, 'sql')
  const instance = readdirSync(sql).find((name) => existsSync(join(sql, name, 'postmaster.json')))
  if (instance === undefined) throw new Error(`No PostgreSQL runs in ${region}.`)
  return (JSON.parse(readFileSync(join(sql, instance, 'postmaster.json'), 'utf8')) as {pid: number}).pid
}

const WARM_MS = 3_000
const AFTER_MS = 1_500
/** A trial that is not over by then is one that failed. */
const LONGEST_SECONDS = 150

async function runTrial(platform: Platform, {rate, writes, event}: TrialOptions): Promise<Trial> {
  const path = join(platform.folder, '..', `ledger-${process.hrtime.bigint()}`)
  const {url} = await platform.status()
  const script = join(ROOT, 'test/load/run.ts')
  const mix = ['--rate', String(rate), '--writes', String(writes), '--seconds', String(LONGEST_SECONDS)]
  const args = ['--url', url, '--ledger', path, ...mix]
  const over = new AbortController()
  const load = run([script, ...args, '--samples'], platform.folder, (LONGEST_SECONDS + 30) * 1_000, over.signal)
  // Told when it is awaited.
  load.catch(() => {})
  try {
    await sleep(WARM_MS)
    const from = nanoseconds()
    const {commanded, boundSeconds} = await event()
    await sleep(AFTER_MS)
    const to = nanoseconds()
    over.abort()
    const {summary, samples} = JSON.parse(await load) as LoadResult
    const ledger = await readLedger(path)
    const acks = ledger.entries.filter(({outcome}) => outcome === 'ok').map((entry) => entry.complete_ns)
    const gap = longestGap(acks, from, to)
    const patience = boundSeconds === undefined ? 60_000 : 15_000
    const held = await settled(databaseOf(await platform.status()), ledger.header.run, patience)
    const claimed = boundSeconds === undefined ? {} : {claimed: {seconds: boundSeconds, lostContact_ns: from}}
    const verdict = check({ledger, ...held, ...claimed})
    return {
      writeGapMs: gap.ms,
      firstWriteMs: (gap.to_ns - from) / 1e6,
      ...(commanded !== undefined && {afterCommandMs: (gap.to_ns - commanded) / 1e6}),
      lost: verdict.loss?.count ?? 0,
      ...(boundSeconds !== undefined && {boundSeconds, lostSeconds: verdict.loss?.seconds ?? 0}),
      waiting: madeDuring(samples, gap),
      failedReads: summary.failedReads,
      failedStrongReads: summary.failedStrongReads,
      failedWrites: summary.failedWrites,
      requests: summary.requests,
      failures: summary.failures,
      violations: verdict.findings.map(({violation, key, note}) => `${violation} ${key}: ${note}`).slice(0, 5),
    }
  } finally {
    over.abort()
    await load.catch(() => {})
    rmSync(path, {force: true})
  }
}

interface Failed extends Error {
  readonly output: string
}

/** Standard output of a Node program of ours; `stop` asks it to end. */
async function run(args: readonly string[], cwd: string, deadlineMs: number, stop?: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, args, {cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: deadlineMs})
  let [output, complaint] = ['', '']
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  stop?.addEventListener('abort', () => child.kill('SIGTERM'), {once: true})
  const [code, signal] = await once(child, 'close')
  if (code === 0) return output
  // With --json what went wrong is an event like any other.
  const raised = /"kind":"error.raised".*/.exec(output)?.[0] ?? ''
  const error = new Error(
    `${args.slice(0, 3).join(' ')} ended with ${code ?? signal}: ${complaint.slice(-600)}${raised.slice(0, 600)}`,
  )
  throw Object.assign(error, {output})
}
