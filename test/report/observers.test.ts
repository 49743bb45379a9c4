import {expect, test} from 'vitest'
import type {RegionSeen} from '../../src/cloud/cloud.ts'
import type {Facts} from '../../src/facts.ts'
import {observerLines} from '../../src/report/observers.ts'

const plain = (_: string, text: string) => text
const facts = (change: Partial<Facts>): Facts => ({
  ...{version: 1, region: 'us-east1', at: '', upMs: 1},
  ...{primary: {}, local: {}, peers: [], canaries: {}},
  ...change,
})
const seen = (observer: RegionSeen['observer']): RegionSeen => ({
  ...{name: 'us-east1', services: {seen: []}, endpoints: {seen: []}},
  ...(observer && {observer}),
})
const peer = {region: 'europe-west1', url: '', answer: '', ms: 1, forMs: 75_000}

test.each<[string, RegionSeen['observer'], string]>([
  ['a primary has no lag', {seen: facts({peers: [{...peer, isReachable: true}]})}, 'us-east1  –  –  –  –  all answer'],
  [
    'a replica has it in seconds and bytes',
    {seen: facts({lag: {seconds: 0.42, bytes: 2048}})},
    'us-east1  0.4 s  2.0 KiB  –  –  –',
  ],
  [
    'canaries show how long a client waits, or what it is told',
    {
      seen: facts({
        canaries: {
          read: {isWell: true, answer: '200', ms: 12, ageMs: 1},
          write: {isWell: false, answer: '503', ms: 9, ageMs: 1},
        },
      }),
    },
    'us-east1  –  –  12 ms  503  –',
  ],
  [
    'what is gone is told with since when',
    {
      seen: facts({
        primary: {failing: {forMs: 80_000, message: 'refused'}},
        peers: [{...peer, isReachable: false}],
      }),
    },
    'us-east1  no primary for 1 min 20 s  –  –  –  europe-west1 silent for 1 min 15 s',
  ],
  ['an observer that cannot be read is no answer', {unseen: 'connect ECONNREFUSED'}, 'us-east1  no answer'],
])('%s', (_, observer, expected) => {
  const [, , line] = observerLines([seen(observer)], plain)
  expect(line!.trim().replaceAll(/ {2,}/g, '  ')).toBe(expected)
})

test('where no observer runs nothing is said of it', () => {
  expect(observerLines([seen(undefined)], plain)).toEqual([])
})
