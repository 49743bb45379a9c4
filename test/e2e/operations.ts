/**
 * Operations on one platform under load, one after another and each killed at a point, then finished with `ha failover resume`: there
 * and back, so that the same platform serves again and again. Every leg ends with a look at the servers themselves, the ledger, the
 * roles and the plan.
 */
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {pathToFileURL} from 'node:url'
import {readFences} from '../../src/environment/fences.ts'
import type {Step} from '../../src/operations/plan.ts'
import {openStore} from '../../src/store/open.ts'
import {check} from '../load/check.ts'
import {readLedger} from '../load/ledger.ts'
import {runLoad} from '../load/load.ts'
import {noteTimelines, settled} from '../load/rows.ts'
import {longestGap} from '../load/summary.ts'
import type {Ended, Platform} from './platform.ts'
import type {Point} from './points.ts'
import {type ServerSeen, serversOf} from './servers.ts'

export type LegKind = 'planned' | 'failback' | 'unplanned' | 'failback of lost'

export interface Leg {
  readonly kind: LegKind
  /** Undefined: nobody kills it. */
  readonly point: Point | undefined
  /** False: the point never came, since the step had nothing to do, and the operation ended by itself. */
  readonly killed: boolean
  readonly writeGapMs: number
  readonly acknowledged: number
  readonly lost: number
  /** Unplanned: what it said could be lost at most, seconds. */
  readonly lossBoundSeconds?: number
  /** What is not as it must be; empty when all is well. */
  readonly wrong: readonly string[]
}

interface Status {
  readonly roles: {readonly primary: string; readonly epoch: number; readonly lost: readonly string[]}
  readonly healthy: boolean
}

export const HOME = 'us-east1'
const AWAY = 'europe-west1'
export const BUDGET = ['--unplanned', '--accept-data-loss', '2m']
const COMMANDS: Readonly<Record<LegKind, readonly string[]>> = {
  planned: ['failover', '--region', HOME],
  unplanned: ['failover', '--region', HOME, ...BUDGET],
  failback: ['failback', '--region', HOME, '--soak', '1s'],
  'failback of lost': ['failback', '--region', HOME, '--soak', '1s'],
}
const primaryAfter = (kind: LegKind) => (kind === 'planned' || kind === 'unplanned' ? AWAY : HOME)
const KILL_SWITCH = join(import.meta.dirname, 'kill-switch.ts')
export const now = () => Number(process.hrtime.bigint())

export interface Stretch {
  readonly platform: Platform
  readonly url: string
  readonly rate: number
}

/** The platform is deployed, and its rows tell which timeline took them. @throws what the deploy says */
export async function beginStretch(platform: Platform, rate: number): Promise<Stretch> {
  const deployed = await platform.ha('deploy', '--yes', '--json')
  if (deployed.code !== 0) throw new Error(deployed.stderr + deployed.stdout.slice(-2_000))
  const primary = (await serversOf(platform.dir)).find(({writable}) => writable)
  await noteTimelines(primary!.url)
  return {platform, url: deployed.result.url, rate}
}

/** The steps the operation would take now, in order. */
export async function stepsOf({platform}: Stretch, kind: LegKind): Promise<readonly Step[]> {
  const {result} = await platform.ha(...COMMANDS[kind], '--dry-run', '--json')
  return result.plan.steps
}

export async function runLeg(stretch: Stretch, kind: LegKind, point?: Point): Promise<Leg> {
  const {platform, url, rate} = stretch
  if (kind === 'failback of lost') await platform.region(HOME, 'start')
  const path = join(platform.dir, '..', `ledger-${now()}`)
  const over = new AbortController()
  const load = runLoad({url, ledger: path, rate, seconds: 300, deadlineMs: 60_000, signal: over.signal})
  try {
    await sleep(1_000)
    if (kind === 'unplanned') await platform.region(HOME, 'kill')
    const from = now()
    const ended = await platform.under(point ? armed(point) : {}, ...COMMANDS[kind], '--yes', '--json')
    const killed = ended.code === null && ended.stderr.includes('killed: ')
    const midway = killed ? rivalsIn(await serversOf(platform.dir), await fencesOf(platform)) : []
    const {last, other} = killed ? await resumeTwice(platform) : {last: ended, other: []}
    await sleep(500)
    over.abort()
    await load
    const judged = await judge(stretch, {kind, path, from, last})
    return {kind, point, killed, ...judged, wrong: [...midway, ...other, ...judged.wrong]}
  } finally {
    over.abort()
    await load.catch(() => {})
    rmSync(path, {force: true})
  }
}

