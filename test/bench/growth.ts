/**
 * Deploy time and memory of the minimal example from two to eight regions; goal: at most linear in the regions.
 * `node test/bench/growth.ts [regions…]` after `npm run build`.
 */
import {inPlace, mib, ratio, say, seconds, table} from './bench.ts'
import {processesOf} from './processes.ts'

const REGIONS = [
  'us-east1',
  'europe-west1',
  'us-central1',
  'europe-west4',
  'asia-northeast1',
  'us-west1',
  'asia-southeast1',
  'europe-north1',
]
const given = process.argv.slice(2).map(Number)
const counts = given.length > 0 ? given : [2, 4, 8]

const adapt = (count: number) => (yaml: string) =>
  yaml.replace(/^regions: .*$/m, `regions: [${REGIONS.slice(0, count).join(', ')}]`).replace('min: 2', 'min: 1')

const rows: {count: number; ms: number; again: number; bytes: number}[] = []
for (const count of counts) {
  const row = await inPlace(
    'minimal',
    async ({dir, ha}) => {
      const {ms} = await ha('deploy', '--yes')
      const again = await ha('plan')
      const processes = process.platform === 'linux' ? await processesOf(dir) : []
      return {count, ms, again: again.ms, bytes: processes.reduce((sum, {pssBytes}) => sum + pssBytes, 0)}
    },
    adapt(count),
  )
  rows.push(row)
  say(`  ${count} regions: ${seconds(row.ms)}, ${mib(row.bytes)}`)
}
const first = rows[0]!
table('Growth with regions, minimal example, one instance each, emulated', [
  ['regions', 'deploy', 'regions ×', 'deploy ×', 'plan again', 'memory (PSS)', 'memory ×'],
  ...rows.map(({count, ms, again, bytes}) => [
    String(count),
    seconds(ms),
    ratio(count, first.count),
    ratio(ms, first.ms),
    seconds(again),
    mib(bytes),
    ratio(bytes, first.bytes),
  ]),
])
