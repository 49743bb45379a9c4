import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {runGraph} from '../../src/engine/run-graph.ts'
import {cloudResources, pendingOf} from '../../src/engine/state.ts'
import type {Unstamped} from '../../src/events/events.ts'
import {isRunning, type ProcessMark} from '../../src/process.ts'
import {type Lab, openLab, thingStack, withoutEngine} from '../fakes/lab.ts'

const realTest = test.skipIf(withoutEngine)

let lab: Lab
beforeEach(async () => {
  if (!withoutEngine) lab = await openLab()
})
afterEach(() => lab?.close())

interface Deploy {
  readonly child: ChildProcess
  readonly events: Unstamped[]
  /** Resolves at the first event that fits. */
  when(fits: (event: Unstamped) => boolean): Promise<void>
  /** Resolves to the last line once it has ended. */
  ended(): Promise<string>
}

function deploy(delayMs: number): Deploy {
  const port = lab.workspace.env.PULUMI_DEBUG_PROVIDERS!.split(':')[1]!
  const path = fileURLToPath(new URL('../fakes/deploy.ts', import.meta.url))
  const child = spawn(process.execPath, [path, lab.dir, port, String(delayMs)], {stdio: ['ignore', 'pipe', 'inherit']})
  const events: Unstamped[] = []
  const waiting: {fits(event: Unstamped): boolean; done(): void}[] = []
  let last = ''
  createInterface({input: child.stdout}).on('line', (line) => {
    last = line
    if (!line.startsWith('{')) return
    const event = JSON.parse(line) as Unstamped
    events.push(event)
    for (const each of waiting) if (each.fits(event)) each.done()
  })
  return {
    child,
    events,
    when: (fits) => (events.some(fits) ? Promise.resolve() : new Promise((done) => waiting.push({fits, done}))),
    ended: async () => {
      await once(child, 'close')
      return last
    },
  }
}

const marks = () => readdirSync(join(lab.dir, 'engine', 'engines')).filter((file) => file.endsWith('.json'))
const markOf = (file: string): ProcessMark => JSON.parse(readFileSync(join(lab.dir, 'engine', 'engines', file), 'utf8'))
const started = (event: Unstamped) => event.kind === 'part.started'

realTest(
  'a deploy after a kill -9 of ha waits for its engines, takes over the lock and converges, nothing made twice',
  async () => {
    const first = deploy(1200)
    await first.when(started)
    first.child.kill('SIGKILL')
    await first.ended()
    const engines = marks().map(markOf)
    expect(engines.length).toBeGreaterThan(0)

    const second = deploy(0)
    expect(await second.ended()).toBe('done')
    expect(second.events).toContainEqual(expect.objectContaining({kind: 'lock.broken'}))
    expect(engines.filter(isRunning)).toEqual([])
    expect(lab.things()).toEqual(['a1', 'a2', 'b1', 'c1'])
    expect(marks()).toEqual([])
  },
  60_000,
)

realTest(
  'an engine that is left alone finishes what is in flight, keeps its state whole and ends by itself',
  async () => {
    const first = deploy(800)
    await first.when(started)
    first.child.kill('SIGKILL')
    await first.ended()
    const engines = marks().map(markOf)
    await expect.poll(() => engines.filter(isRunning), {timeout: 15_000}).toEqual([])
    const checkpoint = await lab.workspace.state.read('a')
    expect(pendingOf(checkpoint)).toEqual([])
    expect(
      cloudResources(checkpoint)
        .map((resource) => resource.id)
        .sort(),
    ).toEqual(lab.things().filter((name) => name.startsWith('a')))
  },
  60_000,
)

realTest.each([
  ['before the cloud made the thing', 3000, 300],
  ['after the cloud made the thing', 3000, 2000],
])(
  'an engine killed %s leaves nothing orphaned and nothing made twice',
  async (_, delayMs, killAfterMs) => {
    const nodes = [thingStack('a', {things: () => [{name: 'slow', delayMs, value: 1}]})]
    const emit = (event: Unstamped) => {
      lab.events.push(event)
      if (event.kind !== 'part.started') return
      const [mark] = marks().map(markOf)
      setTimeout(() => process.kill(-mark!.pid, 'SIGKILL'), killAfterMs)
    }
    const first = await runGraph(lab.run(nodes, {emit}))
    expect(first.nodes[0]).toMatchObject({how: 'failed', problems: [expect.objectContaining({code: 'ENGINE_CRASHED'})]})
    expect(pendingOf(await lab.workspace.state.read('a'))).toHaveLength(1)

    lab.events.length = 0
    const second = await runGraph(lab.run(nodes))
    expect(second.nodes[0]).toMatchObject({how: 'done'})
    expect(lab.events).toContainEqual({
      kind: 'stack.repaired',
      stack: 'a',
      pending: [expect.objectContaining({name: 'slow'})],
    })
    expect(lab.things()).toEqual(['slow'])
    const checkpoint = await lab.workspace.state.read('a')
    expect(pendingOf(checkpoint)).toEqual([])
    expect(cloudResources(checkpoint)).toEqual([expect.objectContaining({id: 'slow'})])

    const third = await runGraph(lab.run(nodes, {operation: 'preview'}))
    expect(third.plan).toEqual([{stack: 'a', verdict: 'same', changes: []}])
  },
  60_000,
)

realTest('a thing the cloud made after the repair looked is taken in when its creation is refused', async () => {
  const nodes = [thingStack('a', {things: () => [{name: 'late'}]})]
  const {recorded} = await runGraph(lab.run(nodes))
  expect(recorded.a).toBeDefined()
  // The state as it is when the engine died before the cloud answered; the repair's read is made to find nothing.
  const checkpoint = (await lab.workspace.state.read('a'))!
  const latest = checkpoint.checkpoint.latest!
  const resource = latest.resources!.find(({id}) => id === 'late')!
  const {id: _, outputs: __, ...unborn} = resource
  const resources = latest.resources!.filter((each) => each !== resource)
  const pending_operations = [{type: 'creating' as const, resource: unborn}]
  await lab.workspace.state.write('a', {
    ...checkpoint,
    checkpoint: {...checkpoint.checkpoint, latest: {...latest, resources, pending_operations}},
  })

  let asked = 0
  const identify = () => (asked++ === 0 ? undefined : 'late')
  const result = await runGraph(lab.run(nodes, {identify}))
  expect(result.nodes[0]).toMatchObject({how: 'done'})
  expect(lab.things()).toEqual(['late'])
  expect(lab.calls('create')).toBe(2)
})

realTest('a lock of a dead engine is dropped, one of a living process is respected', async () => {
  const nodes = [thingStack('a')]
  await runGraph(lab.run(nodes))
  const folder = join(lab.dir, '.pulumi', 'locks', 'organization', 'lab', 'a')
  const hostname = (await import('node:os')).hostname()
  const place = (name: string, pid: number) => {
    writeFileSync(join(folder, name), JSON.stringify({pid, hostname, username: 'x', timestamp: '2026-01-01T00:00:00Z'}))
  }
  const {mkdirSync} = await import('node:fs')
  mkdirSync(folder, {recursive: true})
  place('dead.json', 2 ** 22 + 1)
  expect(await runGraph(lab.run(nodes, {all: true}))).toMatchObject({ok: true})
  expect(existsSync(join(folder, 'dead.json'))).toBe(false)

  place('alive.json', process.pid)
  const {
    nodes: [refused],
  } = await runGraph(lab.run(nodes, {all: true}))
  expect(refused).toMatchObject({how: 'failed', problems: [expect.objectContaining({code: 'STACK_LOCKED'})]})
})
