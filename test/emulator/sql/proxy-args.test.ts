import {expect, test} from 'vitest'
import {parseDuration, parseProxyArgs} from '../../../src/emulator/sql/proxy-args.ts'

test('the arguments that ha gives the sidecar', () => {
  const args = [
    '--private-ip',
    '--auto-iam-authn',
    '--structured-logs',
    '--health-check',
    '--http-address=0.0.0.0',
    '--http-port=9801',
    '--exit-zero-on-sigterm',
    '--max-sigterm-delay=60s',
    'db.rental.ha.internal?port=5432',
    'db-ro-us-east1.rental.ha.internal?port=5433',
  ]
  expect(parseProxyArgs(args)).toEqual({
    instances: [
      {target: {domain: 'db.rental.ha.internal'}, port: 5432},
      {target: {domain: 'db-ro-us-east1.rental.ha.internal'}, port: 5433},
    ],
    structuredLogs: true,
    maxSigtermDelayMs: 60_000,
    healthPort: 9801,
  })
})

test('instances that name no port are given the following ones', () => {
  const {instances} = parseProxyArgs(['-p', '6000', 'p:r:a', 'p:r:b?port=7000', 'p:r:c'])
  expect(instances.map(({port}) => port)).toEqual([6000, 7000, 6001])
})

test.each([
  [['--nonsense', 'p:r:i'], 'unknown flag: --nonsense'],
  [['--private-ip'], 'missing instance uri'],
  [['--port'], 'flag needs an argument: --port'],
  [['not an instance'], 'invalid instance name'],
  [['p:r:i?port=0'], 'not a port'],
])('%j is refused as the real proxy does', (args, message) => {
  expect(() => parseProxyArgs(args)).toThrow(message)
})

test.each([
  ['0s', 0],
  ['60s', 60_000],
  ['1m30s', 90_000],
  ['250ms', 250],
])('%s lasts %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})
