import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {readProcessLog} from '../../src/emulator/process-log.ts'
import {parseCpuTime, startOf} from '../../src/emulator/process-table.ts'
import {
  type ChildOptions,
  endOrphan,
  endOrphansBelow,
  exitCodeOf,
  sampleUsage,
  startChild,
} from '../../src/emulator/processes.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-processes-'))
})
afterEach(async () => {
  await endOrphansBelow(dir)
  rmSync(dir, {recursive: true, force: true})
})

const shell = (script: string, more: Partial<ChildOptions> = {}) =>
  startChild({
    name: 'a',
    command: '/bin/sh',
    args: ['-c', script],
    cwd: dir,
    env: {PATH: process.env.PATH ?? ''},
    logFile: join(dir, 'a.log'),
    maxLogBytes: 100_000,
    pidFile: join(dir, 'a.pid'),
    ...more,
  })

/** Resolves with a child and the first line it printed. */
async function talking(script: string, more: Partial<ChildOptions> = {}) {
  let heard: (line: string) => void = () => {}
  const line = new Promise<string>((done) => {
    heard = done
  })
  const child = await shell(script, {...more, onLine: (text) => heard(text)})
  return {child, line: await line}
}

test('a child tells its exit code and the signal that ended it', async () => {
  const failed = await shell('exit 3')
  expect(await failed.exited).toEqual({code: 3, signal: null})
  await failed.gone
  const {child} = await talking('echo up; exec sleep 60')
  const exit = await child.stop({graceMs: 5_000})
  expect(exit).toEqual({code: null, signal: 'SIGTERM'})
  expect(exitCodeOf(exit)).toBe(143)
  expect(existsSync(join(dir, 'a.pid'))).toBe(false)
})

test('a command that does not exist is an error at once', async () => {
  await expect(shell('', {command: '/no/such/program'})).rejects.toMatchObject({code: 'ENOENT'})
})

test('a stop reaches what a shell runs, which may take its time', async () => {
  const program = `process.once('SIGTERM',()=>setTimeout(()=>{console.log('bye');process.exit(0)},300));console.log('up');setInterval(()=>{},1e6)`
  const {child} = await talking(`${JSON.stringify(process.execPath)} -e "${program}"; exit $?`)
  expect(await child.stop({graceMs: 5_000})).toEqual({code: 0, signal: null})
  expect(readProcessLog(join(dir, 'a.log')).map((entry) => entry.text)).toEqual(['up', 'bye'])
})

test('a shell with a trap gets the stop itself', async () => {
  const {child} = await talking(`trap 'echo trapped; exit 5' TERM; echo up; while :; do sleep 0.02; done`)
  expect(await child.stop({graceMs: 5_000})).toEqual({code: 5, signal: null})
})

test('what ignores the signal is killed after its grace, with everything it started', async () => {
  const {child, line} = await talking(`trap '' TERM; sleep 60 & echo $!; wait; wait`)
  expect(await child.stop({graceMs: 50})).toMatchObject({code: null, signal: 'SIGKILL'})
  expect(startOf(Number(line))).toBeUndefined()
})

test('what a killed main process started dies with it', async () => {
  const {child, line} = await talking('sleep 60 & echo $!; wait')
  process.kill(child.pid, 'SIGKILL')
  await child.gone
  expect(startOf(Number(line))).toBeUndefined()
})

test('every line is kept with its time and stream', async () => {
  const child = await shell('echo out; echo err >&2; printf unfinished')
  await child.gone
  const entries = readProcessLog(join(dir, 'a.log'))
  expect(entries.map(({stream, text}) => `${stream} ${text}`).sort()).toEqual([
    'stderr err',
    'stdout out',
    'stdout unfinished',
  ])
  for (const {time} of entries) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
})

test('a log never outgrows its allowance and keeps the newest lines', async () => {
  const child = await shell('i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "line $i"; done', {maxLogBytes: 10_000})
  await child.gone
  const size = [`a.log`, `a.log.1`].reduce((sum, name) => sum + readFileSync(join(dir, name)).length, 0)
  expect(size).toBeLessThanOrEqual(10_000)
  expect(readProcessLog(join(dir, 'a.log')).at(-1)?.text).toBe('line 2000')
})

test('an orphan is ended by its pid file, but never a stranger that has its id', async () => {
  const {child} = await talking('echo up; exec sleep 60')
  const recorded = JSON.parse(readFileSync(join(dir, 'a.pid'), 'utf8'))
  const other = join(dir, 'other.pid')
  writeFileSync(other, JSON.stringify({...recorded, start: 'another time'}))
  expect(await endOrphan(other)).toBe(0)
  expect(startOf(child.pid)).toBe(recorded.start)
  expect(await endOrphan(join(dir, 'a.pid'))).toBe(1)
  expect(await child.exited).toEqual({code: null, signal: 'SIGKILL'})
})

test('usage counts a process together with all below it', async () => {
  const {child} = await talking('sleep 60 & echo up; wait')
  const alone = await talking('echo up; exec sleep 60', {pidFile: join(dir, 'b.pid'), logFile: join(dir, 'b.log')})
  const usage = sampleUsage([child.pid, alone.child.pid, 2 ** 30])
  expect([...usage.keys()]).toEqual([child.pid, alone.child.pid])
  expect(usage.get(child.pid)!.rssBytes).toBeGreaterThan(usage.get(alone.child.pid)!.rssBytes)
  await Promise.all([child.stop({graceMs: 1_000}), alone.child.stop({graceMs: 1_000})])
})

test.each([
  ['00:01', 1],
  ['1:02.50', 62.5],
  ['01:00:00', 3_600],
  ['2-00:00:01', 172_801],
])('the CPU time %s is %d seconds', (text, seconds) => {
  expect(parseCpuTime(text)).toBe(seconds)
})
