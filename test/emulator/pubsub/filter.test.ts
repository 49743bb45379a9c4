import {expect, test} from 'vitest'
import {compileFilter} from '../../../src/emulator/pubsub/filter.ts'

test.each([
  ['', {}, true],
  ['attributes:domain', {domain: 'x'}, true],
  ['attributes:domain', {}, false],
  ['attributes:constructor', {}, false],
  ['attributes.domain = "com"', {domain: 'com'}, true],
  ['attributes.domain != "com"', {}, true],
  ['attributes."a b" = "\\"quoted\\""', {'a b': '"quoted"'}, true],
  ['hasPrefix(attributes.domain, "co")', {domain: 'com'}, true],
  ['NOT attributes:a AND attributes:b', {b: ''}, true],
  ['-attributes:a', {a: ''}, false],
  ['attributes:a OR (attributes:b AND attributes:c)', {b: '', c: ''}, true],
  ['attributes:a OR (attributes:b AND attributes:c)', {b: ''}, false],
] as const)('the filter %s on %j is %s', (filter, attributes, passes) => {
  expect(compileFilter(filter)(attributes)).toBe(passes)
})

test.each([
  'attributes:a AND attributes:b OR attributes:c',
  'attributes.a',
  'attributes.a = b',
  'data = "x"',
  '(attributes:a',
  'attributes:a attributes:b',
  'attributes.a = "open',
  `attributes:${'x'.repeat(260)}`,
])('the filter %s is refused', (filter) => {
  expect(() => compileFilter(filter)).toThrow('Invalid filter given')
})
