import {expect, test} from 'vitest'
import {callOf, pasteable, selfOf} from '../../src/cli/paste.ts'

test.each([
  ['/usr/local/bin/ha', '/home/ada/shop', 'ha'],
  ['/home/ada/node_modules/.bin/ha', '/home/ada/shop', 'npx ha'],
  ['/home/ada/node_modules/ha/bin/run.js', '/home/ada', 'npx ha'],
  ['/home/ada/clone/bin/run.js', '/home/ada/clone', 'bin/run.js'],
  ['/home/ada/clone/bin/run.js', '/home/ada/clone/templates/rental', '../../bin/run.js'],
  ['/home/ada/clone/bin/run.js', '/tmp/some/where/else', '/home/ada/clone/bin/run.js'],
])('%s run in %s is typed as %s', (script, cwd, self) => {
  expect(selfOf(script, cwd)).toBe(self)
})

test('a command keeps the project it is about', () => {
  const call = callOf('bin/run.js', {file: 'templates/rental/ha.yaml', env: 'local'})
  expect([call('status --watch'), call('engine install')]).toEqual([
    'bin/run.js status --watch -f templates/rental/ha.yaml -e local',
    'bin/run.js engine install',
  ])
  expect(callOf('ha', {file: "it's/ha.yaml"})('plan')).toBe(`ha plan -f 'it'\\''s/ha.yaml'`)
})

test.each([
  ['ha deploy', 'bin/run.js deploy -f x.yaml'],
  ['ha init', 'bin/run.js init'],
  ['ha deploy --help', 'bin/run.js deploy --help'],
  ['ha logs SERVICE shows why.', 'bin/run.js logs SERVICE shows why.'],
  ['If that machine is gone for good: ha lock release.', 'If that machine is gone for good: bin/run.js lock release.'],
  ['Run `ha doctor`: it says what is missing.', 'Run `bin/run.js doctor`: it says what is missing.'],
  ['Did you mean ha deploy?', 'Did you mean bin/run.js deploy?'],
  ['Update ha, or see the notes.', 'Update ha, or see the notes.'],
  ['cp alpha deploy', 'cp alpha deploy'],
])('the hint "%s" can be pasted', (line, shown) => {
  const commands = ['deploy', 'init', 'logs', 'lock', 'doctor']
  expect(pasteable(line, 'bin/run.js', {file: 'x.yaml'}, commands)).toBe(shown)
})
