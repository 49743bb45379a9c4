import fc from 'fast-check'
import {expect, test} from 'vitest'
import {jsonPatch, mergePatch} from '../../../src/emulator/kubernetes/api/json-patch.ts'
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'
import {canonicalQuantity, quantityOf} from '../../../src/emulator/kubernetes/api/quantity.ts'
import {matchesSelector, parseSelector} from '../../../src/emulator/kubernetes/api/selectors.ts'
import {strategicMerge} from '../../../src/emulator/kubernetes/api/strategic.ts'

const list = (...names: string[]) => names.map((name) => ({name}))

const STRATEGIC: [string, Json, Json, Json][] = [
  [
    'merges keyed lists by their key',
    {spec: {containers: [{name: 'a', image: '1'}]}},
    {spec: {containers: [{name: 'a', tty: true}]}},
    {spec: {containers: [{name: 'a', image: '1', tty: true}]}},
  ],
  [
    'replaces lists without a key',
    {spec: {tolerations: list('a')}},
    {spec: {tolerations: list('b')}},
    {spec: {tolerations: list('b')}},
  ],
  ['removes what is null', {spec: {nodeName: 'n', x: 1}}, {spec: {nodeName: null}}, {spec: {x: 1}}],
  [
    'deletes an item by directive',
    {spec: {volumes: list('a', 'b')}},
    {spec: {volumes: [{name: 'a', $patch: 'delete'}]}},
    {spec: {volumes: list('b')}},
  ],
  [
    'replaces a list by directive',
    {spec: {volumes: list('a', 'b')}},
    {spec: {volumes: [{name: 'c'}, {$patch: 'replace'}]}},
    {spec: {volumes: list('c')}},
  ],
  [
    'replaces a map by directive',
    {metadata: {labels: {a: '1'}}},
    {metadata: {labels: {b: '2', $patch: 'replace'}}},
    {metadata: {labels: {b: '2'}}},
  ],
  [
    'orders a list as told',
    {spec: {containers: list('a', 'b')}},
    {spec: {containers: list('c'), '$setElementOrder/containers': list('c', 'b', 'a')}},
    {spec: {containers: list('c', 'b', 'a')}},
  ],
  [
    'keeps only retained keys',
    {spec: {x: {a: 1, b: 2}}},
    {spec: {x: {$retainKeys: ['b', 'c'], c: 3}}},
    {spec: {x: {b: 2, c: 3}}},
  ],
  [
    'unites sets of scalars',
    {metadata: {finalizers: ['a']}},
    {metadata: {finalizers: ['b']}},
    {metadata: {finalizers: ['a', 'b']}},
  ],
  [
    'takes scalars out of sets',
    {metadata: {finalizers: ['a', 'b']}},
    {metadata: {'$deleteFromPrimitiveList/finalizers': ['a']}},
    {metadata: {finalizers: ['b']}},
  ],
]

test.each(STRATEGIC)('a strategic merge patch %s', (_, target, patch, result) => {
  const before = structuredClone(target)
  expect(strategicMerge('pods', target, patch)).toEqual(result)
  expect(target).toEqual(before)
})

test('a strategic merge patch without its key is refused', () => {
  expect(() => strategicMerge('pods', {}, {spec: {containers: [{image: 'x'}]}})).toThrow('declared merge key: name')
})

test('a merge patch applied to anything gives what RFC 7386 says', () => {
  expect(mergePatch({a: 'b', c: {d: 1, e: 2}, f: [1]}, {a: null, c: {d: 3}, f: [2]})).toEqual({c: {d: 3, e: 2}, f: [2]})
})

const JSON_PATCHES: [Json, Json][] = [
  [[{op: 'add', path: '/list/-', value: 3}], {list: [1, 2, 3], 'a/b': 1}],
  [[{op: 'add', path: '/list/0', value: 0}], {list: [0, 1, 2], 'a/b': 1}],
  [[{op: 'remove', path: '/list/0'}], {list: [2], 'a/b': 1}],
  [[{op: 'replace', path: '/a~1b', value: 2}], {list: [1, 2], 'a/b': 2}],
  [[{op: 'move', from: '/a~1b', path: '/c'}], {list: [1, 2], c: 1}],
  [[{op: 'copy', from: '/list', path: '/c'}], {list: [1, 2], 'a/b': 1, c: [1, 2]}],
  [[{op: 'test', path: '/a~1b', value: 1}], {list: [1, 2], 'a/b': 1}],
]

test.each(JSON_PATCHES)('the JSON patch %j does what RFC 6902 says', (patch, result) => {
  expect(jsonPatch({list: [1, 2], 'a/b': 1}, patch)).toEqual(result)
})

test.each([
  [[{op: 'test', path: '/a', value: 2}], 'testing path /a failed'],
  [[{op: 'remove', path: '/b'}], 'missing value'],
  [[{op: 'add', path: '/x/y', value: 1}], 'missing path'],
  [[{op: 'jump', path: '/a'}], 'unexpected kind'],
])('the JSON patch %j is refused', (patch, why) => {
  expect(() => jsonPatch({a: 1}, patch)).toThrow(why)
})

test.each([
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['1500M', '1500M'],
  ['2000M', '2G'],
  ['100Ki', '100Ki'],
  ['0', '0'],
  [2, '2'],
  ['1e3', '1e3'],
])('the quantity %s is written back as %s', (given, written) => {
  expect(canonicalQuantity(given)).toBe(written)
})

test('a quantity written back is the same amount', () => {
  const amounts = fc.tuple(fc.integer({min: 0, max: 1_000_000}), fc.constantFrom('m', '', 'k', 'M', 'Ki', 'Mi', 'Gi'))
  fc.assert(
    fc.property(amounts, ([number, suffix]) => {
      expect(quantityOf(canonicalQuantity(`${number}${suffix}`))).toBeCloseTo(quantityOf(`${number}${suffix}`), 3)
    }),
  )
})

test.each([
  ['', true],
  ['a=1', true],
  ['a==1,b!=3', true],
  ['a in (1,2)', true],
  ['a notin (1,2)', false],
  ['!c,b', true],
  ['c', false],
])('the selector %j on a=1,b=2 says %s', (text, expected) => {
  expect(matchesSelector(parseSelector(text), {a: '1', b: '2'})).toBe(expected)
})
