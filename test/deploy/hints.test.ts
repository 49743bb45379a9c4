import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import type {Config} from '../../src/config/config.ts'
import {triesIn, triesOf} from '../../src/deploy/hints.ts'

test('the block a README marks is what deploy suggests, each command on one line', () => {
  const readme = [
    '# App',
    '```sh',
    'npm i',
    '```',
    '```sh try',
    '# first',
    'curl $URL \\',
    "  -d 'x'",
    '',
    'ls',
    '```',
  ].join('\n')
  expect(triesIn(readme)).toEqual(["curl $URL -d 'x'", 'ls'])
  expect(triesIn('```sh\ncurl $URL\n```')).toEqual([])
})

test.each(['rental', 'minimal'])('the template %s suggests something to try', (name) => {
  const tries = triesIn(readFileSync(`templates/${name}/README.md`, 'utf8'))
  expect(tries.length).toBeGreaterThan(0)
  expect(tries.filter((line) => !line.includes('$URL'))).toEqual([])
})

test('an app without such a README is asked whether it is ready', () => {
  const services = [{type: 'http', health: {ready: '/ready'}}] as unknown as Config['services']
  const place = {config: {services} as Config, paths: {base: '/nowhere'} as Parameters<typeof triesOf>[0]['paths']}
  expect(triesOf(place)).toEqual(['curl -i $URL/ready'])
})
