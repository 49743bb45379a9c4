import type {RequestListener} from 'node:http'
import {expect} from 'vitest'
import {systemClock} from '../../../src/emulator/clock.ts'
import type {ComputeOptions} from '../../../src/emulator/compute/service.ts'
import type {Props} from '../../../src/emulator/contract.ts'
import {
  allHealthy,
  type Bench,
  type EdgeShape,
  openBench,
  openEdge,
  openUpstream,
  PROJECT,
  type Upstream,
  until,
} from './world.ts'

export const EAST = 'us-east1-b'
export const WEST = 'europe-west1-b'

export interface Stage {
  readonly bench: Bench
  readonly url: string
  readonly up: readonly Upstream[]
}

export const named =
  (name: string): RequestListener =>
  (_request, response) =>
    void response.end(name)

/** One upstream per listener, spread over the zones in turn, all healthy; closed afterwards. */
export async function stage(
  listeners: readonly RequestListener[],
  run: (stage: Stage) => Promise<void>,
  shape: Partial<EdgeShape> & {options?: ComputeOptions; zonesOf?: readonly string[]} = {},
): Promise<void> {
  const bench = await openBench(shape.options)
  const up = await Promise.all(listeners.map((listener) => openUpstream(listener)))
  const places = shape.zonesOf ?? [EAST, WEST]
  const zones: Record<string, number[]> = {}
  for (const [at, one] of up.entries()) {
    const zone = places[at % places.length]!
    zones[zone] = [...(zones[zone] ?? []), one.port]
  }
  try {
    const url = await openEdge(bench, {zones, ...shape})
    if (shape.options?.probe === undefined) await until(bench, allHealthy)
    await run({bench, url, up})
  } finally {
    await bench.stop()
    await Promise.all(up.map((one) => one.stop()))
  }
}

export const text = async (url: string, init?: RequestInit) => {
  const answer = await fetch(url, init)
  return `${answer.status} ${await answer.text()}`
}

export const many = async (count: number, url: string, init?: RequestInit) => {
  const seen: Record<string, number> = {}
  for (let at = 0; at < count; at++) {
    const answer = await text(url, init)
    seen[answer] = (seen[answer] ?? 0) + 1
  }
  return seen
}

export async function scale(bench: Bench, scalers: Readonly<Record<string, number>>): Promise<void> {
  const {body} = await bench.call('GET', '/global/backendServices/web')
  const backends = (body.backends as Props[]).map((one) => {
    const zone = Object.keys(scalers).find((name) => String(one.group).includes(name))
    return zone === undefined ? one : {...one, capacityScaler: scalers[zone]}
  })
  const {status} = await bench.call('PATCH', '/global/backendServices/web', {fingerprint: body.fingerprint, backends})
  expect(status).toBe(200)
}

export const counters = async (bench: Bench) =>
  (
    (await bench.call('GET', '/emulator/v1/edge')).body as {
      counters: {edge: Record<string, number>; regions: Record<string, Record<string, number>>}
    }
  ).counters

/** Timers of a second and more take a fiftieth of it. */
export function fast(): typeof systemClock {
  return {...systemClock, after: (ms, run) => systemClock.after(ms / 50, run)}
}

export function routed(defaultRouteAction: Props): Props {
  return {
    defaultService: undefined,
    defaultUrlRedirect: {httpsRedirect: true, stripQuery: false, redirectResponseCode: 'MOVED_PERMANENTLY_DEFAULT'},
    hostRules: [{hosts: ['127.0.0.1'], pathMatcher: 'all'}],
    pathMatchers: [{name: 'all', defaultService: `projects/${PROJECT}/global/backendServices/web`, defaultRouteAction}],
  }
}