/** Two people at once: one goes on, the other is told that the lock is held (75), or that nothing is left to be done (64). */
async function resumeTwice(platform: Platform): Promise<{last: Ended; other: readonly string[]}> {
  const both = await Promise.all([0, 1].map(() => platform.ha('failover', 'resume', '--json')))
  const last = both.find(({code}) => code === 0) ?? both[0]!
  const others = both.filter((it) => it !== last && it.code !== 75 && it.code !== 64)
  return {
    last,
    other: others.map(({code, stderr}) => `the second one who resumed ended with ${code}: ${stderr.slice(-300)}`),
  }
}

const armed = (point: Point) => ({NODE_OPTIONS: `--import ${KILL_SWITCH}`, HA_TEST_KILL: JSON.stringify(point)})

interface Judged {
  readonly kind: LegKind
  readonly path: string
  readonly from: number
  readonly last: Ended
}

async function judge({platform}: Stretch, {kind, path, from, last}: Judged) {
  const wrong: string[] = []
  if (last.code !== 0) wrong.push(`it ended with ${last.code}: ${last.stderr.slice(-600)} ${last.stdout.slice(-600)}`)
  const servers = await serversOf(platform.dir)
  const writable = servers.filter((it) => it.writable)
  if (writable.length !== 1) wrong.push(`${writable.map(({instance}) => instance).join(', ') || 'nobody'} takes writes`)
  const {roles} = (await platform.ha('status', '--json')).result as Status
  if (roles.primary !== primaryAfter(kind)) wrong.push(`the roles say ${roles.primary}`)
  if (writable[0] && writable[0].region !== roles.primary) wrong.push(`${writable[0].region} takes writes`)
  const plan = await platform.ha('plan', '--detailed-exitcode')
  if (plan.code !== 0) wrong.push(`the plan is not empty: ${plan.stdout.slice(-600)}`)

  const ledger = await readLedger(path)
  const acks = ledger.entries.filter(({outcome}) => outcome === 'ok').map((entry) => entry.complete_ns)
  const bound = last.result?.lossBoundSeconds as number | undefined
  const held = writable[0] ? await settled(writable[0].url, ledger.header.run, 60_000) : {rows: [], tallies: []}
  const claimed = kind === 'unplanned' && bound !== undefined ? {claimed: {seconds: bound, lostContact_ns: from}} : {}
  const verdict = check({ledger, ...held, ...claimed})
  wrong.push(...verdict.findings.slice(0, 5).map(({violation, key, note}) => `${violation} ${key}: ${note}`))
  return {
    writeGapMs: Math.round(longestGap(acks, from, Math.max(from, ...acks)).ms),
    acknowledged: acks.length,
    lost: verdict.loss?.count ?? 0,
    ...(bound !== undefined && {lossBoundSeconds: bound}),
    wrong,
  }
}

/** Two servers that take writes, though neither is fenced. */
function rivalsIn(servers: readonly ServerSeen[], fenced: ReadonlySet<string>): string[] {
  const rivals = servers.filter(({writable, instance}) => writable && !fenced.has(instance))
  return rivals.length > 1 ? [`after the kill ${rivals.map(({instance}) => instance).join(' and ')} take writes`] : []
}

async function fencesOf({dir}: Platform): Promise<ReadonlySet<string>> {
  const fences = await readFences(openStore({url: pathToFileURL(join(dir, '.ha/local')).href}))
  return new Set(fences.map(({instance}) => instance))
}
