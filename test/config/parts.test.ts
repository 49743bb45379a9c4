import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Ajv} from 'ajv'
import {expect, onTestFinished, test} from 'vitest'
import {parse as parseYaml} from 'yaml'
import {configJsonSchema} from '../../src/config/json-schema.ts'
import {NAME_LIMITS} from '../../src/config/limits.ts'
import {findConfigFile, loadConfig} from '../../src/config/load.ts'
import {editDistance, nearest} from '../../src/config/nearest.ts'
import {REGION_ZONES} from '../../src/config/regions.ts'
import * as units from '../../src/config/units.ts'
import {HaError} from '../../src/errors.ts'
import * as names from '../../src/topology/names.ts'
import {changed, EXAMPLE} from './example.ts'

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'ha-config-'))
  onTestFinished(() => rmSync(path, {recursive: true}))
  return path
}

const failure = (run: () => unknown): HaError => {
  try {
    run()
  } catch (error) {
    if (error instanceof HaError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}

test.each([
  ['replcas', 'replicas'],
  ['enviroment', 'environment'],
  ['prod', 'production'],
  ['ahd', 'had'],
  ['zzz', undefined],
])('%s is most likely %s', (word, meant) => {
  expect(nearest(word, ['replicas', 'environment', 'production', 'had'])).toBe(meant)
})

test('neighbouring letters swapped are one error', () => {
  expect([editDistance('form', 'from'), editDistance('', 'abc'), editDistance('same', 'same')]).toEqual([1, 3, 0])
})

test('units become numbers', () => {
  expect([
    units.parseDuration('5m'),
    units.parseSize('2TiB'),
    units.parseMemory('1GiB'),
    units.parsePercent('99.95%'),
    units.parseRate('10/s'),
    units.parseRate('30/h'),
    units.parseCpu('250m'),
    units.parseCpu(0.25),
    units.formatDuration(604_800),
    units.formatDuration(90),
    units.formatDuration(0),
  ]).toEqual([300, 2048, 1024, 99.95, 600, 1, 250, 250, '7d', '90s', '0s'])
})

test('every region has three zones of its own', () => {
  for (const [region, zones] of Object.entries(REGION_ZONES)) {
    expect(new Set(zones).size).toBe(3)
    expect(zones.every((zone) => zone.startsWith(`${region}-`))).toBe(true)
  }
})

test('the names that are measured are the names that are used', () => {
  const parts = {app: 'app', environment: 'env', region: 'r1', service: 's', queue: 'q', secret: 'S', project: 'p'}
  const measured = Object.fromEntries(NAME_LIMITS.map(({what, nameOf}) => [what, nameOf(parts)]))
  const prefix = names.prefixOf('app', 'env')
  expect(measured['GKE cluster']).toBe(names.clusterName(prefix, 'r1'))
  expect(measured['Cloud SQL connection']).toBe(`p:${names.instanceName(prefix, 'r1', 99)}`)
  expect(measured['network endpoint group']).toBe(names.negName(prefix, 's', 'r1'))
  expect(measured['PostgreSQL role of a service account']).toBe(`${names.accountId(prefix, 's')}@p.iam`)
})

test('the JSON Schema is strict, described throughout, and takes what ha takes', () => {
  const schema = configJsonSchema()
  const validate = new Ajv({strict: true, allErrors: true}).compile(schema)
  validate(parseYaml(EXAMPLE))
  expect(validate.errors).toBeNull()
  for (const wrong of [
    changed('edge:', 'egde:'),
    changed('replicas: {min: 3', 'replicas: {mni: 3'),
    changed('drain: 20s', 'drain: 20'),
  ]) {
    expect(validate(parseYaml(wrong))).toBe(false)
  }
  expect(
    validate(parseYaml(changed('{target: local}', '{target: local, database: null, services: {api: {port: 9000}}}'))),
  ).toBe(true)
  expect(undescribed(schema)).toEqual([])
})

function undescribed(schema: object, path = ''): string[] {
  const {properties = {}, additionalProperties, anyOf = []} = schema as Record<string, object> & {anyOf?: object[]}
  return [
    ...Object.entries(properties as Record<string, object>).flatMap(([key, child]) => [
      ...('description' in child ? [] : [`${path}.${key}`]),
      ...undescribed(child, `${path}.${key}`),
    ]),
    ...(typeof additionalProperties === 'object' ? undescribed(additionalProperties, `${path}.*`) : []),
    ...anyOf.flatMap((child) => undescribed(child, path)),
  ]
}

test('ha.yaml is found from a folder below it', () => {
  const root = folder()
  mkdirSync(join(root, 'a/b'), {recursive: true})
  writeFileSync(join(root, 'ha.yaml'), EXAMPLE)
  expect(findConfigFile(join(root, 'a/b'))).toBe(join(root, 'ha.yaml'))
  const config = loadConfig({cwd: join(root, 'a/b'), environment: 'production'})
  expect(config).toMatchObject({environment: 'production', target: 'gcp'})
  expect(config.services[0]?.local?.cwd).toBe(root)
})

test('without an ha.yaml the way to one is named', () => {
  const error = failure(() => loadConfig({cwd: folder()}))
  expect(error).toMatchObject({code: 'CONFIG_NOT_FOUND', exit: 65})
  expect(error.next).toContain('ha init')
})

test.each([
  ['missing.yaml', 'no such file'],
  ['.', 'is a folder'],
])('a file that cannot be read says why: %s', (file, why) => {
  expect(failure(() => loadConfig({cwd: folder(), file})).message).toContain(why)
})

test('a wrong file is refused with all its problems', () => {
  const root = folder()
  writeFileSync(join(root, 'ha.yaml'), changed('port: 8080', 'port: 80').replace('rpo: 5s', 'rpo: 0s'))
  const error = failure(() => loadConfig({cwd: root}))
  expect(error).toMatchObject({code: 'CONFIG_INVALID', exit: 65, message: 'ha.yaml has 2 problems.'})
  expect(error.data.problems).toMatchObject([
    {code: 'RPO_TOO_STRICT', file: 'ha.yaml', line: 4},
    {code: 'PORT_OUT_OF_RANGE', line: 18},
  ])
})
