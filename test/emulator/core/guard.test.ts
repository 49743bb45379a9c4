import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {cpSync, mkdtempSync, realpathSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {writeJson} from '../../../src/emulator/files.ts'
import {clearFolder, globalProcess, type Holder, lastHolder, takeFolder} from '../../../src/emulator/folder.ts'
import {identify} from '../../../src/emulator/process-group.ts'
import {guardGlobal} from '../../../src/emulator/region/guard.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-guard-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(dir, {recursive: true, force: true})
})

const COMMAND = ['node', 'main.js', 'start']

/** As a global process of `folder` that was killed leaves it. */
async function killedHolder(folder = dir): Promise<Holder> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {stdio: 'ignore'})
  const holder = {...identify(child.pid!), dir: realpathSync(folder), command: COMMAND}
  child.kill('SIGKILL')
  await once(child, 'exit')
  writeJson(join(folder, 'process.json'), holder)
  return holder
}

/** The seconds at which a guard of the folder started the global process within a minute. */
function startsWithin(seconds: number, folder = dir): number[] {
  vi.useFakeTimers()
  const starts: number[] = []
  const begun = performance.now()
  const revive = () => starts.push(Math.round((performance.now() - begun) / 1000))
  const stop = guardGlobal({dir: folder, log: () => {}, everyMs: 1_000, revive})
  vi.advanceTimersByTime(seconds * 1_000)
  stop()
  expect(vi.getTimerCount()).toBe(0)
  return starts
}

test('a global process that was killed is started again, and less and less often while that is in vain', async () => {
  await killedHolder()
  expect(startsWithin(200)).toEqual([1, 2, 4, 8, 16, 32, 64, 124, 184])
})

test('one that runs is left alone', () => {
  takeFolder(dir, COMMAND)
  expect(startsWithin(5)).toEqual([])
})

test('one that was stopped in order stays stopped', async () => {
  await killedHolder()
  expect(clearFolder(dir)).toBeUndefined()
  expect(startsWithin(5)).toEqual([])
})

test('one of another folder, of which this one is a copy, is nobody here', async () => {
  await killedHolder()
  const copy = join(dir, 'copy')
  cpSync(join(dir, 'process.json'), join(copy, 'process.json'))
  expect(startsWithin(5, copy)).toEqual([])
})

test('a folder that is gone is no reason to start anything', () => {
  expect(startsWithin(5, join(dir, 'gone'))).toEqual([])
})

test('a folder is taken in the place of one that was killed, not of one that runs or was stopped', async () => {
  expect(() => takeFolder(dir, COMMAND, {again: true})).toThrow(/was stopped in the meantime/)
  await killedHolder()
  takeFolder(dir, COMMAND, {again: true})
  expect(globalProcess(dir)).toMatchObject({pid: process.pid, command: COMMAND})
  expect(() => takeFolder(dir, COMMAND, {again: true})).toThrow(`runs on ${dir} already (process ${process.pid})`)
})

test('a folder that somebody alive holds is not cleared', () => {
  takeFolder(dir, COMMAND)
  expect(clearFolder(dir)).toMatchObject({pid: process.pid})
  expect(lastHolder(dir)).toBeDefined()
})

test('of several that want a folder at once exactly one gets it', async () => {
  await killedHolder()
  const program = fileURLToPath(new URL('./take-folder.ts', import.meta.url))
  const rivals = [1, 2, 3, 4].map(() => spawn(process.execPath, [program, dir], {stdio: ['pipe', 'pipe', 'inherit']}))
  const said = await Promise.all(
    rivals.map(async ({stdout}) => {
      const [chunk] = await once(stdout, 'data')
      return String(chunk)
    }),
  )
  const exits = Promise.all(rivals.map((rival) => once(rival, 'exit')))
  for (const {stdin} of rivals) stdin.end()
  await exits
  expect(said.toSorted()).toEqual(['refused', 'refused', 'refused', 'taken'])
})
