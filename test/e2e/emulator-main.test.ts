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
  await expect.poll(() => file()?.pid, {timeout: 60_000, interval: 20}).toBe(child.pid)
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

/** Two regions, each with a database server in it. */
async function fill({googleapis}: EmulatorFile): Promise<void> {
  const instances = `${googleapis}/sql/v1beta4/projects/demo/instances`
  for (const [name, region] of Object.entries({a: 'us-east1', b: 'europe-west1'})) {
    const body = JSON.stringify({name, region, settings: {tier: 'db-f1-micro', edition: 'ENTERPRISE'}})
    const answer = await fetch(instances, {method: 'POST', body, headers: {'content-type': 'application/json'}})
    expect(answer.status, await answer.text()).toBe(200)
    const state = async () => ((await (await fetch(`${instances}/${name}`)).json()) as {state: string}).state
    await expect.poll(state, {timeout: 30_000, interval: 50}).toBe('RUNNABLE')
  }
}

interface Region {
  readonly name: string
  readonly state: string
  readonly pid: number
}

/** The regions as the emulator sees them; undefined while it does not answer. */
async function regions(): Promise<readonly Region[] | undefined> {
  const answer = await fetch(`${file()?.googleapis}/emulator/v1/regions`).catch(() => undefined)
  return answer?.ok ? ((await answer.json()) as {regions: readonly Region[]}).regions : undefined
}

/** Processes with the folder on their command line. */
const processes = () =>
  spawnSync('ps', ['-axww', '-o', 'pid=,command='], {encoding: 'utf8'})
    .stdout.split('\n')
    .filter((line) => line.includes(dir))

test('a global process that was killed is started again by its regions, on the same ports, and whatever else was killed with it', async () => {
  const {child, file: first} = await start()
  await fill(first)
  const [us, eu] = (await regions())!
  child.kill('SIGKILL')
  await expect.poll(regions, {timeout: 20_000, interval: 50}).toMatchObject([{pid: us!.pid}, {pid: eu!.pid}])
  const second = file()!
  expect({...second, pid: 0, startedAt: ''}).toEqual({...first, pid: 0, startedAt: ''})

  // The one that started it is killed with all that is below it, then it, then the other one stays alone.
  process.kill(-us!.pid, 'SIGKILL')
  process.kill(second.pid, 'SIGKILL')
  const up = [{state: 'up'}, {state: 'up', pid: eu!.pid}]
  await expect.poll(regions, {timeout: 40_000, interval: 50}).toMatchObject(up)
  expect({...file(), pid: 0, startedAt: ''}).toEqual({...first, pid: 0, startedAt: ''})

  expect(run('stop')).toMatchObject({status: 0, stderr: ''})
  await expect.poll(processes, {timeout: 10_000, interval: 50}).toEqual([])
}, 120_000)

test('stopped right after the global process was killed it stays stopped', async () => {
  const {child, exited, file: ready} = await start()
  await fill(ready)
  child.kill('SIGKILL')
  await exited
  expect(run('stop')).toMatchObject({status: 0, stderr: ''})
  // Who was about to start it again finds that it was stopped.
  await expect.poll(processes, {timeout: 10_000, interval: 50}).toEqual([])
  expect(file()).toBeUndefined()
  expect(JSON.parse(run('status').stdout)).toEqual({running: false, ready: false})
}, 60_000)

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
