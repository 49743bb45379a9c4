/** Generated files are committed, so that a clone and a package have them; here they are proven fresh. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv} from 'ajv'
import {expect, test} from 'vitest'
import {parse} from 'yaml'
import {configJsonSchema} from '../src/config/json-schema.ts'
import {parseConfig} from '../src/config/parse.ts'
import {ERROR_CODES} from '../src/errors.ts'
import {EXITS, generated, ROOT} from './generate.ts'

const FILES = await generated()

test.each(Object.keys(FILES))('%s is fresh (npm run generate makes it so)', (path) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(FILES[path])
})

test('the exit code of every error is explained in the README', () => {
  const unexplained = Object.values(ERROR_CODES).filter(({exit}) => !(exit in EXITS))
  expect(unexplained).toEqual([])
})

test.each(['minimal', 'rental'])('the published schema accepts the ha.yaml of the template %s', (name) => {
  const accepts = new Ajv({strict: false, allowUnionTypes: true}).compile(configJsonSchema())
  accepts(parse(readFileSync(join(ROOT, 'templates', name, 'ha.yaml'), 'utf8'), {merge: true}))
  expect(accepts.errors).toBeNull()
})

test('the ha.yaml that the README shows is a valid one, in both environments', () => {
  const [, text] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))!
  expect(parseConfig(text!, {file: 'ha.yaml', baseDir: ROOT})).toHaveProperty('config')
})
