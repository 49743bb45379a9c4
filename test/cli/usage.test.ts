import {expect, test} from 'vitest'
import {parserWords} from '../../src/cli/usage.ts'

test.each([
  ['Nonexistent flag: --nope\nSee more help with --help', 'Nonexistent flag: --nope'],
  [
    'The following error occurred:\n  \u001B[2mMissing required flag region\u001B[22m\nSee more help with --help',
    'Missing required flag region',
  ],
  [
    'The following errors occurred:\n  Missing required flag region\n  Missing required flag to\nSee more help with --help',
    'Missing required flag region; Missing required flag to',
  ],
  [
    'Missing 1 required arg:\nservice  A service of ha.yaml.\nSee more help with --help',
    'Missing 1 required arg: service  A service of ha.yaml.',
  ],
])('the parser’s %j is told as %j', (message, words) => {
  expect(parserWords(message)).toBe(words)
})
