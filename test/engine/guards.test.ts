import {expect, test} from 'vitest'
import {guardedIn, guardsOf, withoutGuards} from '../../src/engine/guards.ts'
import type {Checkpoint, StateResource} from '../../src/engine/state.ts'

const resource = (name: string, more: Partial<StateResource> = {}): StateResource => ({
  urn: `urn:pulumi:data::rent::gcp:sql/databaseInstance:DatabaseInstance::${name}`,
  type: 'gcp:sql/databaseInstance:DatabaseInstance',
  custom: true,
  id: name,
  ...more,
})
const checkpoint = (...resources: StateResource[]): Checkpoint => ({
  version: 3,
  checkpoint: {stack: 'organization/rent/data', latest: {resources, pending_operations: []}},
})

test.each([
  ['Pulumi itself', {protect: true}, ['protect']],
  ['its provider', {outputs: {deletionProtection: true}}, ['deletionProtection']],
  ['its provider, by policy', {inputs: {deletionPolicy: 'PREVENT'}}, ['deletionPolicy']],
  ['Google', {outputs: {settings: {deletionProtectionEnabled: true}}}, ['settings.deletionProtectionEnabled']],
  ['nobody', {inputs: {deletionProtection: false, deletionPolicy: 'ABANDON'}, outputs: {settings: {}}}, []],
] as const)('a resource protected by %s is told as such', (_, more, guards) => {
  expect(guardsOf(resource('a', more))).toEqual(guards)
  expect(guardedIn(checkpoint(resource('a', more)))).toHaveLength(guards.length)
})

test('lifted, nothing refuses any more and nothing else is another', () => {
  const fields = {
    deletionProtection: true,
    deletionPolicy: 'PREVENT',
    tier: 'large',
    settings: {deletionProtectionEnabled: true, edition: 'ENTERPRISE'},
  }
  const guarded = resource('a', {protect: true, inputs: fields, outputs: {...fields, selfLink: 'x'}})
  const open = resource('b', {inputs: {tier: 'small'}})
  const before = checkpoint(guarded, open)
  const after = withoutGuards(before)
  expect(guardedIn(after)).toEqual([])
  const lifted = {
    deletionProtection: false,
    deletionPolicy: 'DELETE',
    tier: 'large',
    settings: {deletionProtectionEnabled: false, edition: 'ENTERPRISE'},
  }
  expect(after.checkpoint.latest?.resources).toEqual([
    resource('a', {inputs: lifted, outputs: {...lifted, selfLink: 'x'}}),
    open,
  ])
  expect(guardedIn(before)).toEqual([guarded])
})

test('a stack that was never made has nothing protected', () => {
  expect(guardedIn(undefined)).toEqual([])
  const empty: Checkpoint = {version: 3, checkpoint: {stack: 's', latest: null}}
  expect(withoutGuards(empty)).toEqual(empty)
})
