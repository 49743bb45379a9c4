/** The bound on what an unplanned failover loses, against histories in which everything that was acknowledged is known. */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import type {Position} from '../../src/cloud/operable.ts'
import type {Facts} from '../../src/facts.ts'
import {evidence, isPerhapsStale} from '../../src/operations/evidence.ts'
import {lossOf} from '../../src/operations/loss.ts'
import type {Scene} from '../../src/operations/scene.ts'
import {preflightUnplanned} from '../../src/operations/unplanned.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import type {Topology} from '../../src/topology/topology.ts'
import {exampleConfig} from '../fakes/config.ts'

const [FROM, TO, THIRD] = ['us-east1', 'europe-west1', 'asia-southeast1'] as const
const config = exampleConfig({
  regions: [FROM, TO, THIRD],
  observer: {image: `example.test/o@sha256:${'a'.repeat(64)}`, canary: {}},
})
const TOPOLOGY: Topology = deriveTopology(config, initialRoles(config))
const nameIn = (region: string) => TOPOLOGY.database!.instances.find((it) => it.region === region)!.name
const BACKEND = TOPOLOGY.services.find(({backend}) => backend)!.backend!

interface Silence {
  /** Seconds. */
  readonly primary?: number
  readonly cluster?: number
  readonly writeAgo?: number
}

/** What the observer of a region tells, `since` the ways it looks at have been closed. */
const factsOf = (region: string, {primary, cluster, writeAgo}: Silence): Facts => ({
  version: 1,
  region,
  at: '2026-01-01T00:00:00.000Z',
  upMs: 1_000_000,
  primary: {
    value: {systemId: '1', isWritable: true, standbys: []},
    ageMs: (primary ?? 0.4) * 1000,
    ...(primary !== undefined && {failing: {forMs: primary * 1000, message: 'refused'}}),
  },
  local: {},
  peers: [
    {
      ...{region: FROM, url: '', answer: '', ms: 1},
      isReachable: cluster === undefined,
      forMs: (cluster ?? 900) * 1000,
    },
  ],
  canaries: {...(writeAgo !== undefined && {write: {isWell: true, answer: '201', ms: 9, ageMs: writeAgo * 1000}})},
})

interface Sight {
  readonly held: number | null
  readonly lag?: number | null
  readonly contact?: number | null
  readonly isServing?: boolean
  readonly observers: Readonly<Record<string, Facts | undefined>>
}

const unseen = {unseen: 'silent'}

function sceneOf({held, lag = held, contact = null, isServing = false, observers}: Sight): Scene {
  const position: Position = {
    ...{inRecovery: true, timeline: 1, systemId: '1', lsn: 1, replayed: 1, streaming: false, paused: false},
    ...{lagSeconds: lag, contactSeconds: contact, oldestTransactionSeconds: 0},
  }
  return {
    at: 0,
    instances: {seen: []},
    positions: {[nameIn(FROM)]: unseen, [nameIn(TO)]: {seen: position}, [nameIn(THIRD)]: unseen},
    held: {[nameIn(TO)]: held === null ? unseen : {seen: held}},
    observers: Object.fromEntries(
      Object.entries(observers).map(([region, facts]) => [region, facts ? {seen: facts} : unseen]),
    ),
    busy: {seen: []},
    records: {primary: unseen, nearest: {}},
    rotations: {},
    health: {[BACKEND]: {seen: {[FROM]: {healthy: isServing ? 3 : 0, total: 3}, [TO]: {healthy: 3, total: 3}}}},
    workloads: {[FROM]: unseen},
    queues: {},
    outbox: {},
    gate: unseen,
    lastBackup: unseen,
  }
}

const lossAt = (sight: Sight) => lossOf(TOPOLOGY, sceneOf(sight), {from: FROM, to: TO})
const gone = (seconds: number) => ({
  [TO]: factsOf(TO, {primary: seconds, cluster: seconds}),
  [THIRD]: factsOf(THIRD, {primary: seconds, cluster: seconds}),
})

test('the bound stands still while people hesitate', () => {
  const after = (seconds: number) => lossAt({held: 1.4 + seconds, observers: gone(seconds)})!.seconds
  expect([after(10), after(60), after(3600)].map((seconds) => seconds.toFixed(2))).toEqual(['1.60', '1.60', '1.60'])
})

