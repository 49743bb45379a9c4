/** A failover past a primary that sleeps, under load, and what came of what it acknowledged when it woke. */
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import pg from 'pg'
import {check, foldAttempts} from '../load/check.ts'
import {type Ledger, readLedger} from '../load/ledger.ts'
import {runLoad} from '../load/load.ts'
import {type Held, settled} from '../load/rows.ts'
import {BUDGET, HOME, now, type Stretch} from './operations.ts'
import type {Ended, Platform} from './platform.ts'
import {type ServerSeen, serversOf} from './servers.ts'

export interface Sleep {
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
  /** When it wakes: once the command has ended, or the moment this step of it is done. */
  readonly thawAfter: 'the command' | 'repoint'
}

export interface SeenAfter {
  /** Exit code of the failover. */
  readonly failover: number | null
  /** From the falling asleep to the end of the command that was not refused; ms. */
  readonly tookMs: number
  /** Why earlier tries were refused. */
  readonly refusals: readonly string[]
  readonly requestsPerSecond: number
  /** Writes acknowledged after the old primary woke, which the new one does not have. */
  readonly frontDoor: number
  /** Effects that workers began at the old primary after it fell asleep, and the new one does not have: messages acknowledged for nothing. */
  readonly workers: number
  /** Of what was acknowledged before: asynchronous replication may lose its end. */
  readonly loss: {readonly count: number; readonly seconds: number; readonly boundSeconds: number}
  /** Acknowledged by the new primary after the old one woke. */
  readonly newAfterThaw: number
  readonly failures: Readonly<Record<string, number>>
  readonly findings: readonly string[]
}

/** How long load goes on after the waking: what was in flight is answered at once, and sessions that are not ended would write on. */
const AWAKE_MS = 12_000
const BEFORE_MS = 3_000
const TRIES = 20

export async function passOver({platform, url, rate}: Stretch, {freeze, thaw, thawAfter}: Sleep): Promise<SeenAfter> {
  const path = join(platform.dir, '..', `ledger-${now()}`)
  const over = new AbortController()
  const load = runLoad({url, ledger: path, rate, seconds: 150, deadlineMs: 40_000, signal: over.signal})
  try {
    await sleep(BEFORE_MS)
    const former = (await serversOf(platform.dir)).find(({writable}) => writable)!
    const [frozenAt, frozenDate] = [now(), new Date()]
    await freeze()
    let waking: {readonly at: number; readonly done: Promise<void>} | undefined
    const wake = () => {
      waking ??= {at: now(), done: thaw()}
      return waking
    }
    const {ended, refusals} = await failOver(platform.start, (event) => {
      if (event.kind === 'step.finished' && event.step === thawAfter) wake()
    })
    const tookMs = Math.round((now() - frozenAt) / 1e6)
    const {at: wokenAt, done} = wake()
    await done
    await sleep(AWAKE_MS)
    over.abort()
    const {summary} = await load
    const ledger = await readLedger(path)
    const next = (await serversOf(platform.dir)).find((it) => it.writable && it.instance !== former.instance)!
    // A message that a paused worker held comes again when its deadline is over.
    const held = await settled(next.url, ledger.header.run, 90_000)
    const bound = (ended.result?.lossBoundSeconds as number | undefined) ?? 0
    const verdict = check({ledger, ...held, claimed: {seconds: bound, lostContact_ns: frozenAt}})
    const frontDoor = astray(ledger, held, wokenAt)
    return {
      failover: ended.code,
      tookMs,
      refusals,
      requestsPerSecond: summary.perSecond,
      frontDoor: frontDoor.size,
      workers: await effectsAstray(platform, former, next, frozenDate),
      loss: {
        count: (verdict.loss?.count ?? 0) - frontDoor.size,
        seconds: verdict.loss?.seconds ?? 0,
        boundSeconds: bound,
      },
      newAfterThaw: acknowledgedSince(ledger, held, wokenAt),
      failures: summary.failures,
      findings: verdict.findings.map(({violation, key, note}) => `${violation} ${key}: ${note}`),
    }
  } finally {
    over.abort()
    await load.catch(() => {})
    rmSync(path, {force: true})
  }
}

/** Until the evidence is enough: a primary that only just fell silent is not given up. */
async function failOver(
  start: Stretch['platform']['start'],
  onEvent: (event: {kind: string; step?: unknown}) => void,
): Promise<{ended: Ended; refusals: readonly string[]}> {
  const refusals: string[] = []
  for (let left = TRIES; ; left--) {
    const running = start('failover', '--region', HOME, ...BUDGET, '--yes', '--json')
    running.when((event) => {
      onEvent(event)
      return false
    })
    const ended = await running.ended()
    if (ended.code !== 18 || left === 0) return {ended, refusals}
    refusals.push(String(ended.events.findLast(({kind}) => kind === 'error.raised')?.message))
  }
}

const keysOf = ({rows}: Held) => new Map(rows.map((row) => [row.key, row]))

/** Keys of writes that were acknowledged since then, and are not there. */
function astray(ledger: Ledger, held: Held, since: number): ReadonlySet<string> {
  const kept = keysOf(held)
  const late = [...foldAttempts(ledger.entries).values()].filter(
    ({outcome, entry}) => outcome === 'ok' && entry.complete_ns > since,
  )
  return new Set(late.map(({key}) => key).filter((key) => !kept.has(key)))
}

function acknowledgedSince(ledger: Ledger, held: Held, at: number): number {
  const kept = keysOf(held)
  return ledger.entries.filter((it) => it.outcome === 'ok' && it.complete_ns > at && kept.has(it.key)).length
}

/** How many effects only the former primary has, of transactions that began after `since`. It is started to be read when it is stopped. */
async function effectsAstray(platform: Platform, former: ServerSeen, next: ServerSeen, since: Date): Promise<number> {
  const isUp = (await serversOf(platform.dir)).some(({instance, writable}) => instance === former.instance && writable)
  if (!isUp) await start(platform, former.instance)
  const begun = await keys(former.url, 'SELECT key FROM effects WHERE done_at > $1', [since])
  const kept = new Set(await keys(next.url, 'SELECT key FROM effects', []))
  return begun.filter((key) => !kept.has(key)).length
}

async function keys(url: string, sql: string, values: readonly unknown[]): Promise<readonly string[]> {
  const client = new pg.Client({connectionString: url, query_timeout: 20_000})
  await client.connect()
  try {
    const {rows} = await client.query<{key: string}>(sql, [...values])
    return rows.map(({key}) => key)
  } finally {
    await client.end()
  }
}

/** As `ha failback` does to keep what only it has. */
async function start({dir, cloud}: Platform, instance: string): Promise<void> {
  await fetch(`${cloud().googleapis}/sql/v1beta4/projects/rental-local/instances/${instance}`, {
    method: 'PATCH',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({settings: {activationPolicy: 'ALWAYS'}}),
  })
  const deadline = now() + 60e9
  while (!(await serversOf(dir)).some((it) => it.instance === instance && it.writable)) {
    if (now() > deadline) throw new Error(`${instance} does not start.`)
    await sleep(100)
  }
}
