/**
 * First deploy of the rental example: `ha deploy` beside the Automation API's own defaults over the same programs, each in a
 * fresh environment on the same emulator; goal ≤ 0.7×. `node test/bench/first-deploy.ts [rounds]` after `npm run build`.
 */
import {fileURLToPath} from 'node:url'
import {inPlace, median, type Place, ratio, say, seconds, table, timed} from './bench.ts'

const [argument = '2'] = process.argv.slice(2)
const STOCK = fileURLToPath(new URL('./stock.ts', import.meta.url))

const ours = ({ha}: Place) => ha('deploy', '--yes')
/** The same stacks one after another, as a first script with the Automation API would run them. */
const stock = ({dir}: Place) => timed([STOCK], dir)

const took: Record<'ours' | 'stock', number[]> = {ours: [], stock: []}
for (let round = 0; round < Number(argument); round++) {
  // Turn about, so that a busy neighbour weighs on both.
  took.ours.push((await inPlace('rental', ours)).ms)
  took.stock.push((await inPlace('rental', stock)).ms)
  say(`  round ${round + 1}: ${seconds(took.ours.at(-1)!)} against ${seconds(took.stock.at(-1)!)}`)
}

table(`First deploy of the rental example, emulated (${argument} rounds, fresh environments)`, [
  ['', 'median', 'best', 'against stock'],
  ['Automation API, stock settings', seconds(median(took.stock)), seconds(Math.min(...took.stock)), ratio(1, 1)],
  [
    'ha deploy --yes',
    seconds(median(took.ours)),
    seconds(Math.min(...took.ours)),
    ratio(median(took.ours), median(took.stock)),
  ],
])
