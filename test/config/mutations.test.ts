/** A thousand ways to spoil a right ha.yaml: none crashes, each ends in a config or in problems that point at real places. */
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {Ajv} from 'ajv'
import fc from 'fast-check'
import {expect, test, vi} from 'vitest'
import {parse as parseYaml, stringify} from 'yaml'
import {configJsonSchema} from '../../src/config/json-schema.ts'
import {PROBLEM_CODES} from '../../src/config/problems.ts'
import {EXAMPLE, parse} from './example.ts'

// A thousand files take their time where others want the processor too.
vi.setConfig({testTimeout: 120_000})

const template = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../templates/${name}/ha.yaml`, import.meta.url)), 'utf8')
const ORIGINALS = [EXAMPLE, template('rental'), template('minimal')]

/** The same thousand every time; another thousand with HA_SEED=number. */
const SEED = Number(process.env.HA_SEED ?? 20_261_122)
/** A thousand files each take seconds, on a busy machine a minute. */
vi.setConfig({testTimeout: 120_000})

const RUNS = {seed: SEED, numRuns: 1000}

const isAccepted = new Ajv({strict: true}).compile(configJsonSchema())

/** What must hold of any text at all. */
function check(text: string): void {
  const parsed = parse(text)
  if ('config' in parsed) {
    isAccepted(parseYaml(text, {merge: true}))
    expect(isAccepted.errors).toBeNull()
    expect(JSON.stringify(parsed.config)).not.toMatch(/null|NaN/)
    return
  }
  const lines = text.split('\n')
  expect(parsed.problems.length).toBeGreaterThan(0)
  for (const {code, message, line, column, excerpt} of parsed.problems) {
    expect(PROBLEM_CODES).toHaveProperty(code)
    expect(message).toMatch(/[.?!]$/)
    expect(lines[line - 1]).toBeDefined()
    expect(column).toBeGreaterThanOrEqual(1)
    expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1)
    expect(excerpt).not.toMatch(/\p{Cc}/u)
  }
}

const piece = fc.oneof(
  fc.constantFrom(
    '\t',
    '\n',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '<<: *a\n',
    '!!binary ',
    '"',
    "'",
    '|\n',
    '>-\n',
    '#',
    '%',
    '---\n',
    '...\n',
    '? ',
    '\r',
    '\u0000',
    '\uFEFF',
    '\u2028',
    '__proto__: 1\n',
    'constructor: 1\n',
    '~',
    '.inf',
    '0x1f',
    '1e999',
  ),
  fc.string({maxLength: 6}),
  fc.string({unit: 'binary', maxLength: 4}),
)
const cut = fc.record({at: fc.nat(), length: fc.nat({max: 30}), insert: piece})

test('a thousand texts spoilt character by character', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ORIGINALS), fc.array(cut, {minLength: 1, maxLength: 4}), (original, cuts) => {
      const spoilt = cuts.reduce((text, {at, length, insert}) => {
        const start = at % (text.length + 1)
        return text.slice(0, start) + insert + text.slice(start + length)
      }, original)
      check(spoilt)
    }),
    RUNS,
  )
})

test('a thousand texts with lines moved, doubled, dropped or indented', () => {
  const change = fc.record({
    from: fc.nat(),
    to: fc.nat(),
    how: fc.constantFrom('move', 'double', 'drop', 'indent', 'outdent'),
  })
  fc.assert(
    fc.property(fc.constantFrom(...ORIGINALS), fc.array(change, {minLength: 1, maxLength: 4}), (original, changes) => {
      const lines = original.split('\n')
      for (const {from, to, how} of changes) {
        const index = from % lines.length
        const line = lines[index]!
        if (how === 'drop' || how === 'move') lines.splice(index, 1)
        if (how === 'double' || how === 'move') lines.splice(to % (lines.length + 1), 0, line)
        if (how === 'indent') lines[index] = `  ${line}`
        if (how === 'outdent') lines[index] = line.replace(/^ {2}/, '')
        if (lines.length === 0) lines.push('')
      }
      check(lines.join('\n'))
    }),
    RUNS,
  )
})

const anyValue = fc.oneof(
  {maxDepth: 2},
  fc.constantFrom(
    null,
    true,
    -1,
    0,
    1e9,
    0.5,
    '',
    ' ',
    '0s',
    '9999999d',
    '100%',
    '0.000001%',
    'local',
    'gcp',
    'http',
    'worker',
    'latest',
    'a:latest',
    '/',
    '*',
    'PORT',
    'us-east1',
    '1TiB',
    'x'.repeat(300),
  ),
  fc.integer(),
  fc.double(),
  fc.string(),
  fc.array(fc.constantFrom('us-east1', 'bookings', 'A', 1, null), {maxLength: 4}),
  fc.dictionary(fc.constantFrom('min', 'max', 'image', 'type', 'api', 'x'), fc.constantFrom('http', 1, null, '5s'), {
    maxKeys: 3,
  }),
)

test('a thousand structures with values replaced, keys renamed and settings grafted elsewhere', () => {
  const change = fc.record({
    at: fc.nat(),
    other: fc.nat(),
    how: fc.constantFrom('replace', 'remove', 'rename', 'graft'),
    value: anyValue,
    name: fc.constantFrom('replica', 'Regions', 'x y', '1', 'app', 'port', 'env', 'constructor', 'toString', ''),
  })
  fc.assert(
    fc.property(fc.constantFrom(...ORIGINALS), fc.array(change, {minLength: 1, maxLength: 3}), (original, changes) => {
      const root = parseYaml(original, {merge: true})
      for (const {at, other, how, value, name} of changes) {
        const places = placesIn(root)
        const place = places[at % places.length]
        const target = places[other % places.length]
        if (!place || !target) continue
        if (how === 'replace') place.holder[place.key] = value
        if (how === 'remove' || how === 'rename') delete place.holder[place.key]
        if (how === 'rename') place.holder[name] = value
        if (how === 'graft') place.holder[place.key] = structuredClone(target.holder[target.key])
      }
      check(stringify(root))
    }),
    RUNS,
  )
})

interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

/** Every key of every map and every index of every list, at every depth. */
function placesIn(value: unknown): Place[] {
  if (value === null || typeof value !== 'object') return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [{holder, key}, ...placesIn(holder[key])])
}
