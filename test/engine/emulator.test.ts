import {once} from 'node:events'
import {cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {type EmulatorOptions, ensureEmulator, observeEmulator, stopEmulator} from '../../src/engine/emulator.ts'
import type {Unstamped} from '../../src/events/events.ts'
import {startedAt} from '../../src/process.ts'

const program = fileURLToPath(new URL('../fakes/emulator.ts', import.meta.url))
let dir: string
let events: Unstamped[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-emulator-'))
  events = []
})
afterEach(async () => {
  if (existsSync(join(dir, 'emulator.json'))) await stopEmulator(dir, {}, {program}).catch(() => {})
  rmSync(dir, {recursive: true, force: true})
})

const options = (more: Partial<EmulatorOptions> = {}): EmulatorOptions => ({
  dir,
  env: {PATH: process.env.PATH},
  clock: systemClock,
  emit: (event) => events.push(event),
  program,
  ...more,
})

test('the emulator is started once and adopted afterwards', async () => {
  const first = await ensureEmulator(options())
  expect(events.map((event) => event.kind)).toEqual(['task.started', 'task.finished'])
  const second = await ensureEmulator(options())
  expect(second).toEqual(first)
  expect(events).toHaveLength(2)
  await stopEmulator(dir, {}, {program})
  await expect.poll(() => startedAt(first.pid)).toBeUndefined()
  expect(await observeEmulator(dir)).toBeUndefined()
})

test('a file that a dead emulator left does not count', async () => {
  writeFileSync(join(dir, 'emulator.json'), JSON.stringify({googleapis: 'http://127.0.0.1:1', pid: 1}))
  expect((await ensureEmulator(options())).googleapis).not.toBe('http://127.0.0.1:1')
})

test.each([
  ['Error: ENOSPC: no space left on device, write', 'DISK_FULL', 'The disk is full'],
  ['Error: initdb: could not find a program', 'POSTGRES_UNAVAILABLE', 'initdb'],
  ['Error: something else', 'EMULATOR_UNAVAILABLE', 'something else'],
])('last words "%s" become %s', async (words, code, message) => {
  const failure = ensureEmulator(options({env: {PATH: process.env.PATH, FAKE_LAST_WORDS: words}}))
  await expect(failure).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
    next: [expect.any(String)],
  })
  expect(events.at(-1)).toMatchObject({kind: 'task.failed'})
})

test('a port that is taken is named together with who holds it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  const env = {
    PATH: process.env.PATH,
    FAKE_LAST_WORDS: `Error: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  }
  await expect(ensureEmulator(options({env}))).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining(`Port ${port} is taken`),
    data: {port, pid: process.pid},
  })
  server.close()
})

test('one that never becomes ready is given up', async () => {
  const env = {PATH: process.env.PATH, FAKE_HANGS: '1'}
  await expect(ensureEmulator(options({env, timeoutMs: 300}))).rejects.toMatchObject({code: 'EMULATOR_UNAVAILABLE'})
})

test('waiting for it can be interrupted', async () => {
  const interrupt = new AbortController()
  const env = {PATH: process.env.PATH, FAKE_HANGS: '1'}
  const work = ensureEmulator(options({env, signal: interrupt.signal}))
  interrupt.abort(new Error('interrupted'))
  await expect(work).rejects.toThrow('interrupted')
})

test('what it says while it starts is kept for people', async () => {
  await ensureEmulator(options({env: {PATH: process.env.PATH, FAKE_LAST_WORDS: 'Error: boom'}})).catch(() => {})
  expect(readFileSync(join(dir, 'start.log'), 'utf8')).toContain('boom')
})

test('a folder copied from another one does not adopt the emulator of the original', async () => {
  await ensureEmulator(options())
  const copy = mkdtempSync(join(tmpdir(), 'ha-emulator-copy-'))
  try {
    cpSync(dir, copy, {recursive: true})
    expect(await observeEmulator(copy)).toBeUndefined()
  } finally {
    rmSync(copy, {recursive: true, force: true})
  }
})

test('a port that somebody else listens on is told, with who it is, before anything is started', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  try {
    const refused = ensureEmulator(options({edgePort: port, dir: join(dir, 'none')}))
    await expect(refused).rejects.toMatchObject({code: 'PORT_TAKEN', data: {port, pid: process.pid}})
    expect(existsSync(join(dir, 'none'))).toBe(false)
  } finally {
    server.close()
  }
})
