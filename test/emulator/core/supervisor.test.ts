import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {RegionLink} from '../../../src/emulator/contract.ts'
import {startOf} from '../../../src/emulator/process-table.ts'
import {endRegions, zonesOf} from '../../../src/emulator/region-process.ts'
import {createSupervisor, type Supervisor} from '../../../src/emulator/supervisor.ts'

const PROGRAM = fileURLToPath(new URL('./region.ts', import.meta.url))
const AT_ONCE = {backoffMs: 10}

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-supervisor-'))
})
afterEach(async () => {
  // Else one with a short back-off brings back what endRegions ends.
  for (const supervisor of supervisors.splice(0)) await supervisor.stopAll()
  await endRegions(dir)
  rmSync(dir, {recursive: true, force: true})
})

const supervisors: Supervisor[] = []

function supervise(more: {backoffMs?: number; again?: boolean; log?: (message: string) => void} = {}): Supervisor {
  const supervisor = createSupervisor({
    dir,
    log: (_, message) => more.log?.(message),
    googleapis: 'http://127.0.0.1:1',
    pubsub: () => '127.0.0.1:2',
    program: PROGRAM,
    again: more.again ?? false,
    backoffMs: more.backoffMs ?? 60_000,
  })
  supervisors.push(supervisor)
  return supervisor
}

interface Facts {
  readonly pid: number
  readonly strayed: number
  readonly [flag: string]: unknown
}
const factsOf = (link: RegionLink) => link.call<Facts>('GET', '/')

/** Resolves when the supervisor logs a line with this text. */
function logged(text: string): {line: Promise<void>; log: (message: string) => void} {
  let heard: () => void = () => {}
  const line = new Promise<void>((done) => {
    heard = done
  })
  return {line, log: (message) => message.includes(text) && heard()}
}

const isGone = (pid: number) => expect.poll(() => startOf(pid), {timeout: 5_000, interval: 10}).toBeUndefined()

test('a region is started once, however many ask for it at the same time, and told who it is', async () => {
  const supervisor = supervise()
  const links = await Promise.all([1, 2, 3].map(() => supervisor.ensure('us-east1', {project: 'demo'})))
  const facts = await Promise.all(links.map(factsOf))
  expect(new Set(facts.map(({pid}) => pid)).size).toBe(1)
  expect(facts[0]).toMatchObject({
    region: 'us-east1',
    zones: 'us-east1-b,us-east1-c,us-east1-d',
    project: 'demo',
    googleapis: 'http://127.0.0.1:1',
    pubsub: '127.0.0.1:2',
  })
})

test('killing a region ends all of it at once, what left its group too, and it stays down until started', async () => {
  const supervisor = supervise(AT_ONCE)
  const link = await supervisor.ensure('us-east1')
  const {pid, strayed} = await factsOf(link)
  supervisor.kill('us-east1')
  await isGone(pid)
  await isGone(strayed)
  await expect(supervisor.ensure('us-east1')).rejects.toThrow('Region us-east1 is down.')
  await expect(factsOf(link)).rejects.toThrow('Region us-east1 is down.')
  expect(supervisor.list()).toMatchObject([{name: 'us-east1', state: 'down'}])
  await supervisor.start('us-east1')
  expect((await factsOf(await supervisor.ensure('us-east1'))).pid).not.toBe(pid)
})

test('a region whose main process crashes comes back by itself, and nothing of the old one is left', async () => {
  const {line, log} = logged('started again')
  const supervisor = supervise({...AT_ONCE, log})
  const link = await supervisor.ensure('us-east1')
  const {strayed} = await factsOf(link)
  await expect(link.call('POST', '/crash')).rejects.toThrow()
  await line
  await expect.poll(() => supervisor.list()[0]?.state, {timeout: 10_000}).toBe('up')
  expect(startOf(strayed)).toBeUndefined()
})

