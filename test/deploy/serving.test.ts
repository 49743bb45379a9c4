/** The end of a deploy: what is shown of a platform is how it serves, not how it was on the way there. */
import {expect, test} from 'vitest'
import type {Cloud, Observation, RegionSeen} from '../../src/cloud/cloud.ts'
import {untilServing} from '../../src/deploy/serving.ts'
import type {CanaryFacts, Facts} from '../../src/facts.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {hastyClock} from '../fakes/clock.ts'
import {exampleConfig} from '../fakes/config.ts'

const config = exampleConfig({regions: ['us-east1', 'europe-west1']})
const topology = deriveTopology(config, initialRoles(config))

const canary = (isWell: boolean): CanaryFacts => ({
  isWell,
  answer: isWell ? '200' : 'socket hang up',
  ms: 3,
  ageMs: 900,
})
const facts = (read: boolean, reaches = true): Facts => ({
  ...{version: 1, region: 'us-east1', at: '', upMs: 1, primary: {}, local: {}},
  peers: [{region: 'europe-west1', url: '', isReachable: reaches, answer: '', ms: 1, forMs: 1}],
  canaries: {read: canary(read)},
})
const look = (healthy: number, observer: RegionSeen['observer']): Observation => ({
  queues: {seen: []},
  regions: [
    {
      ...{name: 'us-east1', services: {seen: []}},
      endpoints: {seen: [{service: 'api', healthy, total: 3, drained: false}]},
      ...(observer && {observer}),
    },
  ],
})

/** The number of looks that it took, and what was seen last. Looks beyond those given are as the last one. */
async function wait(...looks: readonly Observation[]): Promise<{looks: number; last: Observation; ms: number}> {
  const clock = hastyClock()
  let at = 0
  const cloud = {observe: async () => looks[Math.min(at++, looks.length - 1)]!} as unknown as Cloud
  const {signal} = new AbortController()
  const begun = clock.monotonic()
  const last = await untilServing({cloud, topology, endpoints: {}, clock, emit: () => {}, signal})
  return {looks: at, last, ms: clock.monotonic() - begun}
}

test('a canary that was asked before the front door was open is not shown', async () => {
  const well = look(3, {seen: facts(true)})
  expect(await wait(look(0, {seen: facts(false)}), look(3, {seen: facts(false)}), well)).toMatchObject({
    looks: 3,
    last: well,
  })
})

test.each([
  ['does not answer yet', {unseen: 'connect ECONNREFUSED'}],
  ['has not reached the other region yet', {seen: facts(true, false)}],
])('an observer that %s is waited for', async (_, observer) => {
  expect(await wait(look(3, observer), look(3, {seen: facts(true)}))).toMatchObject({looks: 2})
})

test('an observer that goes on meeting trouble ends nothing: it is shown after ten seconds', async () => {
  const amiss = look(3, {seen: facts(false)})
  const {last, ms} = await wait(amiss)
  expect(last).toBe(amiss)
  expect(ms).toBeGreaterThanOrEqual(10_000)
  expect(ms).toBeLessThan(11_000)
})

test('what serves, with no observer or a well one, is not waited for', async () => {
  expect(await wait(look(3, undefined))).toMatchObject({looks: 1})
  expect(await wait(look(3, {seen: facts(true)}))).toMatchObject({looks: 1})
})

test('what does not serve fails in the end, whatever observers say', async () => {
  await expect(wait(look(0, {seen: facts(true)}))).rejects.toMatchObject({code: 'WORKLOAD_UNHEALTHY'})
})
