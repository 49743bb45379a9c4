import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {openLog} from '../../../src/emulator/log.ts'
import {openPorts, PortTaken} from '../../../src/emulator/ports.ts'
import {openRecords} from '../../../src/emulator/records.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-durable-'))
})
afterEach(() => rmSync(dir, {recursive: true, force: true}))

test('a record is there again after the store is opened anew, by token and in the order of ids', () => {
  const file = join(dir, 'records.db')
  const first = openRecords(file)
  first.put('a', '2', {name: 'two', nested: {list: [1, null]}})
  first.put('a', '1', {name: 'one'})
  first.put('b', '1', {name: 'other'})
  first.put('a', '1', {name: 'uno'})
  first.delete('b', '1')
  first.close()
  const again = openRecords(file)
  expect(again.list('a')).toEqual([
    {id: '1', outputs: {name: 'uno'}},
    {id: '2', outputs: {name: 'two', nested: {list: [1, null]}}},
  ])
  expect(again.get('b', '1')).toBeUndefined()
  again.close()
})

test('a record is on disk without the store being closed', () => {
  const file = join(dir, 'records.db')
  const killed = openRecords(file)
  killed.put('a', '1', {name: 'one'})
  const reader = openRecords(file)
  expect(reader.get('a', '1')).toEqual({name: 'one'})
  reader.close()
  killed.close()
})

/** Runs `work` while another program listens on the port. */
async function occupied<T>(port: number, work: () => Promise<T>): Promise<T> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  try {
    return await work()
  } finally {
    await new Promise((done) => server.close(done))
  }
}

test('a port is the same after a restart, and different for every name', async () => {
  const file = join(dir, 'ports.json')
  const first = openPorts(file)
  const claimed = await Promise.all(['a', 'b', 'c'].map((name) => first.claim(name)))
  expect(new Set(claimed).size).toBe(3)
  const again = openPorts(file)
  expect(await Promise.all(['a', 'b', 'c'].map((name) => again.claim(name)))).toEqual(claimed)
})

test('ports lie below the range that systems lend to outgoing connections', async () => {
  const port = await openPorts(join(dir, 'ports.json')).claim('a')
  expect(port).toBeGreaterThanOrEqual(20_000)
  expect(port).toBeLessThan(32_768)
})

test('a preferred port is taken when free, another one when not, and an error when it is required', async () => {
  const file = join(dir, 'ports.json')
  const preferred = await openPorts(join(dir, 'other.json')).claim('probe')
  expect(await openPorts(file).claim('edge', {preferred})).toBe(preferred)
  await occupied(preferred, async () => {
    const busy = openPorts(join(dir, 'busy.json'))
    expect(await busy.claim('edge', {preferred})).not.toBe(preferred)
    const required = busy.claim('must', {preferred, required: true})
    await expect(required).rejects.toThrow(PortTaken)
    await expect(required).rejects.toThrow(`Port ${preferred} (must) is in use by another program.`)
  })
})

test('a remembered port that somebody took is replaced, and the replacement remembered', async () => {
  const file = join(dir, 'ports.json')
  const before = await openPorts(file).claim('a')
  const after = await occupied(before, () => openPorts(file).claim('a'))
  expect(after).not.toBe(before)
  expect(await openPorts(file).claim('a')).toBe(after)
})

test('a file of ports that is damaged is started over', async () => {
  const file = join(dir, 'ports.json')
  writeFileSync(file, '{"a": 2')
  expect(await openPorts(file).claim('a')).toBeGreaterThan(0)
})

test('a released port is forgotten', async () => {
  const file = join(dir, 'ports.json')
  const ports = openPorts(file)
  await ports.claim('a')
  ports.release('a')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({})
})

test('a log never outgrows twice its bound and keeps the newest line', () => {
  const file = join(dir, 'log', 'a.log')
  const log = openLog(file, 1_000)
  for (let i = 0; i < 100; i++) log('info', `line ${i}`, {i})
  expect(statSync(file).size + statSync(`${file}.1`).size).toBeLessThanOrEqual(2_000)
  expect(readFileSync(file, 'utf8').trim().split('\n').at(-1)).toMatch(/^\S+Z info {2}line 99 \{"i":99\}$/)
})