test('a paused region does not answer, and goes on where it was when resumed', async () => {
  const supervisor = supervise()
  const link = await supervisor.ensure('us-east1')
  const {pid} = await factsOf(link)
  supervisor.pause('us-east1')
  expect(supervisor.list()).toMatchObject([{state: 'paused'}])
  await expect(link.call('GET', '/', undefined, 200)).rejects.toThrow(/timeout|abort/i)
  supervisor.resume('us-east1')
  expect((await factsOf(link)).pid).toBe(pid)
})

test('a call that is not answered ends at its deadline', async () => {
  const link = await supervise().ensure('us-east1')
  await expect(link.call('GET', '/silence', undefined, 100)).rejects.toThrow(/timeout|abort/i)
})

test('regions that outlived the global process are adopted, not started again', async () => {
  const {pid} = await factsOf(await supervise().ensure('us-east1'))
  const next = supervise()
  await next.startAll()
  expect((await factsOf(await next.ensure('us-east1'))).pid).toBe(pid)
})

test('a region killed before stays known: a new global process brings it back', async () => {
  const first = supervise()
  const {pid} = await factsOf(await first.ensure('us-east1'))
  first.kill('us-east1')
  await isGone(pid)
  const next = supervise()
  await next.startAll()
  expect(next.list()).toMatchObject([{name: 'us-east1', state: 'up'}])
})

test('what was killed or paused on purpose stays so when the global process comes back by itself, and is forgotten once undone', async () => {
  const first = supervise()
  const facts = await Promise.all(['us-east1', 'europe-west1'].map(async (name) => factsOf(await first.ensure(name))))
  first.kill('us-east1')
  first.pause('europe-west1')
  await isGone(facts[0]!.pid)
  const second = supervise({again: true})
  await second.startAll()
  expect(second.list()).toMatchObject([{state: 'down'}, {state: 'paused', pid: facts[1]!.pid}])
  await second.start('us-east1')
  await second.start('europe-west1')
  const third = supervise({again: true})
  await third.startAll()
  expect(third.list()).toMatchObject([{state: 'up'}, {state: 'up', pid: facts[1]!.pid}])
})

test('stopping leaves no process and can be done by whoever comes after', async () => {
  const supervisor = supervise()
  const facts = await Promise.all(
    ['us-east1', 'europe-west1'].map(async (name) => factsOf(await supervisor.ensure(name))),
  )
  await endRegions(dir)
  for (const {pid, strayed} of facts) expect([startOf(pid), startOf(strayed)]).toEqual([undefined, undefined])
})

test('a region that cannot start says why at once and leaves its last words in the log folder', async () => {
  const broken = createSupervisor({
    dir,
    log: () => {},
    googleapis: '',
    pubsub: () => '',
    program: join(dir, 'no-such-program.ts'),
    backoffMs: 60_000,
  })
  await expect(broken.ensure('us-east1')).rejects.toThrow('Region us-east1 ended with 1 before it was ready.')
  expect(readFileSync(join(dir, 'log', 'region-us-east1.out'), 'utf8')).toContain('no-such-program')
  expect(existsSync(join(dir, 'regions', 'us-east1', 'region.json'))).toBe(false)
  await broken.stopAll()
})

test.each([
  ['us-east1', ['us-east1-b', 'us-east1-c', 'us-east1-d']],
  ['europe-west1', ['europe-west1-b', 'europe-west1-c', 'europe-west1-d']],
  ['us-central1', ['us-central1-a', 'us-central1-b', 'us-central1-c']],
])('the zones of %s are %j', (region, zones) => {
  expect(zonesOf(region)).toEqual(zones)
})

test('a region that is retired ends with all it started, is forgotten and leaves no file', async () => {
  const supervisor = supervise(AT_ONCE)
  const {pid, strayed} = await factsOf(await supervisor.ensure('us-east1'))
  await supervisor.retire('us-east1')
  await isGone(pid)
  await isGone(strayed)
  expect(supervisor.list()).toEqual([])
  expect(existsSync(join(dir, 'regions', 'us-east1'))).toBe(false)
})
