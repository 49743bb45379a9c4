/** What `ha deploy` is compared with: the same programs, steps and emulator, run by the Automation API as it comes. Run in the app's folder. */
import {mkdirSync} from 'node:fs'
import {createRequire} from 'node:module'
import {delimiter, dirname, join} from 'node:path'
import {systemClock} from '../../src/clock.ts'
import {createCloud} from '../../src/cloud/google.ts'
import {emulatorWires} from '../../src/cloud/wires.ts'
import {registerImages} from '../../src/deploy/images.ts'
import {untilServing} from '../../src/deploy/serving.ts'
import {ensureEmulator} from '../../src/engine/emulator.ts'
import {deedsOf} from '../../src/environment/deeds.ts'
import {openEnvironment} from '../../src/environment/environment.ts'
import {obtain} from '../../src/environment/platform.ts'
import {stacksOf} from '../../stacks/index.ts'
import type {Stack} from '../../stacks/stack.ts'
import {ROOT} from './bench.ts'

const {LocalWorkspace} = createRequire(import.meta.url)(
  '@pulumi/pulumi/automation',
) as typeof import('@pulumi/pulumi/automation/index.js')

const {env} = process
const emit = () => {}
const {signal} = new AbortController()
const {config, paths, topology} = await openEnvironment(process.cwd(), {})
const [engine, emulator] = await Promise.all([
  obtain({env}, emit, signal),
  ensureEmulator({
    dir: paths.emulator,
    env,
    clock: systemClock,
    emit,
    program: join(ROOT, 'dist/src/emulator/main.js'),
  }),
])
await registerImages(emulator.googleapis, config, paths.base, topology.database?.gate)
// The Automation API looks for its engine on this process's own path.
env.PATH = `${dirname(engine.path)}${delimiter}${env.PATH}`
const state = join(paths.home, 'stock')
mkdirSync(state, {recursive: true})
const envVars = {
  PULUMI_BACKEND_URL: `file://${state}`,
  PULUMI_CONFIG_PASSPHRASE: 'bench',
  PULUMI_HOME: join(paths.home, 'stock-home'),
  PULUMI_DEBUG_PROVIDERS: `gcp:${emulator.providers.gcp},kubernetes:${emulator.providers.kubernetes}`,
}
const cloud = createCloud(emulatorWires(emulator.googleapis), systemClock)
const recorded: Record<string, Readonly<Record<string, unknown>>> = {}
const endpoint = (region: string) => `http://${recorded[`cell-${region}`]?.endpoint}`
const waiting = () => {
  throw new Error('The rental example is no Enterprise Plus: nothing is designated.')
}
const steps = deedsOf({topology, cloud, emit, endpoint, waiting, secret: () => undefined})

async function up(stack: Stack): Promise<Readonly<Record<string, unknown>>> {
  const program = () => stack.program(stack.input(recorded) as never)
  const workDir = join(state, 'work', stack.name)
  mkdirSync(workDir, {recursive: true})
  const made = await LocalWorkspace.createOrSelectStack(
    {stackName: stack.name, projectName: config.app, program},
    {workDir, envVars},
  )
  await made.setConfig('gcp:project', {value: topology.project})
  const {outputs} = await made.up()
  return Object.fromEntries(Object.entries(outputs).map(([name, {value}]) => [name, value]))
}

for (const node of stacksOf(topology)) {
  const input = node.input(recorded)
  recorded[node.name] = node.kind === 'stack' ? await up(node) : await steps[node.deed](node, input, signal)
}
const endpoints = Object.fromEntries(topology.regions.map(({name}) => [name, endpoint(name)]))
await untilServing({cloud, topology, endpoints, clock: systemClock, emit, signal})
process.exit(0)
