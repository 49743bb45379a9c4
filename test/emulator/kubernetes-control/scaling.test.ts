import {expect, test} from 'vitest'
import {
  decide,
  type Past,
  replicasForAverageValue,
  replicasForUtilization,
} from '../../../src/emulator/kubernetes/control/autoscaling/scaling.ts'

const pods = (...utilizations: (number | undefined)[]) =>
  utilizations.map((utilization) => ({utilization, ready: true}))

test.each([
  ['grows to bring the average to the target', pods(120, 120, 120), 60, 6],
  ['stays within the tolerance', pods(65, 65, 65), 60, 3],
  ['shrinks when the load is gone', pods(10, 10, 10, 10), 60, 1],
  ['counts a pod without a figure as idle before it grows', pods(90, 90, undefined), 60, 3],
  ['counts a pod without a figure as on target before it shrinks', pods(10, 10, undefined), 60, 2],
  ['keeps its size without any figure', pods(undefined, undefined), 60, 2],
  ['counts unready pods as idle before it grows', [...pods(200, 200), {utilization: 400, ready: false}], 60, 7],
])('by CPU it %s', (_, figures, target, expected) => {
  expect(replicasForUtilization(figures, target, figures.length)).toBe(expected)
})

test.each([
  [1000, 100, 2, 10],
  [0, 100, 4, 0],
  [205, 100, 2, 2],
])('a backlog of %d at %d each takes %d workers to %d', (total, each, current, expected) => {
  expect(replicasForAverageValue(total, each, current)).toBe(expected)
})

const spec = {minReplicas: 3, maxReplicas: 30}
const none: Past = {recommended: [], scaled: []}
const at = 1_000_000

test('it keeps within its bounds at once', () => {
  expect(decide(spec, 1, 1, none, at)).toEqual({replicas: 3, limited: 'TooFewReplicas', stabilized: false})
  expect(decide(spec, 40, 40, none, at)).toEqual({replicas: 30, limited: 'TooManyReplicas', stabilized: false})
  expect(decide(spec, 4, 1, none, at)).toMatchObject({replicas: 3, limited: 'TooFewReplicas'})
  expect(decide(spec, 20, 99, none, at)).toMatchObject({replicas: 30, limited: 'TooManyReplicas'})
})

test('it grows by no more than four pods or the double in 15 s', () => {
  expect(decide(spec, 3, 20, none, at)).toMatchObject({replicas: 7, limited: 'ScaleUpLimit'})
  expect(decide(spec, 10, 30, none, at)).toMatchObject({replicas: 20, limited: 'ScaleUpLimit'})
  const grown: Past = {recommended: [], scaled: [{at: at - 5_000, change: 4}]}
  expect(decide(spec, 7, 20, grown, at).replicas).toBe(7)
})

test('it shrinks only to the highest size wanted in its window', () => {
  const past: Past = {
    recommended: [
      {at: at - 200_000, replicas: 8},
      {at: at - 400_000, replicas: 12},
    ],
    scaled: [],
  }
  expect(decide(spec, 10, 4, past, at)).toEqual({replicas: 8, stabilized: true})
  expect(decide({...spec, behavior: {scaleDown: {stabilizationWindowSeconds: 0}}}, 10, 4, past, at).replicas).toBe(4)
})

test('a direction that is disabled is not taken', () => {
  const down = {...spec, behavior: {scaleDown: {selectPolicy: 'Disabled', stabilizationWindowSeconds: 0}}}
  expect(decide(down, 10, 4, none, at).replicas).toBe(10)
})
