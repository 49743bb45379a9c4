import fc from 'fast-check'
import {expect, test} from 'vitest'
import {Frames, fatal, query} from '../../src/gate/frames.ts'
import {leavesState} from '../../src/gate/lasting.ts'
import {parseSettings} from '../../src/gate/settings.ts'
import {parseWord} from '../../src/gate/word.ts'

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

test('messages are the same however the stream is cut', () => {
  const bodies = fc.array(fc.tuple(fc.constantFrom('Q', 'P', 'D', 'Z', 'd'), fc.uint8Array({maxLength: 40})), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(200), {maxLength: 12}), (messages, cuts) => {
      const stream = Buffer.concat(messages.map(([type, body]) => message(type, Buffer.from(body))))
      const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b)
      const frames = new Frames('QPDZd')
      const seen = [0, ...places].flatMap((from, index) => frames.scan(stream.subarray(from, places[index])))
      expect(seen).toEqual(messages.map(([type, body]) => ({type, body: Buffer.from(body)})))
      expect(frames.atBoundary).toBe(true)
    }),
  )
})

test('within a message there is no boundary', () => {
  const frames = new Frames('')
  const whole = query('SELECT 1')
  for (let cut = 1; cut < whole.length; cut++) {
    frames.scan(whole.subarray(0, cut))
    expect(frames.atBoundary, String(cut)).toBe(false)
    frames.scan(whole.subarray(cut))
    expect(frames.atBoundary).toBe(true)
  }
})

test('of a long message no more is kept than is needed', () => {
  const [{body} = {body: undefined}] = new Frames('Q').scan(query('x'.repeat(1_000_000)))
  expect(body!.length).toBe(16_384)
})

test.each([
  ['SELECT 1', false],
  ['UPDATE rooms SET price = 1', false],
  ['BEGIN; SET LOCAL lock_timeout = 1; COMMIT', false],
  ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', false],
  ['SELECT pg_advisory_xact_lock(1)', false],
  ["SET search_path = 'a'", true],
  ['BEGIN; set timezone to utc', true],
  ['SELECT pg_advisory_lock(1)', true],
  ['select pg_try_advisory_lock(1)', true],
  ['LISTEN news', true],
  ['PREPARE one AS SELECT 1', true],
  ['CREATE TEMP TABLE t (a int)', true],
  ['CREATE TABLE temperatures (a int)', false],
  ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', true],
  ['DECLARE c CURSOR FOR SELECT 1', false],
  ["SELECT set_config('a.b', 'c', false)", true],
])('%s leaves something in its session: %s', (sql, lasts) => {
  expect(leavesState({type: 'Q', body: Buffer.from(`${sql}\0`)})).toBe(lasts)
  expect(leavesState({type: 'P', body: Buffer.from(`\0${sql}\0\0\0`)})).toBe(lasts)
})

test('a prepared statement with a name leaves something in its session', () => {
  expect(leavesState({type: 'P', body: Buffer.from('mine\0SELECT 1\0\0\0')})).toBe(true)
  expect(leavesState({type: 'B', body: Buffer.from('\0\0')})).toBe(false)
})

test.each(['', '{}', '{"epoch":1,"state":"ajar","timeline":1}', '{"epoch":-1,"state":"open","timeline":1}'])(
  'no word: %s',
  (text) => {
    expect(() => parseWord(text)).toThrow()
  },
)

test('settings have defaults, and a fault is told with its variable', () => {
  expect(parseSettings({HA_GATE_OBJECT: 'b/o/p'})).toEqual({
    listen: {host: '127.0.0.1', port: 5432},
    to: {host: '127.0.0.1', port: 5431},
    base: 'https://storage.googleapis.com',
    ...{bucket: 'b', object: 'o/p', signed: true},
  })
  expect(parseSettings({HA_GATE_OBJECT: 'b/o', STORAGE_EMULATOR_HOST: 'http://127.0.0.1:1/'})).toMatchObject({
    base: 'http://127.0.0.1:1',
    signed: false,
  })
  expect(() => parseSettings({})).toThrow('HA_GATE_OBJECT')
  expect(() => parseSettings({HA_GATE_OBJECT: 'b/o', HA_GATE_LISTEN: 'here'})).toThrow('HA_GATE_LISTEN')
})

test('an error that ends a session is one to PostgreSQL’s drivers', () => {
  const [seen] = new Frames('E').scan(fatal('57P01', 'gone'))
  expect(seen!.body.toString()).toBe('SFATAL\0VFATAL\0C57P01\0Mgone\0\0')
})
