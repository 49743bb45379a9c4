import {PassThrough} from 'node:stream'
import {afterEach, expect, test, vi} from 'vitest'
import {emitter} from '../../src/events/events.ts'
import {createReporter, type Reporter} from '../../src/report/reporter.ts'

const open: Reporter[] = []
afterEach(() => {
  for (const reporter of open.splice(0)) reporter.close()
  vi.useRealTimers()
})

function start(options: {json?: boolean; live?: boolean} = {}) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const reporter = createReporter(
    {stdout, stderr},
    {json: false, live: false, colour: false, verbose: false, ...options},
  )
  open.push(reporter)
  const read = (stream: PassThrough) => String(stream.read() ?? '')
  return {reporter, emit: emitter(() => 1_000, reporter.listen), out: () => read(stdout), err: () => read(stderr)}
}

test('with --json stdout is data alone: the version first, events, the result last', () => {
  const {reporter, emit, out, err} = start({json: true})
  emit({kind: 'lock.acquired', fence: 7})
  reporter.result(['for people'], {ok: true})
  expect(
    out()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {kind: 'version', format: '1.0'},
    {kind: 'lock.acquired', fence: 7, at: '1970-01-01T00:00:01.000Z'},
    {kind: 'result', value: {ok: true}},
  ])
  expect(err()).toBe('')
})

test('without --json what happens goes to stderr and the result to stdout', () => {
  const {reporter, emit, out, err} = start()
  emit({kind: 'stack.finished', stack: 'edge', ms: 1200, changes: {create: 2}})
  reporter.result(['http://127.0.0.1:8080'], {})
  expect(err()).toBe('✔ edge 2 created, 1.2 s\n')
  expect(out()).toBe('http://127.0.0.1:8080\n')
})

test('a pipe hears of running work every ten seconds', () => {
  vi.useFakeTimers({toFake: ['setInterval', 'clearInterval', 'hrtime']})
  const {emit, err} = start()
  emit({kind: 'stack.started', stack: 'cell-us-east1', operation: 'up'})
  vi.advanceTimersByTime(20_000)
  expect(err().trim().split('\n')).toEqual([
    '… still running: cell-us-east1 (10 s)',
    '… still running: cell-us-east1 (20 s)',
  ])
})

test('a pipe that has nothing running stays quiet', () => {
  vi.useFakeTimers({toFake: ['setInterval', 'clearInterval', 'hrtime']})
  const {emit, err} = start()
  emit({kind: 'stack.started', stack: 'cell-us-east1', operation: 'up'})
  emit({kind: 'stack.finished', stack: 'cell-us-east1', ms: 5, changes: {}})
  err()
  vi.advanceTimersByTime(30_000)
  expect(err()).toBe('')
})

test('the live view leaves a clean screen with every result on it', () => {
  const {reporter, emit, err} = start({live: true})
  emit({kind: 'stack.started', stack: 'data', operation: 'up'})
  emit({kind: 'stack.finished', stack: 'data', ms: 900, changes: {create: 1}})
  reporter.close()
  expect(err()).toContain('✔ data 1 created, 0.9 s\n')
})
