import {expect, test} from 'vitest'
import type {PlannedChange, StackPlan} from '../../src/events/events.ts'
import {markerOf, planMarkdown} from '../../src/report/markdown.ts'

const change = (name: string, action: PlannedChange['action'], more: Partial<PlannedChange> = {}): PlannedChange => ({
  part: {stack: 'data', what: 'Cloud SQL instance', name, stateful: false},
  action,
  fields: [],
  ...more,
})
const stack = (name: string, ...changes: PlannedChange[]): StackPlan => ({stack: name, verdict: 'change', changes})
const plan = (stacks: readonly StackPlan[], more = {}) => ({
  app: 'rental',
  environment: 'production',
  stacks,
  downgrades: [],
  warnings: [],
  ...more,
})

test('a plan without changes says so, under the marker a pipeline finds it by', () => {
  const text = planMarkdown(plan([{stack: 'data', verdict: 'same', changes: []}]))
  expect(text.split('\n')[0]).toBe(markerOf('rental', 'production'))
  expect(text).toContain('No changes')
  expect(text).not.toContain('| create |')
})

test('what would lose data is said before the numbers, with its reason', () => {
  const lost = change('rental-us-east1-g1', 'replace', {
    part: {stack: 'data', what: 'Cloud SQL instance', name: 'rental-us-east1-g1', stateful: true},
    fields: [{path: 'region', from: 'us-east1', to: 'us-west1', replaces: true}],
  })
  const text = planMarkdown(plan([stack('data', change('a', 'create'), lost)]))
  expect(text.indexOf('CAUTION')).toBeGreaterThan(0)
  expect(text.indexOf('CAUTION')).toBeLessThan(text.indexOf('| create |'))
  expect(text).toContain('**replaces** Cloud SQL instance `rental-us-east1-g1` because of `region`')
  expect(text.indexOf('`±`')).toBeLessThan(text.indexOf('`+`'))
})

test('less availability is said before everything else, with the name that accepts it', () => {
  const downgrades = [{name: 'services.api.replicas.min', says: 'api keeps 1 instead of 3 instances | at rest.'}]
  const lost = change('db', 'delete', {part: {stack: 'data', what: 'Cloud SQL instance', name: 'db', stateful: true}})
  const text = planMarkdown(plan([stack('data', lost)], {downgrades}))
  expect(text).toContain('> - api keeps 1 instead of 3 instances &#124; at rest. (`services.api.replicas.min`)')
  expect(text.indexOf('services.api.replicas.min')).toBeLessThan(text.indexOf('**deletes**'))
  expect(planMarkdown(plan([], {downgrades}))).not.toContain('No changes')
})

test('every stack has a row, and a step that runs is told as a step', () => {
  const text = planMarkdown(plan([stack('data', change('a', 'create'), change('b', 'create')), stack('migration')]))
  expect(text).toContain('| data | 2 |  |  |  |')
  expect(text).toContain('| migration | step | | | |')
  expect(text).toContain('**2 to create, 1 steps to run.**')
})

test.each([
  ['markup', 'a<script>|`x`*_', '<script>'],
  ['a mention', 'ping @everyone', '@everyone'],
])('%s in a warning stays text', (_, warning, never) => {
  expect(planMarkdown(plan([], {warnings: [warning]}))).not.toContain(never)
})

test('a value with backticks and a bar ends neither its code span nor a table', () => {
  const fields = [{path: 'command', from: 'a', to: 'x `` | y'}]
  expect(planMarkdown(plan([stack('app', change('api', 'update', {fields}))]))).toContain('``` "x `` ¦ y" ```')
})

test.each([5000, 60_000])('it never grows beyond %i characters, and says what it leaves out', (limit) => {
  const many = Array.from({length: 200}, (_, i) =>
    stack(`app-${i}`, ...Array.from({length: 30}, (__, j) => change(`part-${i}-${j}`, 'create'))),
  )
  const text = planMarkdown(plan(many, {cost: ['about 100 USD']}), limit)
  expect(text.length).toBeLessThanOrEqual(limit)
  expect(text).toMatch(/The particulars of \d+ more stacks are left out/)
  expect(text).toContain('about 100 USD')
  expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length)
})
