import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {type Clock, systemClock} from '../../src/clock.ts'
import type {Unstamped} from '../../src/events/events.ts'
import {acquireLock, breakLock, type LockDocument, type LockRequest, observeLock} from '../../src/store/lock.ts'
import {openStore} from '../../src/store/open.ts'
import type {Store} from '../../src/store/store.ts'
import {lockRequest} from '../fakes/lock.ts'

let dir: string
let store: Store
let events: Unstamped[]
const children: ChildProcess[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-lock-'))
  store = openStore({url: pathToFileURL(dir).href})
  events = []
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  rmSync(dir, {recursive: true, force: true})
})

const request = (more: Partial<LockRequest> = {}) => lockRequest(store, {emit: (event) => events.push(event), ...more})

const holder = async (timeoutMs = 0): Promise<{child: ChildProcess; line: string}> => {
  const path = fileURLToPath(new URL('../fakes/lockHolder.ts', import.meta.url))
  const child = spawn(process.execPath, [path, pathToFileURL(dir).href, String(timeoutMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = await once(child.stdout!, 'data')
  return {child, line: String(line).trim()}
}

test('of five processes that race exactly one holds the lock and the others are told so', async () => {
  const lines = (await Promise.all(Array.from({length: 5}, () => holder()))).map((racer) => racer.line)
  expect(lines.sort()).toEqual(['held 1', ...Array(4).fill('refused LOCK_HELD')])
})

test('a second run is told who holds the lock, for what and since when, and how to wait', async () => {
  const lock = await acquireLock(request())
  await expect(acquireLock(request({run: 'run-2'}))).rejects.toMatchObject({
    code: 'LOCK_HELD',
    message: expect.stringMatching(/^ann on .+ is running "deploy" here, since 0 s/),
    next: [expect.stringContaining('--lock-timeout'), expect.stringContaining('ha lock release')],
  })
  await lock.release()
})

test('a run that waits says so once and gets the lock when the holder lets go', async () => {
  const first = await acquireLock(request())
  const second = acquireLock(request({run: 'run-2', timeoutMs: 10_000}))
  await expect.poll(() => events.map((event) => event.kind)).toContain('lock.awaited')
  await first.release()
  const lock = await second
  expect(events.filter((event) => event.kind === 'lock.awaited')).toHaveLength(1)
  expect(lock.fence).toBe(2)
  await lock.release()
})

test('a run that waits can be interrupted', async () => {
  const first = await acquireLock(request())
  const interrupt = new AbortController()
  const second = acquireLock(request({run: 'run-2', timeoutMs: 60_000, signal: interrupt.signal}))
  interrupt.abort(new Error('interrupted'))
  await expect(second).rejects.toThrow('interrupted')
  await first.release()
})

test('the fencing number grows with every holder and survives a release', async () => {
  const fences: number[] = []
  for (const run of ['a', 'b', 'c']) {
    const lock = await acquireLock(request({run}))
    fences.push(lock.fence)
    await lock.release()
  }
  expect(fences).toEqual([1, 2, 3])
  expect(await observeLock(store)).toEqual({fence: 3})
})

test('the lock of a killed process on this machine is taken over at once, and that is said', async () => {
  const {child, line} = await holder()
  expect(line).toBe('held 1')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await acquireLock(request())
  expect(lock.fence).toBe(2)
  expect(events).toContainEqual({
    kind: 'lock.broken',
    owner: 'racer',
    operation: 'deploy',
    reason: 'its process is gone',
  })
  await lock.release()
})

test('of five processes that find the lock of a killed one exactly one takes it over', async () => {
  const {child} = await holder()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lines = (await Promise.all(Array.from({length: 5}, () => holder()))).map((racer) => racer.line)
  expect(lines.sort()).toEqual(['held 2', ...Array(4).fill('refused LOCK_HELD')])
})

test('a process that got the same number as a dead holder does not keep the lock alive', async () => {
  const started = 'another-boot:1'
  const dead = await acquireLock(request({process: {pid: process.pid, started}}))
  const lock = await acquireLock(request({run: 'run-2'}))
  await dead.release()
  await lock.assertHeld()
  await lock.release()
})

test('a lock of another machine is never broken by waiting, only by a person and only once it is silent', async () => {
  const held = await acquireLock(request())
  const now = (await store.read<LockDocument>('lock'))!
  const foreign = {...now.value.holder!, host: {name: 'elsewhere', id: 'other'}}
  await store.write('lock', {fence: now.value.fence, holder: foreign}, {ifVersion: now.version})

  await expect(acquireLock(request({run: 'run-2'}))).rejects.toMatchObject({code: 'LOCK_HELD'})
  const emit = (event: Unstamped) => events.push(event)
  await expect(breakLock({store, clock: systemClock, emit})).rejects.toMatchObject({code: 'LOCK_HELD'})

  const later: Clock = {...systemClock, now: () => systemClock.now() + 120_000}
  expect((await breakLock({store, clock: later, emit}))?.owner).toBe('ann')
  expect(events).toContainEqual(expect.objectContaining({kind: 'lock.broken', reason: 'not heard of for 120 s'}))
  await expect(held.assertHeld()).rejects.toMatchObject({code: 'LOCK_LOST'})
  await held.release()
})

test('a living holder on this machine cannot be put aside', async () => {
  const lock = await acquireLock(request())
  const later: Clock = {...systemClock, now: () => systemClock.now() + 3_600_000}
  await expect(breakLock({store, clock: later, emit: () => {}})).rejects.toMatchObject({code: 'LOCK_HELD'})
  await lock.assertHeld()
  await lock.release()
})

test('a run that was put aside gives nothing back that is now another run’s', async () => {
  const first = await acquireLock(request({process: {pid: process.pid, started: 'gone'}}))
  const second = await acquireLock(request({run: 'run-2'}))
  await first.release()
  await second.assertHeld()
  await second.release()
})
