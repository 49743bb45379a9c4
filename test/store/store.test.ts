import {mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {
  forgetNode,
  listRuns,
  readLedger,
  readRoles,
  recordNode,
  runId,
  writeRoles,
  writeRun,
} from '../../src/store/documents.ts'
import {openStore} from '../../src/store/open.ts'
import {type Store, update} from '../../src/store/store.ts'

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-store-'))
  store = openStore({url: pathToFileURL(dir).href})
})
afterEach(() => rmSync(dir, {recursive: true, force: true}))

const newestFile = (name: string) => {
  const folder = join(dir, 'store', `${name}.d`)
  return join(folder, readdirSync(folder).sort().at(-1)!)
}

test('a document is what was last written, and its version changes with every write', async () => {
  expect(await store.read('roles')).toBeUndefined()
  const first = await store.write('roles', {epoch: 1}, {ifAbsent: true})
  expect(await store.read('roles')).toEqual({value: {epoch: 1}, version: first})
  const second = await store.write('roles', {epoch: 2}, {ifVersion: first})
  expect(second).not.toBe(first)
  expect((await store.read('roles'))?.value).toEqual({epoch: 2})
})

test.each([
  ['creating what exists', async () => store.write('d', 2, {ifAbsent: true})],
  ['writing over a version that is gone', async () => store.write('d', 2, {ifVersion: '0'})],
  ['removing a version that is gone', async () => store.remove('d', {ifVersion: '0'})],
  ['changing what was never written', async () => store.write('other', 2, {ifVersion: '1'})],
])('%s is a conflict and changes nothing', async (_, attempt) => {
  await store.write('d', 1, {ifAbsent: true})
  await expect(attempt()).rejects.toMatchObject({code: 'STORE_CONFLICT'})
  expect((await store.read('d'))?.value).toBe(1)
})

test('a removed document is absent, and its versions never start again', async () => {
  const version = await store.write('d', 1, {ifAbsent: true})
  await store.remove('d', {ifVersion: version})
  expect(await store.read('d')).toBeUndefined()
  expect(await store.list('')).toEqual([])
  expect(await store.write('d', 2, {ifAbsent: true})).not.toBe(version)
})

test('of twenty writers at once each adds exactly its own', async () => {
  await Promise.all(Array.from({length: 20}, () => update<number>(store, 'counter', (now = 0) => now + 1)))
  expect((await store.read('counter'))?.value).toBe(20)
})

test('old versions are swept', async () => {
  for (let i = 0; i < 60; i++) await update<number>(store, 'd', () => i)
  expect(readdirSync(join(dir, 'store', 'd.d')).length).toBeLessThan(20)
})

test.each([
  ['torn', (path: string) => truncateSync(path, 20)],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['edited by hand', (path: string) => writeFileSync(path, '{"sum":"0000000000000000","value":{"epoch":9}}')],
  ['not JSON', (path: string) => writeFileSync(path, 'garbage')],
])('a file that is %s is refused with its path and what to do', async (_, damage) => {
  await store.write('roles', {epoch: 1}, {ifAbsent: true})
  const path = newestFile('roles')
  damage(path)
  await expect(store.read('roles')).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining(path),
    next: [expect.stringContaining(`mv ${path}`), expect.any(String)],
  })
})

test.each(['../up', 'A', '', 'a//b', '/abs', '.hidden'])('"%s" is not a name', async (name) => {
  await expect((async () => store.read(name))()).rejects.toMatchObject({code: 'BUG'})
})

test('a scheme without an implementation says so', () => {
  expect(() => openStore({url: 'ftp://x'})).toThrow(expect.objectContaining({code: 'TARGET_UNSUPPORTED'}))
})

test('the ledger gives outputs and fingerprints by node', async () => {
  await recordNode(store, 'data', {outputs: {host: 'a'}, fingerprint: 'f1', at: 1})
  await recordNode(store, 'cell-us-east1', {outputs: {}, fingerprint: 'f2', at: 1})
  await recordNode(store, 'data', {outputs: {host: 'b'}, fingerprint: 'f3', at: 2})
  await forgetNode(store, 'cell-us-east1')
  expect(await readLedger(store)).toEqual({recorded: {data: {host: 'b'}}, fingerprints: {data: 'f3'}})
})

test('roles are written over the version they were made from', async () => {
  const roles = {epoch: 1, primary: 'a', generations: {}, lost: [], drained: [], indexes: {}}
  await writeRoles(store, roles, undefined)
  const now = await readRoles(store)
  await writeRoles(store, {...roles, epoch: 2}, now)
  await expect(writeRoles(store, {...roles, epoch: 3}, now)).rejects.toMatchObject({code: 'STORE_CONFLICT'})
})

test('runs sort by time', async () => {
  const ids = [runId(Date.UTC(2026, 1, 1), 'bbbbbb'), runId(Date.UTC(2026, 1, 2), 'aaaaaa')]
  for (const id of ids) await writeRun(store, {id, operation: 'deploy', owner: 'me', startedAt: 1})
  expect(await listRuns(store)).toEqual(ids)
})
