/**
 * How long writes stand still, side by side in one run: `node test/bench/failover.ts [--planned 30] [--unplanned 5] [--zone 5]
 * [--floor 10] [--patroni 5] [--patroni-kills 1] [--rate 200]`. A count of 0 leaves a measurement out. Build first. Everything it
 * starts it ends: the rental example in a folder of its own, bare PostgreSQL pairs, and Patroni where Debian's packages are installed.
 * Prints JSON: milliseconds without an acknowledged write as p50, p95 and max, and what was lost or failed. Emulated figures.
 */
import {cpus, loadavg} from 'node:os'
import {parseArgs} from 'node:util'
import {percentile} from '../load/summary.ts'
import {bareOutage} from './failover/floor.ts'
import {endWhenInterrupted, holding} from './failover/held.ts'
import {hasPatroni, startPatroni} from './failover/patroni.ts'
import {canFailOver, deployRental, type Platform, postmasterOf, type Trial} from './failover/platform.ts'
import {nanoseconds, type Outage} from './failover/writer.ts'

const count = (fallback: string) => ({type: 'string', default: fallback}) as const
const {values} = parseArgs({
  options: {
    planned: count('30'),
    unplanned: count('5'),
    zone: count('5'),
    floor: count('10'),
    patroni: count('5'),
    'patroni-kills': count('1'),
    rate: count('200'),
  },
})
const rate = Number(values.rate)
const LOSS_BUDGET_SECONDS = 60

const note = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

/** `times` outcomes of `one`; a trial that fails is told, not hidden. */
async function repeat<T extends Outage>(name: string, times: number, one: (n: number) => Promise<T>) {
  const done: T[] = []
  const failed: string[] = []
  for (let n = 0; n < times; n++) {
    try {
      const outcome = await one(n)
      done.push(outcome)
      note(`${name} ${n + 1}/${times}: ${JSON.stringify(outcome)}`)
    } catch (error) {
      failed.push((error as Error).message)
      note(`${name} ${n + 1}/${times} failed: ${(error as Error).message}`)
    }
  }
  return {...shape(done), ...(failed.length > 0 && {trialsFailed: failed})}
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function shape(outcomes: readonly Outage[]) {
  const spread = (numbers: readonly number[]) => {
    const sorted = numbers.toSorted((a, b) => a - b)
    const at = (share: number) => Math.round(percentile(sorted, share))
    return {p50: at(0.5), p95: at(0.95), max: at(1)}
  }
  const trials = outcomes.filter((outcome): outcome is Trial => 'requests' in outcome)
  const commanded = trials.flatMap(({afterCommandMs}) => (afterCommandMs === undefined ? [] : [afterCommandMs]))
  return {
    runs: outcomes.length,
    writeGapMs: spread(outcomes.map(({writeGapMs}) => writeGapMs)),
    firstWriteMs: spread(outcomes.map(({firstWriteMs}) => firstWriteMs)),
    ...(commanded.length > 0 && {firstWriteAfterCommandMs: spread(commanded)}),
    lost: sum(outcomes.map(({lost}) => lost)),
    ...(trials.length > 0 && {
      requests: sum(trials.map(({requests}) => requests)),
      failedReads: sum(trials.map(({failedReads}) => failedReads)),
      failedStrongReads: sum(trials.map(({failedStrongReads}) => failedStrongReads)),
      failedWrites: sum(trials.map(({failedWrites}) => failedWrites)),
      violations: trials.flatMap(({violations}) => violations),
    }),
  }
}

/** PostgreSQL's postmaster dies; the zone takes over by itself. */
const zoneTrial = (platform: Platform) =>
  platform.trial({
    rate,
    seconds: 16,
    event: async () => {
      const {roles} = await platform.status()
      process.kill(postmasterOf(platform.folder, roles.primary), 'SIGKILL')
      return undefined
    },
  })

async function plannedTrial(platform: Platform): Promise<Trial> {
  const {roles} = await platform.status()
  return platform.trial({
    rate,
    seconds: 25,
    event: async () => {
      await platform.ha('failover', '--region', roles.primary, '--yes')
      return undefined
    },
  })
}

/** In an environment of its own: a region that was lost is not one to measure with again. */
async function unplannedTrial(): Promise<Trial> {
  const platform = await deployRental()
  return holding(platform.dispose, async () => {
    const {roles} = await platform.status()
    return platform.trial({
      rate,
      seconds: 35,
      claimedSeconds: LOSS_BUDGET_SECONDS,
      event: async () => {
        await platform.control(`/regions/${roles.primary}:kill`)
        const commanded = nanoseconds()
        const budget = ['--unplanned', '--accept-data-loss', `${LOSS_BUDGET_SECONDS}s`]
        await platform.ha('failover', '--region', roles.primary, ...budget, '--yes')
        return commanded
      },
    })
  })
}

async function measurePlatform() {
  const [zone, planned, unplanned] = [Number(values.zone), Number(values.planned), Number(values.unplanned)]
  const result: Record<string, unknown> = {}
  if (zone > 0 || (planned > 0 && canFailOver())) {
    const platform = await deployRental()
    await holding(platform.dispose, async () => {
      if (zone > 0) result.zone = await repeat('zone', zone, () => zoneTrial(platform))
      if (planned > 0 && canFailOver()) result.planned = await repeat('planned', planned, () => plannedTrial(platform))
    })
  }
  if (unplanned > 0 && canFailOver()) result.unplanned = await repeat('unplanned', unplanned, unplannedTrial)
  return result
}

async function measurePatroni() {
  const [switchovers, kills] = [Number(values.patroni), Number(values['patroni-kills'])]
  if (switchovers + kills === 0) return undefined
  if (!hasPatroni()) return 'not installed: apt-get install patroni etcd-server postgresql-15'
  const cluster = await startPatroni()
  return holding(cluster.dispose, async () => {
    const switchover = await repeat('patroni switchover', switchovers, () => cluster.switchover())
    // After a kill there is one member left: more than one would measure something else.
    const killed = kills > 0 ? await repeat('patroni kill', 1, () => cluster.kill()) : undefined
    return {switchover, ...(killed && {killed})}
  })
}

endWhenInterrupted()
const floors = Number(values.floor)
const measured = {
  machine: {cpus: cpus().length, loadBefore: loadavg().map((load) => Number(load.toFixed(1)))},
  floor: {
    planned: await repeat('floor planned', floors, () => bareOutage('planned')),
    killed: await repeat('floor killed', floors, () => bareOutage('killed')),
  },
  patroni: await measurePatroni(),
  ha: canFailOver() ? undefined : 'there is no `ha failover` in this build: only the zone is measured',
  ...(await measurePlatform()),
}
process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`)
