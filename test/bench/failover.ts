/**
 * How long writes stand still, side by side in one run: `node test/bench/failover.ts [--planned 30] [--unplanned 10] [--zone 5]
 * [--floor 10] [--patroni 10] [--patroni-kills 3] [--rate 200] [--writes 0.2] [--warm 60] [--out FILE]`. A count of 0 leaves a
 * measurement out; `--warm` is for how many seconds there is load before the first. Build first.
 * Everything it starts it ends: the rental example in folders of its own, bare PostgreSQL pairs, and Patroni where Debian's packages
 * are installed (patroni, etcd-server, postgresql-15). Prints a Markdown table; `--out` gets all of it as JSON, also what an
 * interrupted run had measured so far. Emulated figures.
 */
import {writeFileSync} from 'node:fs'
import {cpus, loadavg} from 'node:os'
import {parseArgs} from 'node:util'
import {bareOutage} from './failover/floor.ts'
import {endWhenInterrupted, holding} from './failover/held.ts'
import {hasPatroni, startPatroni} from './failover/patroni.ts'
import {deployRental, type Platform, postmasterOf, type Trial} from './failover/platform.ts'
import {markdownOf, type Shape, shape} from './failover/shape.ts'
import {nanoseconds, type Outage} from './failover/writer.ts'

const count = (fallback: string) => ({type: 'string', default: fallback}) as const
const {values} = parseArgs({
  options: {
    planned: count('30'),
    unplanned: count('10'),
    zone: count('5'),
    floor: count('10'),
    patroni: count('10'),
    'patroni-kills': count('3'),
    rate: count('200'),
    writes: count('0.2'),
    warm: count('60'),
    out: {type: 'string'},
  },
})
const rate = Number(values.rate)
const writes = Number(values.writes)
const LOSS_BUDGET_SECONDS = 60

const note = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

const shapes: Record<string, Shape> = {}
const outcomes: Record<string, readonly Outage[]> = {}
const loadBefore = loadavg().map((load) => Number(load.toFixed(1)))

/** `times` outcomes of `one`; a trial that fails is told, not hidden, and `mend` makes the next one possible. */
async function repeat(name: string, times: number, one: () => Promise<Outage>, mend = async () => {}): Promise<void> {
  const done: Outage[] = []
  const failed: string[] = []
  for (let n = 1; n <= times; n++) {
    try {
      done.push(await one())
      note(`${name} ${n}/${times}: ${JSON.stringify(done.at(-1))}`)
    } catch (error) {
      failed.push((error as Error).message)
      note(`${name} ${n}/${times} failed: ${(error as Error).message}`)
      await mend().catch((thrown: Error) => note(`and could not be mended: ${thrown.message}`))
    }
    shapes[name] = shape(done, failed)
    outcomes[name] = done
    if (values.out) writeFileSync(values.out, `${JSON.stringify({machine: machine(), shapes, outcomes}, null, 1)}\n`)
  }
}

const machine = () => ({
  cpus: cpus().length,
  loadBefore,
  loadNow: loadavg().map((load) => Number(load.toFixed(1))),
  rate,
  writes,
})

const ZONE_MS = 4_000

/** Code that was just started is compiled as it is used: the first minute of a process says nothing of the hours after it. */
async function warmUp(platform: Platform): Promise<void> {
  const {requests, failures} = await platform.trial({
    rate,
    writes,
    async event() {
      await new Promise((done) => setTimeout(done, Number(values.warm) * 1_000))
      return {}
    },
  })
  note(`warm: ${requests} requests, ${JSON.stringify(failures)} failed`)
}

/** PostgreSQL's postmaster dies; the zone takes over by itself. */
const zoneTrial = (platform: Platform) =>
  platform.trial({
    rate,
    writes,
    async event() {
      const {roles} = await platform.status()
      process.kill(postmasterOf(platform.folder, roles.primary), 'SIGKILL')
      await new Promise((done) => setTimeout(done, ZONE_MS))
      return {}
    },
  })

/** There, and the next time back. */
async function plannedTrial(platform: Platform): Promise<Trial> {
  const {roles} = await platform.status()
  return platform.trial({
    rate,
    writes,
    async event() {
      await platform.ha('failover', '--region', roles.primary, '--yes')
      return {}
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
      writes,
      async event() {
        await platform.control(`/regions/${roles.primary}:kill`)
        const commanded = nanoseconds()
        const budget = ['--unplanned', '--accept-data-loss', `${LOSS_BUDGET_SECONDS}s`]
        const said = await platform.ha('failover', '--region', roles.primary, ...budget, '--yes', '--json')
        return {commanded, boundSeconds: boundIn(said)}
      },
    })
  })
}

/** What the command itself stated, not what it was allowed. */
function boundIn(output: string): number {
  const events = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as {kind: string; value?: {lossBoundSeconds?: number}})
  const bound = events.findLast(({kind}) => kind === 'result')?.value?.lossBoundSeconds
  if (bound === undefined) throw new Error('The failover stated no bound.')
  return bound
}

async function measurePlatform(): Promise<void> {
  const [zone, planned, unplanned] = [Number(values.zone), Number(values.planned), Number(values.unplanned)]
  if (zone + planned > 0) {
    const platform = await deployRental()
    await holding(platform.dispose, async () => {
      await warmUp(platform)
      await repeat('planned failover', planned, () => plannedTrial(platform), resumed(platform))
      await repeat('the primary’s zone', zone, () => zoneTrial(platform))
    })
  }
  await repeat('a region killed', unplanned, unplannedTrial)
}

const resumed = (platform: Platform) => async () => void (await platform.ha('failover', 'resume'))

async function measurePatroni(): Promise<void> {
  const [switchovers, kills] = [Number(values.patroni), Number(values['patroni-kills'])]
  if (switchovers + kills === 0) return
  if (!hasPatroni()) {
    note('Patroni is left out: apt-get install patroni etcd-server postgresql-15')
    return
  }
  if (switchovers > 0) {
    const cluster = await startPatroni()
    await holding(cluster.dispose, () => repeat('Patroni switchover', switchovers, () => cluster.switchover()))
  }
  // After a kill there is one member left: each takes a cluster of its own.
  await repeat('Patroni, the leader killed', kills, async () => {
    const fresh = await startPatroni()
    return holding(fresh.dispose, () => fresh.kill())
  })
}

endWhenInterrupted()
await repeat('floor: stop and pg_promote', Number(values.floor), () => bareOutage('planned'))
await repeat('floor: kill and pg_promote', Number(values.floor), () => bareOutage('killed'))
await measurePatroni()
await measurePlatform()
process.stdout.write(`${markdownOf(shapes)}\n\n${JSON.stringify(machine())}\n`)
