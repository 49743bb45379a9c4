/**
 * A protected environment taken down: the same programs as on Google Cloud with the protection they have there, on the local cloud,
 * which refuses as Google and its provider do. Without services, since what they leave is not protected.
 */
import {cpSync, mkdtempSync, realpathSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {Surroundings} from '../../src/cli/command.ts'
import {destroy} from '../../src/deploy/destroy.ts'
import {observeEmulator, stopEmulator} from '../../src/engine/emulator.ts'
import {uninterrupted} from '../../src/engine/interrupts.ts'
import type {GraphResult} from '../../src/engine/run-graph.ts'
import {type Environment, openEnvironment} from '../../src/environment/environment.ts'
import {openPlatform} from '../../src/environment/platform.ts'
import {recordRoles} from '../../src/environment/roles.ts'
import type {Unstamped} from '../../src/events/events.ts'
import {withoutPlatform} from './platform.ts'

const platformTest = test.skipIf(withoutPlatform)
const TEMPLATE = fileURLToPath(new URL('../../templates/rental', import.meta.url))

let dir: string
let events: Unstamped[]
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'ha-protected-')))
  cpSync(join(TEMPLATE, 'ha.yaml'), join(dir, 'ha.yaml'))
  events = []
})
afterAll(async () => {
  await stopEmulator(join(dir, '.ha', 'local', 'emulator'), process.env).catch(() => {})
  rmSync(dir, {recursive: true, force: true})
})

const surroundings = {env: process.env, interactive: false, user: 'me', self: 'ha'} as unknown as Surroundings
const emit = (event: Unstamped) => void events.push(event)
const interrupts = uninterrupted()

/** As ha.yaml has it, but protected and without services. */
async function open(): Promise<Environment> {
  const environment = await openEnvironment(dir, {})
  const {database, ...topology} = environment.topology
  const {migrate: _, ...config} = database!.config
  return {
    ...environment,
    topology: {...topology, protect: true, services: [], secrets: [], database: {...database!, config}},
  }
}
const run = async (liftProtection: boolean) =>
  destroy({
    id: 'run',
    environment: await open(),
    lock: {assertHeld: async () => {}} as never,
    interrupts,
    emit,
    surroundings,
    yes: true,
    liftProtection,
  })
const hows = ({nodes}: GraphResult) => Object.fromEntries(nodes.map(({name, how}) => [name, how]))
async function rest(method: string, path: string, body?: unknown) {
  const {googleapis} = (await observeEmulator(join(dir, '.ha', 'local', 'emulator')))!
  const response = await fetch(`${googleapis}${path}`, {
    method,
    ...(body !== undefined && {body: JSON.stringify(body)}),
  })
  // biome-ignore lint/suspicious/noExplicitAny: Google's answers, of which each test reads a little
  return (await response.json()) as any
}
const FIREWALLS = '/compute/v1/projects/rental-local/global/firewalls'
const INSTANCES = '/sql/v1beta4/projects/rental-local/instances'

platformTest('what is protected refuses to go, whatever is asked of the engine', async () => {
  const environment = await open()
  await recordRoles(environment)
  const platform = await openPlatform({environment, emit, surroundings, interrupts})
  expect((await platform.run('up')).ok).toBe(true)

  const refused = await (await openPlatform({environment: await open(), emit, surroundings, interrupts})).run('destroy')
  expect(hows(refused)).toMatchObject({
    observe: 'done',
    'app-us-east1': 'failed',
    data: 'left-out',
    foundation: 'left-out',
  })
  const platformAgain = await openPlatform({environment: await open(), emit, surroundings, interrupts})
  for (const [stack, {nodes}] of [
    ['app-us-east1', refused],
    ['data', await platformAgain.run('destroy', {only: ['data']})],
  ] as const) {
    const {problems} = nodes.find(({name}) => name === stack)!
    expect(new Set(problems.map(({code}) => code)), JSON.stringify(problems)).toEqual(new Set(['PROTECTED']))
  }

  // With the engine's and the provider's switches off there is still Google's.
  const google = await (await openPlatform({environment: await open(), emit, surroundings, interrupts})).run(
    'destroy',
    {
      only: ['data'],
      unprotect: async () => {},
    },
  )
  expect(google.nodes.find(({name}) => name === 'data')!.problems).toContainEqual(
    expect.objectContaining({code: 'PROTECTED', message: expect.stringContaining('disable the deletion protection')}),
  )
  expect((await rest('GET', INSTANCES)).items.map(({state}: {state: string}) => state)).toEqual([
    'RUNNABLE',
    'RUNNABLE',
  ])
})

platformTest('a destroy that was cut off after the lift leaves the next deploy to protect it again', async () => {
  const platform = await openPlatform({environment: await open(), emit, surroundings, interrupts})
  expect((await platform.run('up', {only: ['data']})).ok).toBe(true)
  await expect(run(false)).rejects.toMatchObject({
    code: 'PLAN_UNSAFE',
    next: [expect.stringContaining('--lift-protection')],
  })
  for (const {settings} of (await rest('GET', INSTANCES)).items) expect(settings.deletionProtectionEnabled).toBe(true)
})

platformTest('what a controller left in the network is named, and stops nothing but the network itself', async () => {
  const network = 'global/networks/rental-local'
  await rest('POST', FIREWALLS, {name: 'gke-left-behind', network, allowed: [{IPProtocol: 'tcp', ports: ['443']}]})
  await expect(run(true)).rejects.toMatchObject({code: 'STACK_FAILED', data: {failed: ['foundation'], leftOut: []}})
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'warning.raised',
      message: expect.stringContaining('firewall rule gke-left-behind'),
      next: ['gcloud compute firewall-rules delete gke-left-behind --project=rental-local'],
    }),
  )
  expect((await rest('GET', INSTANCES)).items ?? []).toEqual([])
})

platformTest('once that is gone, the same command goes on and nothing is left', async () => {
  await rest('DELETE', `${FIREWALLS}/gke-left-behind`)
  expect(await run(true)).toEqual([])
  expect(await observeEmulator(join(dir, '.ha', 'local', 'emulator'))).toBeUndefined()
})
