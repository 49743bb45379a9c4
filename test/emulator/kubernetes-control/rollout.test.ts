import fc from 'fast-check'
import {expect, test} from 'vitest'
import type {KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {
  boundsOf,
  proportionalStep,
  recreateStep,
  rollingStep,
} from '../../../src/emulator/kubernetes/control/workloads/rollout.ts'

const set = (name: string, replicas: number, availableReplicas = replicas): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {name, creationTimestamp: '2026-01-01T00:00:00Z'},
  spec: {replicas},
  status: {replicas, availableReplicas},
})

test.each([
  [{replicas: 10}, 3, 2],
  [{replicas: 3, strategy: {rollingUpdate: {maxSurge: '25%', maxUnavailable: 0}}}, 1, 0],
  [{replicas: 3, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: '10%'}}}, 0, 1],
  [{replicas: 2, strategy: {rollingUpdate: {maxSurge: 4, maxUnavailable: 4}}}, 4, 2],
  [{replicas: 4, strategy: {type: 'Recreate'}}, 0, 4],
])('percentages round up for the surge and down for what may be missing: %o', (spec, maxSurge, maxUnavailable) => {
  expect(boundsOf(spec)).toEqual({maxSurge, maxUnavailable})
})

test('a rolling update never has too many pods, never too few available ones, and always ends', () => {
  const cases = fc.record({
    replicas: fc.integer({min: 1, max: 30}),
    maxSurge: fc.oneof(fc.integer({min: 0, max: 5}), fc.constantFrom('0%', '10%', '25%', '100%')),
    maxUnavailable: fc.oneof(fc.integer({min: 0, max: 5}), fc.constantFrom('0%', '10%', '25%')),
    /** How many of the pods that are being started become available in each round. */
    luck: fc.array(fc.integer({min: 0, max: 4}), {minLength: 1}),
  })
  fc.assert(
    fc.property(cases, ({replicas, maxSurge, maxUnavailable, luck}) => {
      const spec = {replicas, strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge, maxUnavailable}}}
      const bounds = boundsOf(spec)
      let [current, old] = [set('new', 0), set('old', replicas)]
      for (let round = 0; round < 500; round++) {
        const step = rollingStep(spec, current, [old])
        const resized = (one: KubeObject) => {
          const size = step.get(one.metadata.name) ?? one.spec.replicas
          return set(one.metadata.name, size, Math.min(one.status.availableReplicas, size))
        }
        ;[current, old] = [resized(current), resized(old)]
        expect(current.spec.replicas + old.spec.replicas).toBeLessThanOrEqual(replicas + bounds.maxSurge)
        expect(current.status.availableReplicas + old.status.availableReplicas).toBeGreaterThanOrEqual(
          replicas - bounds.maxUnavailable,
        )
        if (current.status.availableReplicas === replicas && old.spec.replicas === 0) return
        const started = current.spec.replicas - current.status.availableReplicas
        const more = round > 100 ? started : Math.min(started, luck[round % luck.length]!)
        current = set('new', current.spec.replicas, current.status.availableReplicas + more)
      }
      expect.unreachable('the update did not end')
    }),
  )
})

test('old pods that are not available go first', () => {
  const spec = {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
  expect(rollingStep(spec, set('new', 1, 0), [set('old', 4, 3)])).toEqual(new Map())
  expect(rollingStep(spec, set('new', 1, 1), [set('old', 4, 3)])).toEqual(new Map([['old', 3]]))
})

test('recreate starts nothing before the last old pod is gone', () => {
  const spec = {replicas: 2, strategy: {type: 'Recreate'}}
  expect(recreateStep(spec, set('new', 0), [set('old', 2)], 2)).toEqual(new Map([['old', 0]]))
  expect(recreateStep(spec, set('new', 0), [set('old', 0)], 1)).toEqual(new Map())
  expect(recreateStep(spec, set('new', 0), [set('old', 0)], 0)).toEqual(new Map([['new', 2]]))
})

test('a change of size in mid-rollout is shared in proportion', () => {
  const spec = {replicas: 15, strategy: {rollingUpdate: {maxSurge: 3, maxUnavailable: 2}}}
  const step = proportionalStep(spec, [set('new', 5), set('old', 8)], boundsOf(spec))
  expect(step).toEqual(
    new Map([
      ['old', 12],
      ['new', 6],
    ]),
  )
})
