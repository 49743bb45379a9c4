import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {loadConfig} from '../../src/config/load.ts'
import {parseConfig} from '../../src/config/parse.ts'
import type {HaError} from '../../src/errors.ts'
import {changed, EXAMPLE, parse} from './example.ts'

const parseWith = (overrides: readonly string[], text = EXAMPLE, environment?: string) =>
  parseConfig(text, {file: 'ha.yaml', baseDir: '/app', overrides, ...(environment !== undefined && {environment})})

const problemsOf = (overrides: readonly string[], text?: string) => {
  const parsed = parseWith(overrides, text)
  return 'problems' in parsed
    ? parsed.problems.map(({code, file, column, instead}) => `${code} ${file}:${column} → ${instead ?? '–'}`)
    : []
}

test.each([
  ['a number', ['services.api.replicas.min=4'], changed('min: 3, max: 30', 'min: 4, max: 30')],
  [
    'text with colons',
    ['services.api.image=registry.example:5000/api:2'],
    changed(/us-docker\S+api:1.4.2/, 'registry.example:5000/api:2'),
  ],
  ['a percentage', ['services.api.replicas.cpu=45%'], changed('cpu: 60%', 'cpu: 45%')],
  ['a list', ['regions=[us-east1, us-west1]'], changed('europe-west1', 'us-west1')],
  ['a map, laid over what is there', ['services.api.replicas={max: 40}'], changed('max: 30', 'max: 40')],
  ['text in quotes', ['services.api.env.LOG_LEVEL="5"'], changed('LOG_LEVEL: info', 'LOG_LEVEL: "5"')],
  ['a value with an equals sign', ['services.api.env.LOG_LEVEL=a=b'], changed('LOG_LEVEL: info', 'LOG_LEVEL: a=b')],
  ['null, which takes a setting away', ['services.api.env=null'], changed('    env: {LOG_LEVEL: info}\n', '')],
  ['a setting the file does not have', ['preset=standard'], changed('version: 1\n', 'version: 1\npreset: standard\n')],
  [
    'several, the last one winning',
    ['services.api.replicas.min=9', 'database.size=small', 'services.api.replicas.min=4'],
    changed('min: 3, max: 30', 'min: 4, max: 30').replace('size: large', 'size: small'),
  ],
])('--set with %s is as if ha.yaml said so', (_, overrides, text) => {
  expect(parseWith(overrides)).toEqual(parse(text))
})

test('only the chosen environment is changed', () => {
  const parsed = parseWith(['domain=other.example.com'], EXAMPLE, 'production')
  expect('config' in parsed && parsed.config.domain).toBe('other.example.com')
  // One instance would be refused in production, which is not the one chosen.
  expect(problemsOf(['services.api.replicas.min=1'])).toEqual([])
})

test.each([
  ['services.api.replicas.min=0', 'VALUE_OUT_OF_RANGE', 27, '1'],
  ['services.api.replicas.min=99', 'REPLICAS_MIN_OVER_MAX', 27, '30'],
  ['services.api.replicas.mni=1', 'KEY_UNKNOWN', 23, 'min'],
  ['services.apj.port=9000', 'KEY_UNKNOWN', 1, 'services.api'],
  ['queues.booking.ack=30s', 'KEY_UNKNOWN', 1, 'queues.bookings'],
  ['databse.size=small', 'KEY_UNKNOWN', 1, 'database'],
  ['services.api.env.LEVEL=5', 'VALUE_INVALID', 24, '"5"'],
  ['app=other', 'KEY_MISPLACED', 1, '–'],
  ['environments.local.target=gcp', 'KEY_MISPLACED', 1, '–'],
  ['regions.0=us-west1', 'VALUE_INVALID', 9, '–'],
  ['regions=[us-east1', 'YAML_SYNTAX', 18, '–'],
  ['services.api.port=', 'VALUE_INVALID', 19, 'services.api.port=null'],
  ['services.api.port', 'VALUE_INVALID', 1, 'services.api.replicas.min=3'],
  ['=1', 'VALUE_INVALID', 1, 'services.api.replicas.min=3'],
  ['a..b=1', 'VALUE_INVALID', 1, 'services.api.replicas.min=3'],
  ['__proto__.x=1', 'VALUE_INVALID', 1, 'services.api.replicas.min=3'],
])('--set %s is %s, told at the flag', (flag, code, column, instead) => {
  expect(problemsOf([flag])).toEqual([`${code} --set ${flag}:${column} → ${instead}`])
})

test('a wrong flag beside a wrong file: each is told at its own place', () => {
  expect(problemsOf(['services.api.port=1'], changed('size: large', 'size: huge'))).toEqual([
    'VALUE_NOT_ALLOWED ha.yaml:9 → –',
    'PORT_OUT_OF_RANGE --set services.api.port=1:19 → 8080',
  ])
})

test('what only the flags make wrong is a mistake of usage, not of ha.yaml', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'ha-set-'))
  onTestFinished(() => rmSync(cwd, {recursive: true}))
  writeFileSync(join(cwd, 'ha.yaml'), EXAMPLE)
  expect(() => loadConfig({cwd, overrides: ['services.api.port=1']})).toThrow(
    expect.objectContaining({code: 'USAGE', message: expect.stringContaining('--set')}) as unknown as HaError,
  )
  expect(loadConfig({cwd, overrides: ['services.api.port=9000']}).services[0]?.port).toBe(9000)
})
