import {mkdtemp, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {createLedger, type Entry, parseLedger, readLedger} from './ledger.ts'

const HEADER = {ledger: 1, run: 'run', url: 'http://127.0.0.1', startedAt: '2030-01-01T00:00:00Z'} as const
const entry = (seq: number): Entry => ({
  worker: 0,
  seq,
  kind: 'price',
  key: `k${seq}`,
  invoke_ns: 1,
  complete_ns: 2,
  outcome: 'ok',
  status: 202,
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ha-ledger-'))
  onTestFinished(() => rm(path, {recursive: true}))
  return path
}

test('what was appended can be read, in order, and a closed ledger is complete', async () => {
  const path = join(await folder(), 'ledger')
  const ledger = await createLedger(path, HEADER)
  await Promise.all(Array.from({length: 500}, (_, seq) => ledger.append(entry(seq))))
  await ledger.close()
  const read = await readLedger(path)
  expect(read).toEqual({header: HEADER, entries: Array.from({length: 500}, (_, seq) => entry(seq)), isComplete: true})
})

test('a line is in the file by the time its append resolves', async () => {
  const path = join(await folder(), 'ledger')
  const ledger = await createLedger(path, HEADER)
  for (let seq = 0; seq < 20; seq++) {
    const others = [ledger.append(entry(100 + seq)), ledger.append(entry(200 + seq))]
    await ledger.append(entry(seq))
    expect(await readFile(path, 'utf8')).toContain(`"key":"k${seq}"`)
    await Promise.all(others)
  }
  await ledger.close()
})

test('a ledger that was not closed is incomplete, and its torn last line tells nothing', () => {
  const text = `${JSON.stringify(HEADER)}\n${JSON.stringify(entry(0))}\n{"worker":0,"se`
  expect(parseLedger(text)).toEqual({header: HEADER, entries: [entry(0)], isComplete: false})
})

test('a ledger is never overwritten', async () => {
  const path = join(await folder(), 'ledger')
  await (await createLedger(path, HEADER)).close()
  await expect(createLedger(path, HEADER)).rejects.toThrow('EEXIST')
})
