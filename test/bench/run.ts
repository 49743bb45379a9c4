/** `npm run bench -- NAME…`: runs the named benchmarks one after another; without a name lists them. Nothing fails by a figure. */
import {spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {say} from './bench.ts'

const BENCHMARKS: Readonly<Record<string, string>> = {
  start: 'start of --help, validate and status against bare node',
  'first-deploy': "first deploy of the rental example against the Automation API's own defaults",
  plan: 'a plan without changes against terraform plan',
  growth: 'deploy and memory from 2 to 8 regions',
  rest: 'memory, CPU and disk of the rental example at rest',
  disk: 'what the rental example occupies after its deploy and under a steady load',
  'first-request': 'from nothing to a served request, split',
  failover: 'what a switchover and the loss of a region cost, against Patroni',
  edge: 'the emulated load balancer against its own backend',
}

const names = process.argv.slice(2)
if (names.length === 0) {
  for (const [name, what] of Object.entries(BENCHMARKS)) say(`${name.padEnd(14)} ${what}`)
}
for (const name of names) {
  if (!(name in BENCHMARKS)) {
    say(`There is no benchmark "${name}". There is ${Object.keys(BENCHMARKS).join(', ')}.`)
    process.exitCode = 64
    break
  }
  const {status} = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {stdio: 'inherit'})
  process.exitCode ||= status ?? 1
}
