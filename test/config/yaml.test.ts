import {expect, test} from 'vitest'
import {briefly, changed, EXAMPLE, parse, problemsOf} from './example.ts'

const CASES: [string, string, string[]][] = [
  ['an empty file', '', ['FILE_EMPTY 1:1 → version: 1']],
  ['a file of comments', '# nothing\n', ['FILE_EMPTY 1:1 → version: 1']],
  ['a list', '- a\n', ['FILE_NOT_A_MAP 1:1']],
  ['a word', 'hello', ['FILE_NOT_A_MAP 1:1']],
  ['a NUL byte', 'version: 1\napp: a\0b\n', ['FILE_NOT_TEXT 2:7']],
  ['a huge file', `version: 1\n${'# x\n'.repeat(70_000)}`, ['FILE_TOO_LARGE 1:1']],
  ['ten thousand brackets', `version: ${'['.repeat(10_000)}`, ['FILE_TOO_DEEP 1:1']],
  [
    'fifty maps in one another',
    `${changed('version: 1\n', 'version: 1\nx: ')}`.replace('x: ', `x: ${'{a: '.repeat(50)}1${'}'.repeat(50)}\n`),
    ['KEY_UNKNOWN 2:1', 'FILE_TOO_DEEP 2:164'],
  ],
  ['a broken flow map', changed('{target: local}', '{target: local'), ['YAML_SYNTAX 7:3']],
  ['a duplicate key', changed('edge:', 'app: other\nedge:'), ['KEY_DUPLICATE 35:1']],
  ['a key that is a list', changed('edge:', '? [a, b]\n: 1\nedge:'), ['KEY_NOT_TEXT 35:3']],
  ['a key that would change the prototype', changed('edge:', '__proto__: {a: 1}\nedge:'), ['KEY_NOT_TEXT 35:1']],
  ['a tag', changed('app: pms-rent', 'app: !thing pms-rent'), ['YAML_TAG 2:6']],
  ['an alias without anchor', changed('app: pms-rent', 'app: *name'), ['ALIAS_UNKNOWN 2:6', 'NAME_INVALID 2:6']],
  [
    'an alias in itself',
    changed('version: 1\n', 'version: 1\nx: &x {a: *x}\n'),
    ['KEY_UNKNOWN 2:1', 'ALIAS_LOOP 2:11'],
  ],
  ['a merge of itself', changed('edge: {', 'edge: &e {<<: *e, '), ['ALIAS_LOOP 35:15']],
  ['a merge of a list of words', changed('edge: {', 'edge: {<<: [a], '), ['MERGE_INVALID 35:8 → <<: *anchor']],
  ['two documents', `${EXAMPLE}---\na: 1\n`, ['YAML_SYNTAX 37:1']],
]

test.each(CASES)('%s is a problem at its exact place', (_, text, expected) => {
  expect(briefly(text)).toEqual(expected)
})

/** Of this process alone: what its neighbours do is no fault of the reader's. */
const workedMs = () => process.cpuUsage().user / 1000

test('aliases that multiply are refused, and quickly', () => {
  const levels = Array.from({length: 12}, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]\n`)
  const started = workedMs()
  const codes = problemsOf(`version: 1\nl0: &l0 [a]\n${levels.join('')}`).map(({code}) => code)
  expect(codes).toEqual(['ALIAS_EXPLOSION'])
  expect(workedMs() - started).toBeLessThan(2000)
})

test.each([
  ['keys', Array.from({length: 20_000}, (_, i) => `k${i}: 1\n`).join('')],
  ['aliases', `a: &a 1\nb: [${'*a,'.repeat(60_000)}]\n`],
  ['brackets', '[{'.repeat(100_000)],
  [
    'unknown settings of a service',
    `version: 1\napp: abc\nservices:\n  a:\n${Array.from({length: 9000}, (_, i) => `    k${i}: 1\n`).join('')}`,
  ],
])('the largest file of %s is read in bounded time', (_, text) => {
  const started = workedMs()
  expect(problemsOf(text).length).toBeGreaterThan(0)
  expect(workedMs() - started).toBeLessThan(5000)
})

test('anchors, aliases and merge keys save repetition', () => {
  const text = changed('  booking-sync:\n    type: worker\n', '  booking-sync: &worker\n    type: worker\n').replace(
    'database:\n',
    '  pricing:\n    <<: *worker\n    replicas: {min: 1, max: 2}\ndatabase:\n',
  )
  const parsed = parse(text)
  expect('config' in parsed && parsed.config.services.map(({name, replicas}) => [name, replicas.min])).toEqual([
    ['api', 3],
    ['booking-sync', 2],
    ['pricing', 1],
  ])
})

test('a problem in what an alias repeats is shown once, where it is written', () => {
  const text = changed('    consumes: [bookings]', '    consumes: &queues [bokings]').replace(
    'database:\n',
    '  pricing: {type: worker, image: "p:1", consumes: *queues}\ndatabase:\n',
  )
  expect(briefly(text)).toEqual(['QUEUE_UNDEFINED 25:24 → bookings'])
})

test('null in an environment removes what it overrides', () => {
  const text = changed('{target: local}', '{target: local, database: null, secrets: []}')
  const parsed = parse(text)
  expect(parsed).toMatchObject({config: {environment: 'local', secrets: []}})
  expect('config' in parsed && parsed.config.database).toBeUndefined()
})

test('keys that objects have by nature are keys like any other', () => {
  expect(briefly(changed('port: 8080', 'port: {toString: 1, constructor: 2}'))).toEqual([
    'PORT_OUT_OF_RANGE 18:11 → 8080',
  ])
  expect(briefly(changed('app: pms-rent', 'app: {toString: 1}'))).toEqual(['NAME_INVALID 2:6'])
})

test('null over nothing is a misspelling', () => {
  expect(briefly(changed('{target: local}', '{target: local, datbase: null}'))).toEqual(['KEY_UNKNOWN 6:26 → database'])
})

test('columns are counted after Windows line ends and a byte order mark as editors do', () => {
  expect(briefly(`\uFEFF${EXAMPLE.replaceAll('\n', '\r\n').replace('port: 8080', 'port: 80')}`)).toEqual([
    'PORT_OUT_OF_RANGE 18:11 → 8080',
  ])
})
