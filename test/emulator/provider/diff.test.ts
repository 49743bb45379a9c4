import fc from 'fast-check'
import {expect, test} from 'vitest'
import {diffInputs, formatPath} from '../../../src/emulator/provider/diff.ts'
import {refreshInputs} from '../../../src/emulator/provider/refresh.ts'
import {equal, UNKNOWN, unwrap, wrap} from '../../../src/emulator/provider/values.ts'

const told = (olds: object, news: object, immutable: string[] = [], ignored: string[] = []) =>
  diffInputs({...olds}, {...news}, immutable, ignored).map(
    ({path, kind, replaces}) => `${kind} ${formatPath(path)}${replaces ? ' replaces' : ''}`,
  )

test.each([
  ['nothing', {a: 1, b: [{c: 2}]}, {a: 1, b: [{c: 2}]}, []],
  ['a value', {a: {b: 1}}, {a: {b: 2}}, ['update a.b']],
  ['a new object, as a whole', {}, {a: {b: 1, c: 2}}, ['add a']],
  ['an object that went', {a: {b: 1}}, {}, ['delete a']],
  ['an element', {a: [1, 2, 3]}, {a: [1, 5, 3]}, ['update a[1]']],
  ['elements at the end', {a: [1]}, {a: [1, 2, 3]}, ['add a[1]', 'add a[2]']],
  ['a name with dots', {a: {'x/y.z': 1}}, {a: {'x/y.z': 2}}, ['update a["x/y.z"]']],
  ['another kind of value', {a: {b: 1}}, {a: [1]}, ['update a']],
  ['a value that is not known yet', {a: {b: 1}}, {a: UNKNOWN}, ['update a']],
  ['bookkeeping, which does not count', {a: 1, __defaults: []}, {a: 1, __defaults: ['a']}, []],
])('a difference is told where it is: %s', (_, olds, news, expected) => {
  expect(told(olds, news)).toEqual(expected)
})

test.each([
  ['itself', {a: {b: 1}}, {a: {b: 2}}, ['a.b'], true],
  ['something inside it', {a: {b: {c: 1}}}, {a: {b: {c: 2}}}, ['a.b'], true],
  ['its neighbour', {a: {b: 1, c: 1}}, {a: {b: 1, c: 2}}, ['a.b'], false],
  ['an object that brings it along', {}, {a: {b: 1}}, ['a.b'], true],
  ['an object that comes without it', {}, {a: {c: 1}}, ['a.b'], false],
  ['an object not known yet that may hold it', {a: {b: 1}}, {a: UNKNOWN}, ['a.b'], true],
  ['an element of a list', {a: [{b: 1}]}, {a: [{b: 2}]}, ['a[].b'], true],
  ['a name that only begins like it', {ab: 1}, {ab: 2}, ['a'], false],
])('an immutable field forces a replacement when the change is to %s', (_, olds, news, immutable, replaces) => {
  expect(diffInputs(olds, news, immutable).some((change) => change.replaces)).toBe(replaces)
})

test.each([
  ['the field', ['a.b']],
  ['what holds it', ['a']],
  ['any element', ['c[*].d', 'a']],
])('ignored changes are not told: %s', (_, ignored) => {
  expect(told({a: {b: 1}}, {a: {b: 2}}, ['a'], ignored)).toEqual([])
})

test('values differ exactly where a difference is told', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (a, b) => {
      expect(diffInputs(a, a, [])).toEqual([])
      const kept = (all: object) => Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('__')))
      if (equal(kept(a), kept(b))) expect(diffInputs(a, b, [])).toEqual([])
    }),
  )
})

const SECRET = {'4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270'}

test('secrets are taken out, and put back where they were', () => {
  const wire = {name: 'a', password: {...SECRET, value: 'x'}, list: [{token: {...SECRET, value: {deep: true}}}]}
  const {value, secrets} = unwrap(wire)
  expect(value).toEqual({name: 'a', password: 'x', list: [{token: {deep: true}}]})
  expect(secrets).toEqual([['password'], ['list', 0, 'token']])
  expect(wrap(value, secrets)).toEqual(wire)
})

test('a secret stays secret in outputs that have more fields, and one that is gone is no error', () => {
  const {secrets} = unwrap({a: {...SECRET, value: 'x'}, b: {c: {...SECRET, value: 'y'}}})
  expect(wrap({id: 1, a: 'x'}, secrets)).toEqual({id: 1, a: {...SECRET, value: 'x'}})
})

test.each([
  ['fields nobody asked for are left out', {a: 1}, {a: 2, b: 3}, {a: 2}],
  ['elements keep to their own fields', {l: [{n: 'x'}]}, {l: [{n: 'x', added: 1}]}, {l: [{n: 'x'}]}],
  ['a list of another length is taken as it is', {l: [1]}, {l: [1, 2]}, {l: [1, 2]}],
  ['a field that is gone is gone', {a: 1, b: 2}, {a: 1}, {a: 1, b: undefined}],
  [
    'a link is the name it was asked for by',
    {network: 'net'},
    {network: 'https://www.googleapis.com/compute/v1/projects/p/global/networks/net'},
    {network: 'net'},
  ],
  [
    'a link to something else is a change',
    {network: 'net'},
    {network: 'https://www.googleapis.com/compute/v1/projects/p/global/networks/other'},
    {network: 'https://www.googleapis.com/compute/v1/projects/p/global/networks/other'},
  ],
])('a refresh compares what was asked for: %s', (_, old, live, expected) => {
  expect(refreshInputs(old, live)).toEqual(expected)
})
