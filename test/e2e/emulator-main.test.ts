import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {EmulatorFile} from '../../src/emulator/contract.ts'
import {readJson} from '../../src/emulator/files.ts'

const MAIN = fileURLToPath(new URL('../../src/emulator/main.ts', import.meta.url))

let dir: string
const started: ChildProcess[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-main-'))
})
afterEach(() => {
  run('stop')
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(dir, {recursive: true, force: true})
})

const run = (verb: string) => spawnSync(process.execPath, [MAIN, verb, '--dir', dir], {encoding: 'utf8'})
const file = () => readJson<EmulatorFile>(join(dir, 'emulator.json'))

/** Starts the emulator as `ha` does, and waits as `ha` does. */
async function start() {
  const child = spawn(process.execPath, [MAIN, 'start', '--dir', dir], {stdio: ['ignore', 'ignore', 'pipe']})
  started.push(child)
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  await expect.poll(() => file()?.pid, {timeout: 15_000, interval: 20}).toBe(child.pid)
  return {child, exited, file: file()!}
}

test('once it is ready it says where everything is, answers there, and leaves nothing when stopped', async () => {
  const {child, exited, file: ready} = await start()
  expect(ready).toEqual({
    version: 1,
    pid: child.pid,
    startedAt: expect.any(String),
    googleapis: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    providers: {gcp: expect.any(Number), kubernetes: expect.any(Number)},
    pubsub: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  })
  expect(JSON.parse(run('status').stdout)).toMatchObject({running: true, ready: true, file: ready, info: {regions: []}})
  expect(run('stop')).toMatchObject({status: 0, stdout: '', stderr: ''})
  expect(await exited).toBe(0)
  expect(file()).toBeUndefined()
  expect(JSON.parse(run('status').stdout)).toEqual({running: false, ready: false})
})

test('a second one on the same folder is refused, and the first goes on', async () => {
  const {child} = await start()
  const second = run('start')
  expect(second.status).toBe(1)
  expect(second.stderr).toBe(`An emulator runs on ${dir} already (process ${child.pid}).\n`)
  expect(JSON.parse(run('status').stdout)).toMatchObject({ready: true})
})

test('after a kill -9 it comes back on the same ports with the same images, though its file still lay there', async () => {
  const first = await start()
  const image = {image: 'web:1', command: 'node web.js', cwd: '/srv'}
  await fetch(`${first.file.googleapis}/emulator/v1/images`, {method: 'POST', body: JSON.stringify(image)})
  first.child.kill('SIGKILL')
  await first.exited
  const {file: again} = await start()
  expect({...again, pid: 0, startedAt: ''}).toEqual({...first.file, pid: 0, startedAt: ''})
  const found = await fetch(`${again.googleapis}/emulator/v1/images?image=web:1&container=any`)
  expect(await found.json()).toEqual(image)
})

test('it stops in order when asked over HTTP', async () => {
  const {exited, file: ready} = await start()
  expect((await fetch(`${ready.googleapis}/emulator/v1:shutdown`, {method: 'POST'})).status).toBe(200)
  expect(await exited).toBe(0)
  expect(existsSync(join(dir, 'process.json'))).toBe(false)
})

test.each([
  ['without a folder', ['start'], /^usage: /],
  ['without a verb it knows', ['fly', '--dir', '/tmp'], /^usage: /],
  ['with an option it does not know', ['start', '--port', '1'], /--port/],
])('%s it says how it is used', (_, args, said) => {
  const {status, stderr} = spawnSync(process.execPath, [MAIN, ...args], {encoding: 'utf8'})
  expect(status).toBe(1)
  expect(stderr).toMatch(said)
})
