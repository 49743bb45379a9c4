/**
 * What the rental example occupies after its deploy and under a steady load, by kind: whether logs, WAL and queues rotate.
 * `node test/bench/disk.ts [minutes] [requests per second]` after `npm run build`.
 */
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {runLoad} from '../load/load.ts'
import {inPlace, interrupted, mib, table} from './bench.ts'

const [minutes, rate] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 50)]
/** Looks, evenly spread, after the one before the load. */
const LOOKS = 5

/** Below `.ha/local`, matched against the whole path; the first that fits. */
const KINDS: Readonly<Record<string, RegExp>> = {
  'PostgreSQL: WAL': /\/pg_wal\//,
  'PostgreSQL: archive and backups': /\/(archive|backups?)\//,
  'PostgreSQL: data': /\/sql\//,
  'Pub/Sub': /\/pubsub\//,
  logs: /\.(log|out)(\.\d+)?$|\/logs?\//,
  'Pulumi state and store': /\/(state|store)\//,
  other: /./,
}

/** Bytes on disk by kind. Files that go while they are counted do not count. */
async function occupied(home: string): Promise<ReadonlyMap<string, number>> {
  const {stdout} = await execa('du', ['-ak', '--', '.'], {cwd: home, reject: false, maxBuffer: 1 << 28})
  const {stdout: folders} = await execa('find', ['.', '-type', 'd'], {cwd: home, reject: false, maxBuffer: 1 << 28})
  const isFolder = new Set(folders.split('\n'))
  const sizes = new Map(Object.keys(KINDS).map((kind) => [kind, 0]))
  for (const line of stdout.split('\n')) {
    const [size = '', path = ''] = line.split('\t')
    if (isFolder.has(path)) continue
    const kind = Object.keys(KINDS).find((each) => KINDS[each]!.test(path)) ?? 'other'
    sizes.set(kind, sizes.get(kind)! + Number(size) * 1024)
  }
  return sizes
}

await inPlace('rental', async ({dir, ha}) => {
  const {stdout} = await ha('deploy', '--yes')
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)![0]
  const home = join(dir, '.ha', 'local')
  const looks = [await occupied(home)]
  const load = runLoad({url, ledger: join(dir, 'ledger'), rate, seconds: minutes * 60, signal: interrupted})
  for (let look = 1; look <= LOOKS; look++) {
    await sleep((minutes * 60_000) / LOOKS, undefined, {signal: interrupted})
    looks.push(await occupied(home))
  }
  const {summary} = await load
  const total = (sizes: ReadonlyMap<string, number>) => [...sizes.values()].reduce((sum, size) => sum + size, 0)
  table(`Disk of the rental example, two regions, emulated, at ${rate} requests a second`, [
    ['', ...looks.map((_, look) => `${((look * minutes) / LOOKS).toFixed(1)} min`)],
    ...Object.keys(KINDS).map((kind) => [kind, ...looks.map((sizes) => mib(sizes.get(kind)!))]),
    ['all', ...looks.map((sizes) => mib(total(sizes)))],
  ])
  process.stdout.write(`  ${JSON.stringify(summary)}\n`)
})
