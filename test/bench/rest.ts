/**
 * The rental example with nobody using it: memory, CPU and disk by kind; goals ≤ 1 GiB and ≤ 5 % of a core for two regions.
 * `node test/bench/rest.ts [seconds] [seconds to settle]` after `npm run build`. Linux only.
 */
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {inPlace, interrupted, mib, say, table} from './bench.ts'
import {type Kind, type Process, processesOf} from './processes.ts'

const [watched, settle] = [Number(process.argv[2] ?? 45), Number(process.argv[3] ?? 20)]

const sum = (list: readonly Process[], of: (each: Process) => number) =>
  list.reduce((total, each) => total + of(each), 0)

const FOLDERS = {
  everything: '.',
  'Pulumi state': 'state',
  emulator: 'emulator',
  'of it regions': 'emulator/regions',
  'of it logs': 'emulator/log',
}

async function diskRows(home: string): Promise<string[][]> {
  const sizes = Object.entries(FOLDERS).map(async ([name, folder]) => {
    const {stdout} = await execa('du', ['-sb', '--', folder], {cwd: home, reject: false})
    return [name, mib(Number(stdout.split('\t')[0]))]
  })
  return Promise.all(sizes)
}

if (process.platform !== 'linux') say('Left out: it reads /proc, which this system does not have.')
else
  await inPlace('rental', async ({dir, ha}) => {
    await ha('deploy', '--yes')
    await sleep(settle * 1000, undefined, {signal: interrupted})
    const before = new Map((await processesOf(dir)).map((each) => [each.pid, each.cpuSeconds]))
    const begun = performance.now()
    await sleep(watched * 1000, undefined, {signal: interrupted})
    const after = await processesOf(dir)
    const elapsed = (performance.now() - begun) / 1000
    const cpu = (list: readonly Process[]) =>
      `${((sum(list, ({pid, cpuSeconds}) => cpuSeconds - (before.get(pid) ?? 0)) / elapsed) * 100).toFixed(1)} %`
    const row = (name: string, list: readonly Process[]) => [
      name,
      String(list.length),
      mib(sum(list, ({pssBytes}) => pssBytes)),
      cpu(list),
    ]
    const kinds: Kind[] = ['global services', 'region', 'pods', 'PostgreSQL', 'other']
    const rows = kinds
      .map((kind) =>
        row(
          kind,
          after.filter((each) => each.kind === kind),
        ),
      )
      .filter(([, count]) => count !== '0')
    table(`Rental example at rest, two regions, emulated (${watched} s, after ${settle} s)`, [
      ['', 'processes', 'memory (PSS)', 'of a core'],
      ...rows,
      row('all', after),
    ])
    table('Disk', [['folder', 'size'], ...(await diskRows(join(dir, '.ha', 'local')))])
  })
