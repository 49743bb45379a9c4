/** What was deployed last, in a real store in a temporary folder, compared with what ha.yaml says now. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {assertAccepted, downgradeChecks, downgradesOf, recordDeployed} from '../../src/deploy/downgrades.ts'
import {forgetDeployed, readResilience, recordNode} from '../../src/store/documents.ts'
import {fileStore} from '../../src/store/files.ts'
import type {Store} from '../../src/store/store.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const CONFIG = exampleConfig({preset: 'critical'})
const topologyOf = (config = CONFIG) => deriveTopology(config, initialRoles(config))
const LOWER = topologyOf({...CONFIG, objectives: {...CONFIG.objectives, rpoSeconds: 60}})
const deployed = {ledger: {recorded: {}, fingerprints: {data: 'moved'}}}
const nothing = {ledger: {recorded: {}, fingerprints: {}}}

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-downgrades-'))
  store = fileStore(dir)
})
afterEach(() => rmSync(dir, {recursive: true, force: true}))

const names = async (...args: Parameters<typeof downgradesOf>) => (await downgradesOf(...args)).map(({name}) => name)

test('what is compared with is the last deploy of the whole', async () => {
  expect(await names({store, topology: LOWER, ...deployed})).toEqual([])
  await recordDeployed({store, topology: topologyOf()})
  expect(await names({store, topology: LOWER, ...deployed})).toEqual(['objectives.rpo'])
  await recordDeployed({store, topology: LOWER})
  expect(await names({store, topology: LOWER, ...deployed})).toEqual([])
})

test('a deploy that changes nothing writes nothing', async () => {
  await recordDeployed({store, topology: topologyOf()})
  const before = await store.read('resilience')
  await recordDeployed({store, topology: topologyOf()})
  expect(await store.read('resilience')).toEqual(before)
})

test('where nothing is deployed nothing can be lowered, whatever a destroy that was cut off left on record', async () => {
  await recordDeployed({store, topology: topologyOf()})
  expect(await names({store, topology: LOWER, ...nothing})).toEqual([])
})

test('a destroyed environment is compared with nothing any more', async () => {
  await recordDeployed({store, topology: topologyOf()})
  await recordNode(store, 'data', {outputs: {}, fingerprint: 'x', at: 1})
  await forgetDeployed(store)
  expect(await readResilience(store)).toBeUndefined()
  expect(await store.list('')).toEqual(['recorded/data'])
})

const PRESET = {name: 'preset', says: 'The preset goes from critical to dev.'}
const RPO = {name: 'objectives.rpo', says: '60 s instead of 5 s of data may be lost.'}

test.each([
  ['none', []],
  ['one of them', ['preset']],
  ['another', ['objectives']],
])('with %s accepted by name the deploy is refused, and the hint is what to type', (_, accepted) => {
  const left = [PRESET, RPO].filter(({name}) => !(accepted as string[]).includes(name))
  expect(() => assertAccepted([PRESET, RPO], accepted)).toThrow(
    expect.objectContaining({
      code: 'PLAN_DOWNGRADES',
      exit: 1,
      data: {downgrades: left},
      next: [expect.any(String), expect.stringContaining(left.map(({name}) => `--accept-downgrade ${name}`).join(' '))],
    }),
  )
})

test('all of them accepted by name, it goes on', () => {
  expect(() => assertAccepted([PRESET, RPO], ['objectives.rpo', 'preset', 'nothing-like-this'])).not.toThrow()
})

test.each([
  ['a planned change of roles is refused', true, 'refuse'],
  ['a region that is gone is left all the same, the loss of availability told', false, 'warn'],
] as const)('with a loss of availability not deployed yet %s', (_, isPlanned, verdict) => {
  expect(downgradeChecks([RPO], isPlanned)).toEqual([
    expect.objectContaining({verdict, hint: expect.stringContaining('--accept-downgrade objectives.rpo')}),
  ])
})
