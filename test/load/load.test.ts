import {once} from 'node:events'
import {mkdtemp, rm} from 'node:fs/promises'
import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {readLedger} from './ledger.ts'
import {runLoad} from './load.ts'
import {idOf, outcomeOf} from './requests.ts'
import {longestGap, madeDuring, percentile} from './summary.ts'

const MS = 1e6

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function ledgerFile(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ha-load-'))
  onTestFinished(() => rm(path, {recursive: true}))
  return join(path, 'ledger')
}

const acknowledge: RequestListener = (request, response) => {
  const status = request.method === 'POST' ? 201 : 200
  response.writeHead(status, {'x-region': 'us-east1'}).end('{"id":"b-1","key":"p-1"}')
}

test('it sends as many requests as were asked for, each write in the ledger, from many clients', async () => {
  const clients = new Set<unknown>()
  const sockets = new Set<unknown>()
  const url = await serve((request, response) => {
    clients.add(request.headers['x-emulated-client-ip'])
    sockets.add(request.socket)
    acknowledge(request, response)
  })
  const ledger = await ledgerFile()
  const {summary} = await runLoad({url, ledger, rate: 200, seconds: 1, fresh: 0.5})
  const {entries, isComplete} = await readLedger(ledger)
  expect(summary).toMatchObject({requests: 200, heldBack: 0, failures: {}, failedReads: 0, failedWrites: 0})
  expect(entries).toHaveLength(summary.writes.acknowledged)
  expect(entries[0]).toMatchObject({outcome: 'ok', status: 201, region: 'us-east1'})
  expect(new Set(entries.map(({key}) => key)).size).toBe(entries.length)
  expect([isComplete, clients.size]).toEqual([true, 200])
  // Half have a connection of their own.
  expect(sockets.size).toBeGreaterThan(50)
})

test('a write whose outcome is unknown is tried again under its key; a refused one is not', async () => {
  const ledger = await ledgerFile()
  const url = await serve((request, response) => {
    const isPrice = request.url === '/prices'
    response.writeHead(isPrice ? 422 : 503).end('{}')
  })
  await runLoad({url, ledger, rate: 100, seconds: 1, workers: 5, writes: 1})
  const {entries} = await readLedger(ledger)
  const attempts = (key: string) => entries.filter((entry) => entry.key === key).length
  const most = (kind: string) =>
    Math.max(...entries.filter((entry) => entry.kind === kind).map(({key}) => attempts(key)))
  expect([most('price'), most('booking')]).toEqual([1, 3])
  expect(entries.filter(({kind}) => kind === 'price').every(({outcome}) => outcome === 'fail')).toBe(true)
})

test('when nobody answers, requests are held back rather than piled up, and the run ends', async () => {
  const ledger = await ledgerFile()
  const url = await serve(() => {})
  const {summary} = await runLoad({url, ledger, rate: 100, seconds: 0.5, workers: 10, deadlineMs: 600})
  expect(summary.requests).toBe(10)
  expect(summary.heldBack).toBe(40)
  expect(summary.writeGap.ms).toBeGreaterThan(450)
})

test('an aborted run ends in order, its ledger complete', async () => {
  const ledger = await ledgerFile()
  const url = await serve(acknowledge)
  await runLoad({url, ledger, rate: 50, seconds: 60, signal: AbortSignal.timeout(200)})
  expect((await readLedger(ledger)).isComplete).toBe(true)
})

test.each([
  [200, 'ok'],
  [202, 'ok'],
  [409, 'fail'],
  [429, 'fail'],
  [500, 'unknown'],
  [503, 'unknown'],
  ['ECONNREFUSED', 'fail'],
  ['ECONNRESET', 'unknown'],
  ['timeout', 'unknown'],
] as const)('an answer of %s leaves a write %s', (status, outcome) => {
  expect(outcomeOf(status)).toBe(outcome)
})

test('a booking is called by its id, everything else by the key of its effect', () => {
  const body = '{"id":"b-1","key":"price:k"}'
  expect([idOf('booking', body), idOf('price', body)]).toEqual(['b-1', 'price:k'])
})

test('the longest gap counts the ends of the run and nothing outside it', () => {
  const at = (...ms: number[]) => ms.map((time) => time * MS)
  expect(longestGap(at(10, 20, 50), 0, 60 * MS)).toEqual({ms: 30, from_ns: 20 * MS, to_ns: 50 * MS})
  expect(longestGap(at(10, 20), 0, 90 * MS).ms).toBe(70)
  expect(longestGap(at(5, 300), 100 * MS, 150 * MS).ms).toBe(50)
  expect(longestGap([], 0, 40 * MS).ms).toBe(40)
})

test('a percentile is the nearest rank', () => {
  const hundred = Array.from({length: 100}, (_, n) => n + 1)
  expect([0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([50, 95, 99, 100])
  expect(percentile([], 0.5)).toBe(0)
})

test('what was asked within a gap is told by kind, with what failed of it and the longest wait', () => {
  const at = (kind: 'write' | 'read', from: number, to: number, failure?: string) => ({
    ...{class: kind, invoke_ns: from * MS, complete_ns: to * MS},
    ...(failure !== undefined && {failure}),
  })
  const samples = [
    at('write', 5, 12),
    at('write', 10, 35),
    at('write', 20, 31, '503'),
    at('read', 15, 16),
    at('read', 30, 99),
  ]
  expect(madeDuring(samples, {from_ns: 10 * MS, to_ns: 30 * MS})).toEqual({
    write: {made: 2, failed: 1, worstMs: 25},
    read: {made: 1, failed: 0, worstMs: 1},
    strong: {made: 0, failed: 0, worstMs: 0},
  })
})
