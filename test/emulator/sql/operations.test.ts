import {expect, test} from 'vitest'
import type {Props, Records} from '../../../src/emulator/contract.ts'
import {type Deed, Operations} from '../../../src/emulator/sql/operations.ts'

function memory(): Records {
  const kept = new Map<string, Props>()
  return {
    put: (token, id, outputs) => void kept.set(`${token}/${id}`, structuredClone(outputs)),
    get: (token, id) => kept.get(`${token}/${id}`),
    list: (token) =>
      [...kept].flatMap(([key, outputs]) =>
        key.startsWith(`${token}/`) ? [{id: key.slice(token.length + 1), outputs}] : [],
      ),
    delete: (token, id) => void kept.delete(`${token}/${id}`),
  }
}

const deed = (target: string, also: string[] = []): Deed => ({type: 'UPDATE', project: 'p', target, also, args: {n: 1}})
const quiet = () => {}

function gateway() {
  let open = () => {}
  const passed = new Promise<void>((done) => {
    open = done
  })
  return {open, passed}
}

test('an operation is running when it is answered and done when it is done', async () => {
  const gate = gateway()
  const operations = new Operations(memory(), quiet, () => gate.passed)
  const {name, status} = operations.begin(deed('a'))
  expect(status).toBe('RUNNING')
  gate.open()
  await operations.finish(deed('a'))
  expect(operations.get('p', name)).toMatchObject({status: 'DONE', targetId: 'a', operationType: 'UPDATE'})
  expect(operations.get('p', name).error).toBeUndefined()
})

test('while one runs another on any of the same instances is refused with 409', async () => {
  const gate = gateway()
  const operations = new Operations(memory(), quiet, () => gate.passed)
  operations.begin(deed('a', ['b']))
  expect(() => operations.begin(deed('a'))).toThrow('another operation was already in progress')
  expect(() => operations.begin(deed('b'))).toThrow(
    expect.objectContaining({status: 409, reason: 'operationInProgress'}),
  )
  expect(() => operations.begin(deed('c'))).not.toThrow()
  gate.open()
})

test('the provider waits its turn instead', async () => {
  const order: string[] = []
  const operations = new Operations(memory(), quiet, async ({args}) => void order.push(String(args.n)))
  await Promise.all([1, 2, 3].map((n) => operations.finish({...deed('a'), args: {n}})))
  expect(order.sort()).toEqual(['1', '2', '3'])
})

test('a failure is in the operation, and thrown to the provider', async () => {
  const operations = new Operations(memory(), quiet, async () => {
    throw new Error('the disk is full')
  })
  await expect(operations.finish(deed('a'))).rejects.toThrow('the disk is full')
  expect(operations.list('p')[0]).toMatchObject({status: 'DONE', error: {errors: [{message: 'the disk is full'}]}})
})

test('what was under way when the emulator ended goes on when it is back', async () => {
  const records = memory()
  const before = new Operations(records, quiet, () => new Promise(() => {}))
  const {name} = before.begin(deed('a'))
  before.stop()
  const done: Deed[] = []
  const after = new Operations(records, quiet, async (each) => void done.push(each))
  after.resume()
  await after.finish(deed('b'))
  expect(done[0]).toEqual(deed('a'))
  expect(after.get('p', name).status).toBe('DONE')
})

test('another project’s operation does not exist', () => {
  const operations = new Operations(memory(), quiet, async () => {})
  const {name} = operations.begin(deed('a'))
  expect(() => operations.get('q', name)).toThrow('The Cloud SQL operation does not exist.')
})
