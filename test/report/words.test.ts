import {expect, test} from 'vitest'
import type {Event, Part, PlannedChange} from '../../src/events/events.ts'
import {bytes, duration, table} from '../../src/report/format.ts'
import {colourless} from '../../src/report/style.ts'
import {changesText, type Planned, planLines, progressText, wordsFor} from '../../src/report/words.ts'

const part = (over: Partial<Part> = {}): Part => ({
  stack: 'app-us-east1',
  region: 'us-east1',
  what: 'Autoscaler',
  name: 'api',
  stateful: false,
  ...over,
})
const change = (over: Partial<PlannedChange> = {}): PlannedChange => ({
  part: part(),
  action: 'update',
  fields: [],
  ...over,
})
const planned = (over: Partial<Planned>) => planLines({stacks: [], downgrades: [], warnings: [], ...over}, colourless)
const plan = (...changes: PlannedChange[]) => planned({stacks: [{stack: 'app-us-east1', verdict: 'change', changes}]})

test.each([
  [0, '0.0 s'],
  [840, '0.8 s'],
  [9_940, '9.9 s'],
  [59_400, '59 s'],
  [75_000, '1 min 15 s'],
  [3_600_000, '1 h'],
  [200_000_000, '2 d 7 h'],
])('%i ms reads %s', (ms, text) => expect(duration(ms)).toBe(text))

test.each([
  [12, '12 B'],
  [1536, '1.5 KiB'],
  [115 * 1024 * 1024, '115 MiB'],
])('%i bytes read %s', (n, text) => expect(bytes(n)).toBe(text))

test('columns line up however wide their cells', () => {
  expect(
    table([
      ['a', 'bbb'],
      ['aaaa', 'b'],
    ]),
  ).toEqual(['a     bbb', 'aaaa  b'])
})

test('a plan with nothing to do says so in one line', () => {
  expect(planned({stacks: [{stack: 'edge', verdict: 'skip', changes: []}]})).toEqual([
    'No changes. The platform is as ha.yaml says.',
  ])
})

test('an edited minimum shows as exactly that field', () => {
  expect(plan(change({fields: [{path: 'spec.minReplicas', from: 3, to: 4}]}))).toEqual([
    'app-us-east1',
    '  ~ Autoscaler api',
    '      spec.minReplicas: 3 → 4',
    'Plan: 1 to update.',
  ])
})

test('the loss of data stands before everything else', () => {
  const lines = plan(
    change({action: 'create'}),
    change({action: 'replace', part: part({what: 'Cloud SQL instance', name: 'db', stateful: true})}),
  )
  expect(lines[0]).toBe('! replaces Cloud SQL instance db: what it holds is lost')
  expect(lines.at(-1)).toBe('Plan: 1 to create, 1 to replace.')
})

test('less availability stands first, with the name that accepts it, even when no part changes', () => {
  const downgrades = [{name: 'objectives.rpo', says: '60 s instead of 5 s of data may be lost.'}]
  expect(planned({downgrades})).toEqual([
    '! lowers availability: 60 s instead of 5 s of data may be lost. [objectives.rpo]',
    'Plan: no part changes; what the platform promises does.',
  ])
})

test('warnings of the topology stand in the plan', () => {
  expect(planned({warnings: ['one region alone is too small']})[0]).toBe('! one region alone is too small')
})

test('a failed stack tells what happened and what to do', () => {
  const event: Event = {
    kind: 'stack.failed',
    at: 0,
    stack: 'data',
    ms: 2500,
    problems: [{code: 'x', message: 'Cloud SQL instance db: quota exceeded', next: ['Ask for more quota.']}],
  }
  expect(wordsFor(event, {style: colourless, verbose: false})).toEqual([
    '✖ data failed after 2.5 s',
    '  Cloud SQL instance db: quota exceeded',
    '  → Ask for more quota.',
  ])
})

test('what changed nothing is only told to those who ask', () => {
  const event: Event = {kind: 'stack.skipped', at: 0, stack: 'edge', reason: 'unchanged'}
  expect(wordsFor(event, {style: colourless, verbose: false})).toEqual([])
  expect(wordsFor(event, {style: colourless, verbose: true})).toEqual(['· edge: unchanged, not run'])
})

test('counts of changes read as a sentence', () => {
  expect(changesText({create: 3, same: 2})).toBe('3 created, 2 unchanged')
  expect(changesText({})).toBe('nothing to do')
})

test('progress shows how much of how much when the end is known', () => {
  expect(progressText({done: 50 * 1024 * 1024, total: 100 * 1024 * 1024, unit: 'bytes'})).toBe(
    '50 MiB of 100 MiB, 50 %',
  )
  expect(progressText({done: 312, total: 1204, unit: 'packages', note: 'compiling'})).toBe(
    '312 of 1204 packages, 25 % · compiling',
  )
})

test('many new parts of a kind are one line of the plan, few are told one by one', () => {
  const create = (what: string, name: string) => change({action: 'create', part: part({what, name})})
  const apis = ['a', 'b', 'c', 'd'].map((name) => create('API', name))
  expect(plan(...apis, create('network', 'net'), change({fields: []}))).toEqual([
    'app-us-east1',
    '  + 4 × API a, b, c …',
    '  + network net',
    '  ~ Autoscaler api',
    'Plan: 5 to create, 1 to update.',
  ])
})

test('a preview does not claim to have made anything', () => {
  const event = {kind: 'stack.finished', at: 0, stack: 'edge', ms: 900, changes: {create: 8}} as const
  const wording = {style: colourless, verbose: false}
  expect(wordsFor({...event, operation: 'preview'}, wording)).toEqual([])
  expect(wordsFor({...event, operation: 'up'}, wording)).toEqual(['✔ edge 8 created, 0.9 s'])
})

test('a finished task is told in words', () => {
  const event = {kind: 'task.finished', at: 0, task: 'emulator.start', ms: 3000} as const
  expect(wordsFor(event, {style: colourless, verbose: false})).toEqual(['✔ The local cloud is up 3.0 s'])
})
