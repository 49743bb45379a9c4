import fc from 'fast-check'
import {expect, test} from 'vitest'
import {drainOf} from '../../src/topology/drain.ts'

test('a pod serves while it drains, then has its own grace', () => {
  const health = {ready: '/r', live: '/l', drainSeconds: 20}
  expect(drainOf({health, graceSeconds: 30})).toEqual({
    preStopSeconds: 20,
    terminationSeconds: 50,
    connectionSeconds: 50,
    requestSeconds: 30,
  })
})

test('whatever is asked for, a request taken at the last moment fits into what is left of the pod', () => {
  fc.assert(
    fc.property(fc.nat(600), fc.integer({min: 1, max: 600}), (drainSeconds, graceSeconds) => {
      const drain = drainOf({health: {ready: '/r', live: '/l', drainSeconds}, graceSeconds})
      expect(drain.preStopSeconds + drain.requestSeconds).toBeLessThanOrEqual(drain.terminationSeconds)
      expect(drain.connectionSeconds).toBeLessThanOrEqual(drain.terminationSeconds)
    }),
  )
})
