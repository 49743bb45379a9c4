/** What V8 compiled of the bundle is kept for the next start, and never taken for what it is not. */
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {openBundle} from '../../src/cli/compiled.ts'

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ha-bundle-'))
  folder = join(root, 'kept', 'here')
})
afterEach(() => rmSync(root, {recursive: true, force: true}))

const write = (name: string, text: string) => {
  mkdirSync(join(root, name, '..'), {recursive: true})
  writeFileSync(join(root, name), text)
}
const open = () => openBundle(root, folder)
const load = <T>(bundle: ReturnType<typeof open>, name: string) => bundle.load(join(root, name)) as T

test('files load one another, each once, and packages from outside', () => {
  write(
    'a.cjs',
    "exports.b = require('./parts/b.cjs'); exports.again = require(__filename.replace('a.cjs', 'parts/b.cjs'))",
  )
  write('parts/b.cjs', "exports.path = require('node:path').sep; exports.a = require('../a.cjs')")
  const a = load<{b: {path: string; a: unknown}; again: unknown}>(open(), 'a.cjs')
  expect(a.b).toBe(a.again)
  expect(a.b.a).toBe(a)
  expect(a.b.path).toBe(join('/'))
})

test('functions that were called are kept too', () => {
  write('a.cjs', `exports.f = () => ${JSON.stringify(Array.from({length: 200}, (_, n) => ({n})))}`)
  const size = (call: boolean) => {
    rmSync(folder, {recursive: true, force: true})
    const bundle = open()
    const {f} = load<{f: () => unknown}>(bundle, 'a.cjs')
    if (call) f()
    bundle.keep()
    return statSync(join(folder, 'a.cjs')).size
  }
  const uncalled = size(false)
  expect(size(true)).toBeGreaterThan(uncalled + 1000)
})

test('what was kept is not written again, and what is new is added', () => {
  write('a.cjs', 'exports.a = 1')
  write('parts/a.cjs', 'exports.a = 2')
  const first = open()
  load(first, 'a.cjs')
  first.keep()
  const {mtimeMs} = statSync(join(folder, 'a.cjs'))
  const second = open()
  expect([load(second, 'a.cjs'), load(second, 'parts/a.cjs')]).toEqual([{a: 1}, {a: 2}])
  second.keep()
  expect(readdirSync(folder).sort()).toEqual(['a.cjs', 'parts-a.cjs'])
  expect(statSync(join(folder, 'a.cjs')).mtimeMs).toBe(mtimeMs)
})

test.each([
  // V8 itself compares lengths.
  ['made of another text of the same length', 2, () => write('a.cjs', 'exports.a = 2')],
  ['cut off', 1, () => writeFileSync(join(folder, 'a.cjs'), readFileSync(join(folder, 'a.cjs')).subarray(0, 40))],
  ['empty', 1, () => writeFileSync(join(folder, 'a.cjs'), '')],
])('a kept file that is %s is not used, and made anew', (_, a, spoil) => {
  write('a.cjs', 'exports.a = 1')
  const first = open()
  load(first, 'a.cjs')
  first.keep()
  spoil()
  const second = open()
  expect(load(second, 'a.cjs')).toEqual({a})
  second.keep()
  expect(readFileSync(join(folder, 'a.cjs'), 'latin1')).toMatch(readFileSync(join(root, 'a.cjs'), 'latin1'))
  expect(load(open(), 'a.cjs')).toEqual({a})
})

test('nobody else may write where code is kept, whatever the umask', () => {
  write('a.cjs', 'exports.a = 1')
  const bundle = open()
  load(bundle, 'a.cjs')
  bundle.keep()
  for (const each of [folder, join(folder, '..')]) expect(statSync(each).mode & 0o777).toBe(0o700)
})

test('a folder that cannot be written changes nothing', () => {
  write('kept', 'a file where the folder would be')
  write('a.cjs', 'exports.a = 1')
  const bundle = open()
  expect(load(bundle, 'a.cjs')).toEqual({a: 1})
  bundle.keep()
})
