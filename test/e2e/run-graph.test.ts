import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {listenForInterrupts} from '../../src/engine/interrupts.ts'
import {type Deed, runGraph} from '../../src/engine/run-graph.ts'
import type {Step} from '../../stacks/stack.ts'
import {type Lab, openLab, thingStack, withoutEngine} from '../fakes/lab.ts'

const realTest = test.skipIf(withoutEngine)

let lab: Lab
beforeEach(async () => {
  if (!withoutEngine) lab = await openLab()
})
afterEach(() => lab?.close())

const kinds = (stack?: string) =>
  lab.events
    .filter((event) => stack === undefined || ('stack' in event && event.stack === stack))
    .map((event) => event.kind)

realTest(
  'a deploy makes what the stacks say, hands values on, records each success; a second one starts no process',
  async () => {
    const records: string[] = []
    const nodes = [
      thingStack('foundation'),
      thingStack('cell', {
        needs: ['foundation'],
        region: 'us-east1',
        things: (recorded) => [{name: 'cell', value: recorded.foundation?.names}],
      }),
    ]
    const record = async (name: string) => void records.push(name)
    const first = await runGraph(lab.run(nodes, {record}))
    expect(first).toMatchObject({
      ok: true,
      recorded: {foundation: {names: ['things/foundation']}, cell: {names: ['things/cell']}},
    })
    expect(records).toEqual(['foundation', 'cell'])
    expect(lab.things()).toEqual(['cell', 'foundation'])
    expect(lab.events).toContainEqual({
      kind: 'part.started',
      part: {stack: 'cell', region: 'us-east1', what: 'thing', name: 'cell', stateful: false},
      action: 'create',
    })

    lab.events.length = 0
    const {recorded, fingerprints} = first
    const second = await runGraph(
      lab.run(nodes, {recorded, fingerprints, engine: {path: '/nonexistent', version: lab.run([]).engine.version}}),
    )
    expect(second.ok).toBe(true)
    expect(kinds()).toEqual(['stack.queued', 'stack.queued', 'stack.skipped', 'stack.skipped'])
  },
)

realTest('a plan shows exactly what changed, field by field, and changes nothing', async () => {
  const before = [
    thingStack('a', {things: () => [{name: 'x', value: 1, kind: 'p'}, {name: 'y'}, {name: 'z', kind: 'old'}]}),
  ]
  const after = [
    thingStack('a', {things: () => [{name: 'x', value: 2, kind: 'p'}, {name: 'z', kind: 'new'}, {name: 'w'}]}),
  ]
  const {recorded, fingerprints} = await runGraph(lab.run(before))
  const things = lab.things()
  const {plan} = await runGraph(lab.run(after, {operation: 'preview', recorded, fingerprints}))
  const changes = plan[0]!.changes.map(({part, action, fields}) => [part.name, action, fields])
  expect(changes).toEqual(
    expect.arrayContaining([
      ['x', 'update', [{path: 'value', from: 1, to: 2}]],
      ['y', 'delete', []],
      ['z', 'replace', [{path: 'kind', from: 'old', to: 'new', replaces: true}]],
      ['w', 'create', []],
    ]),
  )
  expect(changes).toHaveLength(4)
  expect(lab.things()).toEqual(things)
})

realTest('a failed stack fails alone: what depends on it is left out, everything else is finished', async () => {
  const nodes = [
    thingStack('bad', {
      things: () => [{name: 'bad', fails: 'googleapi: Error 403: quota is not yours, password=hunter22'}],
    }),
    thingStack('after-bad', {needs: ['bad']}),
    thingStack('after-after', {needs: ['after-bad']}),
    thingStack('good'),
    thingStack('after-good', {needs: ['good']}),
  ]
  const result = await runGraph(lab.run(nodes))
  expect(Object.fromEntries(result.nodes.map(({name, how}) => [name, how]))).toEqual({
    bad: 'failed',
    'after-bad': 'left-out',
    'after-after': 'left-out',
    good: 'done',
    'after-good': 'done',
  })
  expect(result).toMatchObject({ok: false, interrupted: false})
  expect(result.nodes[0]!.problems).toEqual([
    {
      code: 'QUOTA',
      message: expect.stringMatching(/^thing bad: .*Error 403.*password=\[secret\]$/),
      next: [expect.any(String)],
    },
  ])
  expect(JSON.stringify(lab.events)).not.toContain('hunter22')
})

realTest('stacks of a lost region and stacks not chosen are skipped and named', async () => {
  const nodes = [thingStack('a', {region: 'us-east1'}), thingStack('b', {region: 'europe-west1'}), thingStack('c')]
  await runGraph(lab.run(nodes, {lost: ['us-east1'], only: ['a', 'b']}))
  expect(lab.events.filter((event) => event.kind === 'stack.skipped')).toEqual([
    {kind: 'stack.skipped', stack: 'a', reason: 'region-lost'},
    {kind: 'stack.skipped', stack: 'c', reason: 'not-chosen'},
  ])
  expect(lab.things()).toEqual(['b'])
})

