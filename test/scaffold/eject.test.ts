import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {parse} from 'yaml'
import type {Seal} from '../../src/engine/seal.ts'
import type {Environment} from '../../src/environment/environment.ts'
import {eject} from '../../src/scaffold/eject.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {stacksOf} from '../../stacks/index.ts'
import {exampleConfig} from '../fakes/config.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ha-eject-'))
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

const config = {...exampleConfig(), target: 'gcp' as const}
const topology = deriveTopology(config, initialRoles(config))
const names = stacksOf(topology)
  .filter(({kind}) => kind === 'stack')
  .map(({name}) => name)
const deployed = Object.fromEntries(names.map((name) => [name, 'fingerprint']))
const environment = (fingerprints: Record<string, string> = deployed) =>
  ({config, topology, ledger: {recorded: {}, fingerprints}}) as unknown as Environment
const seal: Seal = {kind: 'passphrase', passphrase: 'open sesame', salt: 'v1:c2FsdA==:v1:bm9uY2U=:c2VhbGVk'}
const run = (more: Partial<Parameters<typeof eject>[0]> = {}) =>
  eject({environment: environment(), folder, place: {stateUrl: 'gs://state/rental/state', seal}, force: false, ...more})

test('every stack has its settings and its input, under the project and the state that ha used', async () => {
  const {stacks} = await run()
  expect(stacks).toEqual(names)
  for (const name of names) {
    expect(parse(readFileSync(join(folder, `Pulumi.${name}.yaml`), 'utf8')).encryptionsalt).toBe(seal.salt)
    expect(JSON.parse(readFileSync(join(folder, 'inputs', `${name}.json`), 'utf8'))).toBeTypeOf('object')
  }
  const project = parse(readFileSync(join(folder, 'Pulumi.yaml'), 'utf8'))
  expect(project).toMatchObject({name: config.app, backend: {url: 'gs://state/rental/state'}, main: 'index.js'})
})

test('the programs are whole: from the copy alone they make the same graph', async () => {
  await run()
  const copy = await import(pathToFileURL(join(folder, 'programs', 'stacks', 'index.ts')).href)
  const own = copy.stacksOf(JSON.parse(readFileSync(join(folder, 'topology.json'), 'utf8')))
  expect(own.filter(({kind}: {kind: string}) => kind === 'stack').map(({name}: {name: string}) => name)).toEqual(names)
})

test('the passphrase is not part of it', async () => {
  const {files} = await run()
  expect(files.filter((file) => readFileSync(join(folder, file), 'utf8').includes('open sesame'))).toEqual([])
})

test('dependencies are pinned to the versions that made the state', async () => {
  await run()
  const {dependencies} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  expect(Object.keys(dependencies)).toEqual(['@pulumi/gcp', '@pulumi/kubernetes', '@pulumi/pulumi'])
  expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([])
})

test('a folder with something in it is left alone unless asked', async () => {
  writeFileSync(join(folder, 'mine'), '')
  await expect(run()).rejects.toMatchObject({code: 'DESTINATION_EXISTS'})
  expect(existsSync(join(folder, 'Pulumi.yaml'))).toBe(false)
  await run({force: true})
  expect(existsSync(join(folder, 'Pulumi.yaml'))).toBe(true)
})

test('before the first deploy there is nothing to hand over', async () => {
  await expect(run({environment: environment({})})).rejects.toMatchObject({code: 'NOT_DEPLOYED'})
})
