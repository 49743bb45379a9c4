/**
 * kill -9 of `ha` at every point of the operations, there and back on one platform after the other: `node test/bench/failover-kills.ts
 * [--planned] [--unplanned] [--every N] [--seed S] [--rate 60]`. Without a choice both pairs. `--every N` takes one point in N, from
 * the seed's first on. Build first. Prints a table, a row per step, and ends with 1 when anything was not as it must be. Emulated.
 */
import {parseArgs} from 'node:util'
import {beginStretch, type Leg, type LegKind, runLeg, stepsOf} from '../e2e/operations.ts'
import {few, openPlatform, withoutPlatform} from '../e2e/platform.ts'
import {type Point, pointsOf, random} from '../e2e/points.ts'
import {say} from './bench.ts'

const {values} = parseArgs({
  options: {
    planned: {type: 'boolean', default: false},
    unplanned: {type: 'boolean', default: false},
    every: {type: 'string', default: '1'},
    seed: {type: 'string', default: '1'},
    rate: {type: 'string', default: '60'},
  },
})
if (withoutPlatform) throw new Error(withoutPlatform)
const next = random(Number(values.seed))

/** Lists of points drawn from in turn, until both are used up: the way back is as long as it is. */
async function pair(there: LegKind, back: LegKind): Promise<Leg[]> {
  const platform = openPlatform('rental', few)
  const legs: Leg[] = []
  try {
    const stretch = await beginStretch(platform, Number(values.rate))
    const points = new Map<LegKind, Point[]>()
    for (;;) {
      for (const kind of [there, back]) {
        if (!points.has(kind)) points.set(kind, sampled(pointsOf(await stepsOf(stretch, kind))))
        const leg = await runLeg(stretch, kind, points.get(kind)!.shift())
        legs.push(leg)
        process.stderr.write(`${JSON.stringify(leg)}\n`)
        if (leg.wrong.length > 0) return legs
      }
      if ([...points.values()].every(({length}) => length === 0)) return legs
    }
  } finally {
    await platform.remove()
  }
}

function sampled(points: readonly Point[]): Point[] {
  const every = Number(values.every)
  const first = Math.floor(next() * every)
  return points.filter((_, index) => index % every === first)
}

function told(kind: LegKind, legs: readonly Leg[]): void {
  const killed = legs.filter((leg) => leg.kind === kind && leg.killed)
  const rest = legs.filter((leg) => leg.kind === kind && leg.point && !leg.killed).length
  const steps = [...new Set(killed.map(({point}) => point!.step))]
  say(`\n${kind}: killed ${killed.length} times; at ${rest} points there was nothing to be killed in (emulated)\n`)
  say('| killed at | points | acknowledged | lost | writers waited at most, resume included | not as it must be |')
  say('|---|---|---|---|---|---|')
  for (const step of steps) {
    const of = killed.filter(({point}) => point!.step === step)
    const sum = (read: (leg: Leg) => number) => of.reduce((total, leg) => total + read(leg), 0)
    const cells = [
      step,
      of.map(({point}) => point!.phase).join(', '),
      sum(({acknowledged}) => acknowledged),
      sum(({lost}) => lost),
      `${Math.max(...of.map(({writeGapMs}) => writeGapMs))} ms`,
      of.flatMap(({wrong}) => wrong).join('; ') || 'nothing',
    ]
    say(`| ${cells.join(' | ')} |`)
  }
}

const both = values.planned === values.unplanned
const legs = [
  ...(both || values.planned ? await pair('planned', 'failback') : []),
  ...(both || values.unplanned ? await pair('unplanned', 'failback of lost') : []),
]
for (const kind of new Set(legs.map((leg) => leg.kind))) told(kind, legs)
if (legs.some(({wrong}) => wrong.length > 0)) process.exitCode = 1
