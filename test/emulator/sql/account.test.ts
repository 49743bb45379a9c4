import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {firstClosedFolder, instancesFolder} from '../../../src/emulator/sql/account.ts'
import {findBinaries} from '../../../src/emulator/sql/binaries.ts'

const NOBODY = {uid: 65_534, gid: 65_534}

/** `open/closed/inner`, of which `closed` lets only its owner in. */
function folders() {
  const open = mkdtempSync(join(tmpdir(), 'account-'))
  onTestFinished(() => rmSync(open, {recursive: true}))
  chmodSync(open, 0o755)
  const closed = join(open, 'closed')
  const inner = join(closed, 'inner')
  mkdirSync(inner, {recursive: true, mode: 0o755})
  chmodSync(closed, 0o700)
  return {open, closed, inner}
}

test('the first folder on the way down that an account may not enter', async () => {
  const {open, closed, inner} = folders()
  expect(await firstClosedFolder(open, NOBODY)).toBeUndefined()
  expect(await firstClosedFolder(inner, NOBODY)).toBe(closed)
  expect(await firstClosedFolder(inner, {uid: statSync(closed).uid, gid: 0})).toBeUndefined()
})

test('instances are in the emulator’s folder, and elsewhere only when their account cannot get there', async () => {
  const {open, inner} = folders()
  expect(await instancesFolder(open, NOBODY)).toBe(open)
  expect(await instancesFolder(inner, undefined)).toBe(inner)
  expect(await instancesFolder(inner, NOBODY)).toMatch(/^\/var\/lib\/ha-emulator\/[0-9a-f]{12}$/)
})

test('PostgreSQL’s programs are found, several callers at once', async () => {
  const found = await Promise.all([findBinaries(undefined), findBinaries(undefined), findBinaries(undefined)])
  expect(new Set(found.map(({bin}) => bin)).size).toBe(1)
  expect(found[0]!.version).toMatch(/^\d+\.\d+$/)
})

test.skipIf(process.getuid?.() !== 0)(
  'programs in a folder the servers cannot reach are copied, links and all, once',
  async () => {
    const {open, inner} = folders()
    mkdirSync(join(inner, 'native', 'bin'), {recursive: true})
    mkdirSync(join(inner, 'native', 'lib'))
    writeFileSync(join(inner, 'package.json'), '{"version": "1"}')
    writeFileSync(join(inner, 'native', 'bin', 'postgres'), '#!/bin/sh\necho "postgres (PostgreSQL) 1.2"\n', {
      mode: 0o755,
    })
    writeFileSync(join(inner, 'native', 'lib', 'libx.so.1'), 'library')
    const link = {source: 'native/lib/libx.so.1', target: 'native/lib/libx.so'}
    writeFileSync(join(inner, 'native', 'pg-symlinks.json'), JSON.stringify([link]))
    const cache = join(open, 'cache')
    const [first, second] = await Promise.all([0, 1].map(() => findBinaries(NOBODY, cache, inner)))
    expect(first).toEqual(second)
    expect(first!.version).toBe('1.2')
    expect(first!.bin.startsWith(cache)).toBe(true)
    expect(readFileSync(join(first!.bin, '..', 'lib', 'libx.so'), 'utf8')).toBe('library')
    expect(readdirSync(cache)).toHaveLength(1)
  },
)
