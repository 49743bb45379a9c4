/** What is the file store's own; contract.test.ts holds what every store owes. */
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