test.each<[string, Sight]>([
  ['the load balancer still sends requests there', {held: 12, observers: gone(10), isServing: true}],
  ['an observer cannot be read', {held: 12, observers: {...gone(10), [THIRD]: undefined}}],
  [
    'another region still reaches the primary',
    {held: 12, observers: {...gone(10), [THIRD]: factsOf(THIRD, {cluster: 10})}},
  ],
  [
    'its cluster still answers another region',
    {held: 12, observers: {...gone(10), [THIRD]: factsOf(THIRD, {primary: 10})}},
  ],
  ['the replica heard of it just now', {held: 12, observers: gone(10), contact: 0}],
  ['silence began before the newest heartbeat', {held: 5, observers: gone(10)}],
  ['no heartbeat is held, only transactions', {held: null, lag: 12, observers: gone(10)}],
])('it grows with time where %s', (_, sight) => {
  const {silence, held, seconds} = lossAt(sight)!
  expect([silence, seconds]).toEqual([0, held + 0.2])
})

test('a write that the front door took later than that counts', () => {
  const observers = {...gone(10), [TO]: factsOf(TO, {primary: 10, cluster: 10, writeAgo: 4})}
  expect(lossAt({held: 12, observers})).toMatchObject({silence: 4, seconds: 8.2})
})

test('what was never told cannot be bounded', () => {
  expect(lossAt({held: null, observers: gone(10)})).toBeUndefined()
})

/**
 * What is taken for granted: a region's pods and its cluster's API, which are reached the same way, are lost together or the pods go on
 * serving, so that the load balancer says so.
 *
 * A region whose primary acknowledges writes over three ways until it ends or the way is cut, a replica that is behind, observers that
 * ask every second and peers that are asked every two: all in seconds, `now` at 100.
 */
const NOW = 100
const moment = fc.double({min: 60, max: 99, noNaN: true})
const never = fc.constant(Number.POSITIVE_INFINITY)
const history = fc.record({
  end: fc.oneof(moment, never),
  cuts: fc.record({[TO]: fc.oneof(moment, never), [THIRD]: fc.oneof(moment, never), front: fc.oneof(moment, never)}),
  behind: fc.double({min: 0, max: 20, noNaN: true}),
  skew: fc.double({min: -0.2, max: 0.2, noNaN: true}),
  writes: fc.array(
    fc.record({at: fc.double({min: 30, max: 100, noNaN: true}), way: fc.constantFrom(TO, THIRD, 'front')}),
    {
      minLength: 1,
      maxLength: 60,
    },
  ),
  phases: fc.record({ask: fc.double({min: 0, max: 1, noNaN: true}), peer: fc.double({min: 0, max: 2, noNaN: true})}),
  patience: fc.double({min: 0, max: 2, noNaN: true}),
  unreadable: fc.constantFrom(undefined, TO, THIRD),
  connected: fc.boolean(),
  noticed: fc.double({min: 5, max: 13, noNaN: true}),
  // The cluster's API alone fails, while its pods go on serving.
  apiFails: fc.oneof({weight: 3, arbitrary: never}, {weight: 1, arbitrary: moment}),
})
type History = typeof history extends fc.Arbitrary<infer T> ? T : never

/** When the first of the asks that failed and went on failing was given up; undefined while the last one succeeded. */
function failingSince(closed: number, pace: number, phase: number, patience: number): number | undefined {
  if (closed >= NOW) return undefined
  const first = phase + Math.max(0, Math.ceil((closed - phase) / pace)) * pace
  return first + patience < NOW ? first + patience : undefined
}

