import {expect, test} from 'vitest'
import {retiredFrom} from '../../src/engine/retired.ts'
import type {Checkpoint} from '../../src/engine/state.ts'
import type {Workspace} from '../../src/engine/workspace.ts'
import type {Node, Stack} from '../../stacks/stack.ts'

const stack = (name: string): Stack => ({kind: 'stack', name, needs: [], input: () => ({}), program: async () => ({})})
const nodes: readonly Node[] = [stack('foundation'), stack('cell-a'), stack('app-a')]

const checkpoint = (type: string, inputs: object): Checkpoint => ({
  version: 3,
  checkpoint: {stack: 'x', latest: {resources: [{urn: `urn:pulumi:x::p::${type}::it`, type, inputs: {...inputs}}]}},
})

/** Only the state is read of a workspace. */
const workspaceWith = (states: Record<string, Checkpoint>) =>
  ({state: {read: async (name: string) => states[name]}}) as unknown as Workspace

const removed = workspaceWith({
  'app-b': checkpoint('kubernetes:apps/v1:Deployment', {metadata: {name: 'api'}}),
  'cell-b': checkpoint('gcp:container/cluster:Cluster', {name: 'p-b'}),
})

test('nothing is retired while every recorded stack is still wanted', async () => {
  const {stacks, steps, plan} = await retiredFrom(removed, ['foundation', 'cell-a', 'app-a'], nodes)
  expect({stacks, steps, plan}).toEqual({stacks: [], steps: [], plan: []})
})

test('a region taken out of ha.yaml goes workloads first, then the ground they stand on', async () => {
  const {stacks} = await retiredFrom(removed, ['foundation', 'cell-b', 'app-b'], nodes)
  expect(stacks.map(({name, needs}) => [name, needs])).toEqual([
    ['app-b', ['cell-b']],
    ['cell-b', []],
  ])
})

test('its plan lists every deletion, and which of them hold something', async () => {
  const {plan} = await retiredFrom(removed, ['cell-b', 'app-b'], nodes)
  expect(
    plan.flatMap(({changes}) => changes.map(({action, part}) => [action, part.what, part.name, part.stateful])),
  ).toEqual([
    ['delete', 'Deployment', 'api', false],
    ['delete', 'GKE cluster', 'p-b', true],
  ])
})

test('a step leaves no state, only its record', async () => {
  expect((await retiredFrom(removed, ['migration'], nodes)).steps).toEqual(['migration'])
})
