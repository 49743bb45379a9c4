/**
 * From nothing to a served request, split: install, build, engine, deploy, request. `node test/bench/first-request.ts [--install]`;
 * `--install` runs `npm ci` in a fresh clone, otherwise its row is left out. The engine is taken from this user's cache
 * when it is there: its first build is timed by `ha engine install` (docs/benchmarks.md).
 */
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {inPlace, ROOT, seconds, table} from './bench.ts'

async function since<T>(work: () => Promise<T>): Promise<[ms: number, value: T]> {
  const begun = performance.now()
  const value = await work()
  return [performance.now() - begun, value]
}

async function install(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'ha-bench-'))
  try {
    await execa('git', ['clone', '--quiet', ROOT, join(home, 'clone')])
    const [ms] = await since(() => execa('npm', ['ci'], {cwd: join(home, 'clone'), timeout: 300_000}))
    return ms
  } finally {
    await rm(home, {recursive: true, force: true})
  }
}

const rows: [string, number][] = []
if (process.argv.includes('--install')) rows.push(['npm ci', await install()])
const [built] = await since(() => execa('npm', ['run', '-s', 'build'], {cwd: ROOT}))
rows.push(['npm run build', built])
await inPlace('rental', async ({ha}) => {
  const {ms: found} = await ha('engine', 'path')
  rows.push(['engine found', found])
  const {ms, stdout} = await ha('deploy', '--yes')
  rows.push(['ha deploy', ms])
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)![0]
  const [asked, response] = await since(() => fetch(`${url}/readyz`))
  rows.push([`GET /readyz (${response.status})`, asked])
})
table('From nothing to a served request, emulated', [
  ['part', 'time'],
  ...rows.map(([name, ms]) => [name, seconds(ms)]),
  ['all', seconds(rows.reduce((sum, [, ms]) => sum + ms, 0))],
])