realTest('a secret never reaches what is recorded, an event or a plan', async () => {
  const {createRequire} = await import('node:module')
  const pulumi = createRequire(import.meta.url)('@pulumi/pulumi') as typeof import('@pulumi/pulumi')
  const nodes = [
    thingStack('a', {
      things: () => [{name: 'a', value: 'plain'}],
      exports: {open: 1, hidden: {deep: pulumi.secret('hunter22')}},
    }),
  ]
  const {recorded} = await runGraph(lab.run(nodes))
  expect(recorded).toEqual({a: {names: ['things/a'], open: 1}})
  expect(JSON.stringify(lab.events)).not.toContain('hunter22')
  expect(JSON.stringify(await lab.workspace.state.read('a'))).not.toContain('hunter22')
})

realTest('a promise rejected by no one’s care fails the stack that left it and no other', async () => {
  const nodes = [
    thingStack('stray', {
      things: () => [{name: 'stray', delayMs: 300}],
      inside: () => void Promise.reject(new Error('lost in the woods')),
    }),
    thingStack('calm', {things: () => [{name: 'calm', delayMs: 300}]}),
  ]
  const result = await runGraph(lab.run(nodes))
  expect(result.nodes.map(({name, how}) => [name, how])).toEqual([
    ['stray', 'failed'],
    ['calm', 'done'],
  ])
  expect(result.nodes[0]!.problems[0]!.message).toContain('lost in the woods')
})

realTest('destroy takes everything apart in the opposite order and leaves no state', async () => {
  const nodes = [thingStack('a'), thingStack('b', {needs: ['a']}), thingStack('never', {needs: ['b']})]
  const forgotten: string[] = []
  const {recorded, fingerprints} = await runGraph(lab.run(nodes.slice(0, 2)))
  lab.events.length = 0
  const forget = async (name: string) => void forgotten.push(name)
  const result = await runGraph(lab.run(nodes, {operation: 'destroy', recorded, fingerprints, forget}))
  expect(result).toMatchObject({ok: true, recorded: {}, fingerprints: {}})
  expect(forgotten).toEqual(['never', 'b', 'a'])
  expect(lab.things()).toEqual([])
  expect(await lab.workspace.state.read('a')).toBeUndefined()
})

realTest('a step runs between stacks with its input, and again only when that changed', async () => {
  const inputs: unknown[] = []
  const migrate: Step = {
    kind: 'step',
    name: 'migrate',
    title: 'Migrate',
    needs: ['a'],
    deed: 'migrate',
    input: (recorded) => recorded.a?.names,
  }
  const deed: Deed = async (_, input) => {
    inputs.push(input)
    return {schema: 7}
  }
  const steps = {migrate: deed} as never
  const nodes = [
    thingStack('a'),
    migrate,
    thingStack('b', {needs: ['migrate'], things: (recorded) => [{name: 'b', value: recorded.migrate?.schema}]}),
  ]
  const {recorded, fingerprints} = await runGraph(lab.run(nodes, {steps}))
  await runGraph(lab.run(nodes, {steps, recorded, fingerprints, all: false}))
  expect(inputs).toEqual([['things/a']])
  expect(recorded.migrate).toEqual({schema: 7})
})

realTest('Ctrl-C finishes what is in flight, starts nothing new and leaves nothing pending', async () => {
  const listeners: Record<string, () => void> = {}
  const signals = {on: (signal: string, listener: () => void) => (listeners[signal] = listener), off: () => {}}
  using interrupts = listenForInterrupts(signals, (event) => lab.events.push(event))
  const nodes = [thingStack('a', {things: () => [{name: 'slow', delayMs: 1500}]}), thingStack('b', {needs: ['a']})]
  const emit = (event: (typeof lab.events)[number]) => {
    lab.events.push(event)
    if (event.kind === 'part.started') listeners.SIGINT!()
  }
  const result = await runGraph(lab.run(nodes, {interrupts, emit}))
  expect(result).toMatchObject({ok: false, interrupted: true})
  expect(result.nodes.map(({how}) => how)).toEqual(['interrupted', 'interrupted'])
  expect(lab.things()).toEqual(['slow'])
  const again = await runGraph(lab.run(nodes))
  expect(again.ok).toBe(true)
  expect(lab.calls('create')).toBe(2)
})

realTest(
  'an engine that says nothing is spoken of, then ended, and that is the stack’s problem',
  async () => {
    const patience = {tellMs: 300, idleMs: 60_000, busyMs: 900, exitMs: 5000}
    const result = await runGraph(
      lab.run([thingStack('a', {things: () => [{name: 'slow', delayMs: 20_000}]})], {patience}),
    )
    expect(lab.events).toContainEqual(
      expect.objectContaining({
        kind: 'engine.silent',
        stack: 'a',
        waitingFor: [expect.objectContaining({name: 'slow'})],
      }),
    )
    expect(result.nodes[0]!.problems).toEqual([
      expect.objectContaining({code: 'ENGINE_SILENT', message: expect.stringContaining('thing slow')}),
    ])
  },
  20_000,
)

