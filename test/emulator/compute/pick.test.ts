import fc from 'fast-check'
import {expect, test} from 'vitest'
import {type CandidateGroup, NO_TURNS, type Preference, pick} from '../../../src/emulator/compute/plane/pick.ts'

interface One {
  readonly name: string
  readonly usable: boolean
  readonly inFlight: number
}

/** `east-b 1 a b!` = group east-b of region east, scaler 1, endpoints a and b, b not usable. A number after `@` is its load. */
function groups(...lines: readonly string[]): CandidateGroup<One>[] {
  return lines.map((line) => {
    const [id = '', scaler, ...names] = line.split(' ')
    const candidates = names.map((text) => {
      const [name = '', load = '0'] = text.replace('!', '').split('@')
      return {name, usable: !text.endsWith('!'), inFlight: Number(load)}
    })
    const rate = {of: 'endpoint', perSecond: 100} as const
    return {id, region: id.split('-')[0]!, scaler: Number(scaler), rate, candidates}
  })
}

function take(count: number, from: readonly CandidateGroup<One>[], preference: Preference = {locality: 'ROUND_ROBIN'}) {
  const taken: Record<string, number> = {}
  let turns = NO_TURNS
  for (let step = 0; step < count; step++) {
    const picked = pick(from, preference, turns)
    turns = picked.turns
    const name = picked.choice?.name ?? 'nobody'
    taken[name] = (taken[name] ?? 0) + 1
  }
  return taken
}

const round = {locality: 'ROUND_ROBIN'} as const

test.each([
  ['equal endpoints take equal turns', groups('east-b 1 a', 'west-b 1 b'), round, {a: 50, b: 50}],
  [
    'a group with more endpoints has more capacity',
    groups('east-b 1 a b c', 'west-b 1 d'),
    round,
    {a: 25, b: 25, c: 25, d: 25},
  ],
  ['a scaler of 0.1 is exact', groups('east-b 0.1 a', 'west-b 0.9 b'), round, {a: 10, b: 90}],
  [
    'a scaler of 0.5 beside 1 is exact',
    groups('east-b 0.5 a', 'west-b 1 b', 'west-c 1 c'),
    round,
    {a: 20, b: 40, c: 40},
  ],
  ['a scaler of 0 takes nothing', groups('east-b 0 a', 'west-b 1 b'), round, {b: 100}],
  ['a scaler of 0 takes nothing though nobody else can', groups('east-b 0 a', 'west-b 1 b!'), round, {nobody: 100}],
  ['endpoints that cannot serve are left out', groups('east-b 1 a b!', 'west-b 1 c!'), round, {a: 100}],
  ['nobody serves when no group has capacity', groups('east-b 1 a!', 'west-b 1'), round, {nobody: 100}],
  ['the client is served near', groups('east-b 1 a', 'west-b 1 b'), {...round, clientRegion: 'west'}, {b: 100}],
  [
    'an unknown region is nowhere near',
    groups('east-b 1 a', 'west-b 1 b'),
    {...round, clientRegion: 'asia'},
    {a: 50, b: 50},
  ],
  ['a drained region spills over', groups('east-b 1 a', 'west-b 0 b'), {...round, clientRegion: 'west'}, {a: 100}],
  ['a dead region spills over', groups('east-b 1 a', 'west-b 1 b! c!'), {...round, clientRegion: 'west'}, {a: 100}],
  [
    '70 % of health keeps a region whole',
    groups('east-b 1 x', 'west-b 1 a b c!'),
    {...round, clientRegion: 'west'},
    {a: 48, b: 47, x: 5},
  ],
  [
    'half the endpoints lost keep 5/7 of it',
    groups('east-b 1 x', 'west-b 1 a b!'),
    {...round, clientRegion: 'west'},
    {a: 71, x: 29},
  ],
] as const)('%s', (_, from, preference, expected) => {
  expect(take(100, from, preference)).toEqual(expected)
})

test('least request takes the endpoint with the fewest in flight', () => {
  expect(take(3, groups('east-b 1 a@2 b@1 c@3'), {locality: 'LEAST_REQUEST'})).toEqual({b: 3})
})

test('least request goes round among equals', () => {
  expect(take(9, groups('east-b 1 a b c'), {locality: 'LEAST_REQUEST'})).toEqual({a: 3, b: 3, c: 3})
})

test('a group rate of its own counts whatever its endpoints', () => {
  const from = groups('east-b 1 a b c', 'west-b 1 d').map((group) => ({
    ...group,
    rate: {of: 'group', perSecond: 10} as const,
  }))
  const taken = take(60, from)
  expect(taken.d).toBe(30)
})

test('picking leaves the turns it was given as they were', () => {
  const before = structuredClone(NO_TURNS)
  pick(groups('east-b 1 a'), round, NO_TURNS)
  expect(NO_TURNS).toEqual(before)
})

test('whatever the groups, shares follow capacity within one request per group', () => {
  const group = fc.record({
    scaler: fc.constantFrom(0, 0.1, 0.3, 0.5, 1),
    up: fc.integer({min: 0, max: 4}),
    down: fc.integer({min: 0, max: 2}),
  })
  fc.assert(
    fc.property(fc.array(group, {minLength: 1, maxLength: 6}), (shapes) => {
      const from: CandidateGroup<One>[] = shapes.map(({scaler, up, down}, at) => ({
        id: `g${at}`,
        region: `r${at % 2}`,
        scaler,
        rate: {of: 'endpoint', perSecond: 7},
        candidates: [...Array(up + down).keys()].map((one) => ({name: `${at}`, usable: one < up, inFlight: 0})),
      }))
      const capacities = shapes.map(({scaler, up}) => scaler * up)
      const total = capacities.reduce((sum, one) => sum + one, 0)
      const taken = take(200, from)
      if (total === 0) {
        expect(taken).toEqual({nobody: 200})
        return
      }
      for (const [at, capacity] of capacities.entries()) {
        expect(Math.abs((taken[`${at}`] ?? 0) - (200 * capacity) / total)).toBeLessThanOrEqual(1.0001)
      }
    }),
    {numRuns: 100},
  )
})
