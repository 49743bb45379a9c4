import {chmodSync, mkdirSync, mkdtempSync, rmSync, statSync} from 'node:fs'
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
