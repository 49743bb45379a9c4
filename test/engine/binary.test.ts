import {createHash} from 'node:crypto'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {type Obtain, obtainEngine} from '../../src/engine/binary.ts'
import {type Run, runCommand} from '../../src/engine/obtain/spawn.ts'
import type {Unstamped} from '../../src/events/events.ts'

const VERSION = '3.259.0'
let dir: string
let events: Unstamped[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-obtain-'))
  events = []
})
afterEach(() => rmSync(dir, {recursive: true, force: true}))

/** A `pulumi` that tells its version; padded, so that a truncated one differs. */
const binary = (version: string) => `#!/bin/sh\necho v${version}\nexit 0\n${'#'.repeat(200)}\n`
const place = (path: string, text: string) => {
  mkdirSync(join(path, '..'), {recursive: true})
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}
const cached = () => join(dir, 'cache', 'engine', VERSION, 'pulumi')

/** `tar` unpacks a fixed binary, `go` does what it is told; everything else is really run. */
const commands =
  (
    go: (args: readonly string[]) => {code: number; stdout?: string; stderr?: string} | undefined,
    unpacked = binary(VERSION),
  ): Run =>
  async (command, args, options) => {
    if (command === 'tar') {
      place(join(args[args.indexOf('-C') + 1]!, 'pulumi', 'pulumi'), unpacked)
      return {code: 0, stdout: '', stderr: ''}
    }
    if (command !== 'go') return runCommand(command, args, options)
    const answer = go(args)
    if (!answer) throw Object.assign(new Error('spawn go ENOENT'), {code: 'ENOENT'})
    for (const line of (answer.stderr ?? '').split('\n')) options.onLine?.(line)
    return {stdout: '', stderr: '', ...answer}
  }
const noGo = commands(() => undefined)

const offline: Obtain['fetch'] = async () => {
  throw Object.assign(new TypeError('fetch failed'), {cause: {code: 'ENOTFOUND'}})
}
const archive = Buffer.from('the archive')
const site =
  (sum = createHash('sha256').update(archive).digest('hex')): Obtain['fetch'] =>
  async (url) =>
    url.endsWith('checksums.txt')
      ? new Response(`${'0'.repeat(64)}  other.tar.gz\n${sum}  pulumi-v${VERSION}-linux-x64.tar.gz\n`)
      : new Response(archive, {headers: {'content-length': String(archive.length)}})

const options = (more: Partial<Obtain> = {}): Obtain => ({
  version: VERSION,
  cacheDir: join(dir, 'cache'),
  moduleDir: join(import.meta.dirname, '../../src/engine/go'),
  platform: 'linux',
  arch: 'x64',
  env: {PATH: '/usr/bin:/bin'},
  fetch: offline,
  run: noGo,
  clock: systemClock,
  emit: (event) => events.push(event),
  signal: new AbortController().signal,
  ...more,
})

const leftovers = () => readdirSync(join(cached(), '..')).filter((name) => name !== 'pulumi')

test('a pulumi of the right version on PATH is taken, and asked for its version only once', async () => {
  place(join(dir, 'bin', 'pulumi'), binary(VERSION))
  let asked = 0
  const run: Run = (command, args, more) => {
    asked += 1
    return runCommand(command, args, more)
  }
  const env = {PATH: `${join(dir, 'bin')}:/usr/bin:/bin`}
  const expected = {path: join(dir, 'bin', 'pulumi'), version: VERSION, from: 'PATH'}
  expect(await obtainEngine(options({env, run}))).toEqual(expected)
  expect(await obtainEngine(options({env, run}))).toEqual(expected)
  expect(asked).toBe(1)
})

test('a pulumi of another version on PATH is passed over for the cache', async () => {
  place(join(dir, 'bin', 'pulumi'), binary('3.100.0'))
  place(cached(), binary(VERSION))
  expect(await obtainEngine(options({env: {PATH: `${join(dir, 'bin')}:/usr/bin:/bin`}}))).toMatchObject({
    path: cached(),
    from: 'cache',
  })
})

test.each([
  ['truncated', ''],
  ['not a program', 'garbage'],
  ['of another version', binary('3.1.0')],
])('a cached binary that is %s is removed and obtained again', async (_, text) => {
  place(cached(), text)
  expect(await obtainEngine(options({fetch: site()}))).toMatchObject({path: cached(), from: 'download'})
  expect(readFileSync(cached(), 'utf8')).toBe(binary(VERSION))
})

test('a cached binary that was good and is changed later is noticed', async () => {
  place(cached(), binary(VERSION))
  await obtainEngine(options())
  place(cached(), 'torn')
  await expect(obtainEngine(options())).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining('damaged and has been removed'),
  })
})

test('a download shows its progress and is put in place whole', async () => {
  expect(await obtainEngine(options({fetch: site()}))).toEqual({path: cached(), version: VERSION, from: 'download'})
  expect(events.map((event) => event.kind)).toEqual(['task.started', 'task.progressed', 'task.finished'])
  expect(leftovers()).toEqual([])
})