realTest.each([
  ['looks first', true, ['a']],
  ['does not look', undefined, []],
] as const)(
  'a stack that %s: what others removed behind its back is made again with its next change: %s',
  async (_, looksFirst, made) => {
    const at = (value: number) => [
      thingStack('s', {...(looksFirst && {looksFirst}), things: () => [{name: 'a'}, {name: 'b', value}]}),
    ]
    const {recorded, fingerprints} = await runGraph(lab.run(at(1)))
    rmSync(join(lab.dir, 'things', 'a.json'))
    await runGraph(lab.run(at(2), {recorded, fingerprints}))
    expect(lab.things()).toEqual([...made, 'b'])
  },
)

const TWO_REGIONS = () => [
  thingStack('cell-east', {region: 'east'}),
  thingStack('app-east', {region: 'east', needs: ['cell-east']}),
  thingStack('app-west', {region: 'west'}),
  thingStack('edge', {needs: ['app-east', 'app-west']}),
]
const hows = ({nodes}: Awaited<ReturnType<typeof runGraph>>) =>
  Object.fromEntries(nodes.map(({name, how}) => [name, how]))

test('when no region answers it is hardly the regions: nothing is run, and nothing was changed', async () => {
  const quiet = await openLab()
  try {
    await expect(runGraph(quiet.run(TWO_REGIONS(), {answers: async () => false}))).rejects.toMatchObject({
      code: 'CLOUD_UNREACHABLE',
      data: {regions: ['east', 'west']},
    })
    expect(quiet.things()).toEqual([])
  } finally {
    await quiet.close()
  }
})

realTest.each(['preview', 'up'] as const)(
  'a region that does not answer is left as it is and told in a %s, the rest goes on',
  async (operation) => {
    const result = await runGraph(lab.run(TWO_REGIONS(), {operation, answers: async (region) => region === 'west'}))
    expect(hows(result)).toEqual({'cell-east': 'silent', 'app-east': 'silent', 'app-west': 'done', edge: 'done'})
    expect(result).toMatchObject({ok: true, silent: ['east']})
    expect(result.plan.map(({stack}) => stack)).toEqual(['app-west', 'edge'])
    expect(lab.events).toContainEqual(expect.objectContaining({kind: 'region.silent', region: 'east'}))
    expect(lab.events).toContainEqual({kind: 'stack.skipped', stack: 'app-east', reason: 'region-silent'})
  },
)

realTest('when it answers again, what was left alone is run, and only that', async () => {
  const nodes = TWO_REGIONS()
  const {recorded, fingerprints} = await runGraph(lab.run(nodes, {answers: async (region) => region === 'west'}))
  const again = await runGraph(lab.run(nodes, {recorded, fingerprints}))
  expect(hows(again)).toEqual({'cell-east': 'done', 'app-east': 'done', 'app-west': 'skipped', edge: 'skipped'})
  expect(again.silent).toEqual([])
})

realTest('what spans regions is run without the silent one, and again with it when it answers', async () => {
  const data = {
    ...thingStack('data'),
    input: (_: unknown, silent: readonly string[] = []) =>
      ['east', 'west'].filter((region) => !silent.includes(region)).map((name) => ({name})),
  }
  const nodes = [data, thingStack('app-east', {region: 'east'}), thingStack('app-west', {region: 'west'})]
  const {recorded, fingerprints} = await runGraph(lab.run(nodes, {answers: async (region) => region === 'west'}))
  expect(lab.things()).toEqual(['app-west', 'west'])
  expect(hows(await runGraph(lab.run(nodes, {recorded, fingerprints})))).toMatchObject({data: 'done'})
  expect(lab.things()).toEqual(['app-east', 'app-west', 'east', 'west'])
})

realTest(
  'a region that falls silent in the middle is given up as soon as that is noticed, and holds up nothing else',
  async () => {
    const nodes = [
      thingStack('app-east', {region: 'east', things: () => [{name: 'slow', delayMs: 60_000}]}),
      thingStack('app-west', {region: 'west'}),
      thingStack('edge', {needs: ['app-east', 'app-west']}),
    ]
    let alive = true
    const emit = (event: (typeof lab.events)[number]) => {
      lab.events.push(event)
      if (event.kind === 'part.started' && event.part.name === 'slow') alive = false
    }
    const patience = {tellMs: 300, idleMs: 60_000, busyMs: 60_000, exitMs: 5000}
    const result = await runGraph(
      lab.run(nodes, {emit, patience, answers: async (region) => region === 'west' || alive}),
    )
    expect(hows(result)).toEqual({'app-east': 'silent', 'app-west': 'done', edge: 'done'})
    expect(result).toMatchObject({ok: true, silent: ['east']})
    expect(result.fingerprints).not.toHaveProperty('app-east')
  },
  30_000,
)
