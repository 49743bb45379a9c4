import {readdirSync, readFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'
import {loadConfig} from '../../src/config/load.ts'

const FOLDER = fileURLToPath(new URL('../../templates', import.meta.url))
const TEMPLATES = readdirSync(FOLDER).filter((name) => !name.startsWith('.'))
const versions: Record<string, string> = JSON.parse(
  readFileSync(`${dirname(FOLDER)}/package.json`, 'utf8'),
).dependencies

test.each(TEMPLATES)('the ha.yaml of the template %s is right, and runs on this machine by default', (name) => {
  const config = loadConfig({cwd: `${FOLDER}/${name}`})
  expect(config).toMatchObject({environment: 'local', target: 'local', regions: ['us-east1', 'europe-west1']})
  for (const {local} of config.services) expect(local?.cwd).toBe(`${FOLDER}/${name}`)
})

test('the rental example is ready for Google Cloud as soon as its own names are put in', () => {
  expect(loadConfig({cwd: `${FOLDER}/rental`, environment: 'production'})).toMatchObject({
    target: 'gcp',
    preset: 'standard',
  })
})

test.each(TEMPLATES)(
  'what the template %s needs is what this repository has: in a clone nothing is installed for it',
  (name) => {
    const needed: Record<string, string> = JSON.parse(
      readFileSync(`${FOLDER}/${name}/package.json`, 'utf8'),
    ).dependencies
    for (const [library, version] of Object.entries(needed)) expect(versions[library]).toBe(version)
  },
)

test.each(TEMPLATES)('the template %s knows nothing of ha', (name) => {
  const sources = readdirSync(`${FOLDER}/${name}/src`, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'))
  for (const source of sources) {
    const imports = [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1]!)
    expect(imports.filter((from) => !/^(node:|\.\/|\.\.\/db|\.\.\/|pg$|@grpc\/)/.test(from))).toEqual([])
    const given = /process\.env\.(\w+)/.exec(source)
    if (given) expect(given[1]).toBe('DATABASE_URL')
  }
})