test('an archive with a wrong checksum is never unpacked', async () => {
  let unpacked = false
  const run: Run = async (command, args, more) => {
    if (command === 'tar') unpacked = true
    return noGo(command, args, more)
  }
  await expect(obtainEngine(options({fetch: site('a'.repeat(64)), run}))).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining('damaged or exchanged on its way'),
  })
  expect(unpacked).toBe(false)
  expect(existsSync(cached())).toBe(false)
})

test('where the site is out of reach the engine is built, and the bar moves by packages', async () => {
  const run = commands((args) => {
    if (args[0] === 'list')
      return {code: 0, stdout: 'a\nb\ngithub.com/c/d\n', stderr: 'go: downloading github.com/c v1.0.0'}
    if (args[0] === 'build') place(args[args.indexOf('-o') + 1]!, binary(VERSION))
    return {code: 0, stderr: args[0] === 'build' ? 'a\ngithub.com/c/d' : ''}
  })
  expect(await obtainEngine(options({run}))).toEqual({path: cached(), version: VERSION, from: 'build'})
  expect(events.filter((event) => event.kind === 'task.progressed' && event.task === 'engine.build')).toEqual([
    expect.objectContaining({unit: 'modules', done: 1}),
    expect.objectContaining({unit: 'packages', done: 1, total: 3}),
    expect.objectContaining({unit: 'packages', done: 2, total: 3}),
  ])
  expect(leftovers()).toEqual([])
})

test('without network and without Go one error says which ways were tried, why each failed and what to do', async () => {
  place(join(dir, 'bin', 'pulumi'), binary('3.100.0'))
  const failure = await obtainEngine(options({env: {PATH: `${join(dir, 'bin')}:/usr/bin:/bin`}})).catch(
    (thrown) => thrown,
  )
  expect(failure.code).toBe('ENGINE_UNAVAILABLE')
  expect(failure.data.tried).toEqual({
    PATH: `${join(dir, 'bin', 'pulumi')} is version 3.100.0, not ${VERSION}`,
    cache: 'empty',
    download: 'github.com cannot be reached (ENOTFOUND)',
    build: 'Go is not installed',
  })
  expect(failure.next.join(' ')).toContain('ha engine install')
})

test('a build whose sources cannot be had says the telling line', async () => {
  const run = commands((args) =>
    args[0] === 'list'
      ? {code: 1, stderr: 'go: downloading x v1\ngo: x@v1: Get "x": dial tcp: lookup proxy: no such host\nnoise'}
      : {code: 0},
  )
  await expect(obtainEngine(options({run}))).rejects.toMatchObject({
    message: expect.stringContaining(
      'the sources cannot be had: go: x@v1: Get "x": dial tcp: lookup proxy: no such host',
    ),
  })
})

test.each([
  [
    'the build',
    {
      run: commands((args) =>
        args[0] === 'build' ? {code: 1, stderr: 'write /x: no space left on device'} : {code: 0},
      ),
    },
  ],
  [
    'the download',
    {
      fetch: (async (url, more) => {
        if (url.endsWith('checksums.txt')) return site()(url, more)
        throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'})
      }) satisfies Obtain['fetch'],
    },
  ],
])('a disk that is full during %s is said as such, and nothing half done stays behind', async (_, more) => {
  await expect(obtainEngine(options(more))).rejects.toMatchObject({
    code: 'DISK_FULL',
    next: [expect.stringContaining('HA_CACHE_DIR')],
  })
  expect(leftovers()).toEqual([])
})

test('two that need it at once obtain it once', async () => {
  let downloads = 0
  const fetch: Obtain['fetch'] = async (url, more) => {
    if (url.endsWith('.tar.gz')) downloads += 1
    return site()(url, more)
  }
  const engines = await Promise.all([1, 2, 3].map(() => obtainEngine(options({fetch}))))
  expect(engines.map((engine) => engine.path)).toEqual(Array(3).fill(cached()))
  expect(downloads).toBe(1)
})

test('a run that was killed while it obtained the engine stops no one', async () => {
  const folder = join(cached(), '..')
  place(join(folder, 'turn.json'), JSON.stringify({pid: process.pid, started: 'long ago'}))
  place(join(folder, '.new-build', 'pulumi'), 'half')
  expect(await obtainEngine(options({fetch: site()}))).toMatchObject({from: 'download'})
  expect(leftovers()).toEqual([])
})

test.each(['before', 'during'])('an interrupt %s the download ends it', async (when) => {
  const interrupt = new AbortController()
  const abort = () => interrupt.abort(new Error('interrupted'))
  const fetch: Obtain['fetch'] = (_, {signal}) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      abort()
    })
  if (when === 'before') abort()
  await expect(obtainEngine(options({fetch, signal: interrupt.signal}))).rejects.toThrow('interrupted')
})
