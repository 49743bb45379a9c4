/** How long quick commands take beside bare node, turn about; goal ≤ 3×. `node test/bench/start.ts [rounds]` after `npm run build`. */
import {inPlace, median, millis, RUN, ratio, table, timed} from './bench.ts'

const rounds = Number(process.argv[2] ?? 15)
/** `status` before the first deploy: everything but the calls to the cloud. */
const NOT_DEPLOYED = 1

const CASES: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'ha --help': [RUN, '--help'],
  'ha validate': [RUN, 'validate'],
  'ha status': [RUN, 'status'],
}

await inPlace('rental', async ({dir}) => {
  const took = new Map<string, number[]>()
  // The first round fills the compile cache and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, args] of Object.entries(CASES)) {
      const {ms} = await timed(args, dir, {codes: name === 'ha status' ? [NOT_DEPLOYED] : [0]})
      if (round > 0) took.set(name, [...(took.get(name) ?? []), ms])
    }
  }
  const bare = took.get('node -e 0')!
  table(`Start (${rounds} rounds, turn about)`, [
    ['', 'median', 'best', 'against node', 'best against best'],
    ...[...took].map(([name, all]) => [
      name,
      millis(median(all)),
      millis(Math.min(...all)),
      ratio(median(all), median(bare)),
      ratio(Math.min(...all), Math.min(...bare)),
    ]),
  ])
})
