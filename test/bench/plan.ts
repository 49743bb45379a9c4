/**
 * A plan without changes beside `terraform plan` over as many `terraform_data`; goal ≤ 1.5×. `ha plan --all` runs every program
 * as a preview, where `ha plan` tells from fingerprints that nothing moved. `node test/bench/plan.ts [rounds]` after `npm run build`.
 */
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {inPlace, median, millis, type Place, ratio, say, table} from './bench.ts'

const rounds = Number(process.argv[2] ?? 7)

/** How many resources the recorded state of all stacks has. */
async function resources({dir}: Place): Promise<number> {
  const folder = join(dir, '.ha', 'local', 'state')
  const files = (await readdir(folder, {recursive: true})).filter((name) => /stacks\/[^/]+\/[^/]+\.json$/.test(name))
  const states = await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))))
  return states.reduce((sum, state) => sum + (state.checkpoint.latest?.resources?.length ?? 0), 0)
}

async function terraform(folder: string, count: number) {
  await mkdir(folder, {recursive: true})
  const each = (index: number) => `resource "terraform_data" "r${index}" {\n  input = "value ${index}"\n}\n`
  await writeFile(join(folder, 'main.tf'), Array.from({length: count}, (_, index) => each(index)).join('\n'))
  const run = (...args: string[]) => execa('terraform', [...args, '-no-color'], {cwd: folder, timeout: 120_000})
  await run('init', '-input=false')
  await run('apply', '-auto-approve', '-input=false')
  return () => run('plan', '-input=false', '-detailed-exitcode')
}

const hasTerraform = await execa('terraform', ['version'], {reject: false}).then(({exitCode}) => exitCode === 0)
if (!hasTerraform) say('Left out: terraform is not on this machine.')
else
  await inPlace('rental', async (place) => {
    await place.ha('deploy', '--yes')
    const count = await resources(place)
    const plan = await terraform(join(place.dir, '..', 'terraform'), count)
    const took = {terraform: [] as number[], ha: [] as number[]}
    for (let round = 0; round <= rounds; round++) {
      const begun = performance.now()
      await plan()
      const ms = performance.now() - begun
      const ours = await place.ha('plan')
      if (round > 0) {
        took.terraform.push(ms)
        took.ha.push(ours.ms)
      }
    }
    const all = await place.ha('plan', '--all')
    const bare = median(took.terraform)
    table(`A plan without changes, ${count} resources, emulated (${rounds} rounds, turn about)`, [
      ['', 'median', 'best', 'against terraform'],
      ['terraform plan', millis(bare), millis(Math.min(...took.terraform)), ratio(1, 1)],
      ['ha plan', millis(median(took.ha)), millis(Math.min(...took.ha)), ratio(median(took.ha), bare)],
      ['ha plan --all (once)', millis(all.ms), '', ratio(all.ms, bare)],
    ])
  })
