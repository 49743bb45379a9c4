import {mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {
  assertFresh,
  assertSafe,
  assertSameSteps,
  countsOf,
  hashOf,
  type PlanFacts,
  readPlan,
  type SavedPlan,
  writePlan,
} from '../../src/engine/plan.ts'
import type {PlannedChange, StackPlan} from '../../src/events/events.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-plan-'))
})
afterEach(() => rmSync(dir, {recursive: true, force: true}))

const change = (action: PlannedChange['action'], name: string, stateful = false): PlannedChange => ({
  part: {stack: 'data', what: 'Cloud SQL instance', name, stateful},
  action,
  fields: action === 'replace' ? [{path: 'region', from: 'a', to: 'b', replaces: true}] : [],
})
const stack = (...changes: PlannedChange[]): StackPlan => ({stack: 'data', verdict: 'change', changes})
const facts: PlanFacts = {
  app: 'rent',
  environment: 'production',
  config: 'c1',
  rolesEpoch: 3,
  serials: {data: 's1'},
  versions: {engine: '3.259.0', program: '0.1.0'},
}
const saved: SavedPlan = {format: 1, madeAt: 1, facts, stacks: [stack(change('create', 'a'))], downgrades: []}

test('a plan survives its file, readable by its owner alone', async () => {
  const path = join(dir, 'plan.json')
  await writePlan(path, saved)
  expect(await readPlan(path)).toEqual(saved)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test.each([
  ['missing', undefined],
  ['not JSON', 'x'],
  ['of another format', JSON.stringify({sum: '', plan: {format: 9}})],
  ['changed by hand', JSON.stringify({sum: hashOf(saved), plan: {...saved, madeAt: 2}})],
])('a plan file that is %s is refused with how to make one', async (_, text) => {
  const path = join(dir, 'plan.json')
  if (text !== undefined) writeFileSync(path, text)
  await expect(readPlan(path)).rejects.toMatchObject({code: 'USAGE', next: ['Make one with: ha plan --out FILE']})
})

test('a plan of the same world is fresh', () => {
  expect(() => assertFresh(saved, {...facts, serials: {...facts.serials, edge: 'none'}})).not.toThrow()
})

test.each([
  [{config: 'c2'}, 'ha.yaml or its overrides changed'],
  [{rolesEpoch: 4}, 'the roles changed (epoch 3, now 4)'],
  [{serials: {data: 's2'}}, 'the state of data changed'],
  [{serials: {data: 's1', edge: 's9'}}, 'the state of edge changed'],
  [{versions: {engine: '3.260.0', program: '0.1.0'}}, 'the engine is 3.260.0, was 3.259.0'],
  [{versions: {engine: '3.259.0', program: '0.2.0'}}, 'ha is 0.2.0, was 0.1.0'],
  [{environment: 'local'}, 'it is a plan of rent (production), not of rent (local)'],
])('when %j the plan is stale and says so', (moved, reason) => {
  expect(() => assertFresh(saved, {...facts, ...moved})).toThrow(
    expect.objectContaining({code: 'PLAN_STALE', data: {reasons: [reason]}}),
  )
})

test.each([
  ['one more', [stack(change('create', 'a'), change('delete', 'b'))], 'now also: delete Cloud SQL instance b (data)'],
  ['one less', [stack()], 'no longer: create Cloud SQL instance a (data)'],
  [
    'another value',
    [stack({...change('create', 'a'), fields: [{path: 'tier', to: 'x'}]})],
    'now also: create Cloud SQL instance a (data)',
  ],
])('a preview that expects %s makes the plan stale', (_, fresh, reason) => {
  expect(() => assertSameSteps(saved, {stacks: fresh, downgrades: []})).toThrow(
    expect.objectContaining({code: 'PLAN_STALE', message: expect.stringContaining(reason)}),
  )
})

test('the same preview keeps the plan', () => {
  expect(() => assertSameSteps(saved, {...saved, madeAt: 2} as SavedPlan)).not.toThrow()
})

test('a plan shown without a loss of availability is stale when there is one now', () => {
  const downgrades = [{name: 'preset', says: 'The preset goes from critical to dev.'}]
  expect(() => assertSameSteps(saved, {...saved, downgrades})).toThrow(
    expect.objectContaining({data: {reasons: ['now also: The preset goes from critical to dev.']}}),
  )
})

test.each([
  ['replacing a database', change('replace', 'db', true), true],
  ['deleting a database', change('delete', 'db', true), true],
  ['updating a database', change('update', 'db', true), false],
  ['replacing what holds nothing', change('replace', 'db'), false],
])('%s is refused unless named: %#', (_, danger, refused) => {
  const attempt = (named: string[]) => () => assertSafe([stack(danger)], named, '--allow')
  if (refused)
    expect(attempt(['other'])).toThrow(
      expect.objectContaining({code: 'PLAN_UNSAFE', next: [expect.any(String), expect.stringContaining('--allow db')]}),
    )
  else expect(attempt([])).not.toThrow()
  expect(attempt(['db'])).not.toThrow()
})

test('changes are counted over all stacks', () => {
  expect(countsOf([stack(change('create', 'a')), stack(change('create', 'b'), change('delete', 'c'))])).toEqual({
    create: 2,
    update: 0,
    replace: 0,
    delete: 1,
  })
})