function lived(past: History) {
  const {behind, skew, writes, phases, patience, unreadable, connected, noticed, apiFails} = past
  const livesOn = apiFails < NOW
  const end = livesOn ? Number.POSITIVE_INFINITY : past.end
  const cuts = livesOn ? {...past.cuts, front: Number.POSITIVE_INFINITY} : past.cuts
  const closedAt = (way: string) => Math.min(end, cuts[way as keyof typeof cuts])
  const acknowledged = writes.filter(({at, way}) => at < closedAt(way)).map(({at}) => at)
  // A heartbeat comes over every way that is open, and from the region itself while it lives.
  const beats = Array.from({length: NOW}, (_, second) => second + phases.ask).filter((at) => at < end && at < NOW)
  const received = closedAt(TO) - behind
  const held = Math.max(...[...acknowledged, ...beats].filter((at) => at <= Math.min(received, NOW)))
  const lost = acknowledged.filter((at) => at > received)
  const seen = (region: string) => {
    if (region === unreadable) return undefined
    const [primary, cluster] = [
      failingSince(closedAt(region), 1, phases.ask, patience),
      failingSince(Math.min(closedAt('front'), apiFails), 2, phases.peer, patience),
    ]
    return factsOf(region, {
      ...(primary !== undefined && {primary: NOW - primary}),
      ...(cluster !== undefined && {cluster: NOW - cluster}),
    })
  }
  const contact = Math.max(0, NOW - Math.min(closedAt(TO), NOW))
  const sight: Sight = {
    held: NOW - held + skew,
    contact: connected ? contact : null,
    isServing: NOW < closedAt('front') + noticed,
    observers: {[TO]: seen(TO), [THIRD]: seen(THIRD)},
  }
  return {loss: lossAt(sight)!, measured: lost.length === 0 ? 0 : Math.max(...lost) - held, lost}
}

test('in every history no write is lost beyond the bound', () => {
  fc.assert(
    fc.property(history, (past) => {
      const {loss, measured} = lived(past)
      expect(measured).toBeLessThanOrEqual(loss.seconds + 1e-9)
    }),
    {numRuns: 5_000},
  )
})

test('the histories are worth looking at: many lose something, and in many the bound is less than the time since', () => {
  const pasts = fc.sample(history, {numRuns: 2_000, seed: 7}).map(lived)
  expect(pasts.filter(({lost}) => lost.length > 0).length).toBeGreaterThan(200)
  expect(pasts.filter(({loss}) => loss.silence > 1).length).toBeGreaterThan(200)
})

const question = (sight: Sight) => ({topology: TOPOLOGY, scene: sceneOf(sight), from: FROM, to: TO})
const observersSay = (sight: Sight) => evidence(question(sight)).find(({from}) => from === 'observers')

test.each<[string, 'alive' | 'gone' | 'unsure', Sight]>([
  [
    'one of them still writes there',
    'alive',
    {held: 1, observers: {...gone(10), [THIRD]: factsOf(THIRD, {cluster: 9})}},
  ],
  ['the front door took a write', 'alive', {held: 1, observers: {[TO]: factsOf(TO, {primary: 9, writeAgo: 3})}}],
  [
    'the front door took a write before they lost the primary',
    'gone',
    {held: 3, observers: {[TO]: factsOf(TO, {primary: 1, cluster: 1, writeAgo: 3})}},
  ],
  ['none reaches the primary', 'gone', {held: 12, observers: gone(10)}],
  ['none can be read', 'unsure', {held: 12, observers: {}}],
])('where %s, the observers’ word is %s', (_, says, sight) => {
  expect(observersSay(sight)?.says).toBe(says)
})

test('observers that have not noticed yet are asked again, not those whom others contradict', () => {
  expect(isPerhapsStale(question({held: 1, observers: {[TO]: factsOf(TO, {cluster: 1})}}))).toBe(true)
  expect(isPerhapsStale(question({held: 12, observers: gone(10)}))).toBe(false)
})

test('a region is not given up on the word of the operator’s own network alone', () => {
  const scene = sceneOf({held: 1, isServing: true, observers: {}})
  const streaming = {
    seen: {...(scene.positions[nameIn(TO)] as {seen: Position}).seen, contactSeconds: 30, inRecovery: false},
  }
  // The replica cannot be asked either, the load balancer still sees endpoints.
  const alone = {...scene, positions: {...scene.positions, [nameIn(TO)]: unseen}}
  const instances = {seen: [{name: nameIn(FROM), state: 'UNKNOWN'}]} as unknown as Scene['instances']
  const reasons = (seen: Scene) =>
    preflightUnplanned({...question({held: 1, observers: {}}), scene: {...seen, instances}}, 60)
      .filter(({name, verdict}) => name === 'evidence' && verdict === 'refuse')
      .map(({reason}) => reason)
  expect(reasons(alone)[0]).toContain('own network')
  expect(reasons({...alone, positions: {...scene.positions, [nameIn(TO)]: streaming}})).toEqual([])
})
