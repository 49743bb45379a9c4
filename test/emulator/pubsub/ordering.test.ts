import {expect, test} from 'vitest'
import {figures} from '../../../src/emulator/pubsub/views.ts'
import {Bench, SUB} from './bench.ts'

const ordered = () => Bench.with({enableMessageOrdering: true})

test('messages of one key come in order, one batch of the key at a time', async () => {
  const bench = await ordered()
  const worker = await bench.worker({maxMessages: 2})
  const other = await bench.worker()
  await bench.publish(['1', '2', '3'], 'k')
  expect([...worker.texts(), ...other.texts()]).toEqual(['1', '2'])
  worker.ack(0)
  await bench.settle()
  expect(other.got).toEqual([])
  worker.ack(1)
  await bench.settle()
  expect([...worker.texts(), ...other.texts()]).toEqual(['1', '2', '3'])
})

test('after a nack the later messages of the key follow again, even when acknowledged', async () => {
  const bench = await ordered()
  const worker = await bench.worker()
  await bench.publish(['1', '2', '3'], 'k')
  worker.ack(0)
  worker.ack(2)
  worker.nack(1)
  await bench.settle()
  expect(worker.texts()).toEqual(['1', '2', '3', '2', '3'])
  worker.ack(3)
  worker.ack(4)
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 0, outstanding: 0})
})

test('a key that is stuck does not hold up other keys', async () => {
  const bench = await ordered()
  const worker = await bench.worker()
  await bench.publish(['a1'], 'a')
  await bench.publish(['a2'], 'a')
  await bench.publish(['b1'], 'b')
  await bench.publish(['free'])
  expect(worker.texts()).toEqual(['a1', 'b1', 'free'])
})

test('back-off of one message holds up the rest of its key', async () => {
  const bench = await Bench.with({
    enableMessageOrdering: true,
    retryPolicy: {minimumBackoff: '10s', maximumBackoff: '10s'},
  })
  const worker = await bench.worker()
  await bench.publish(['1', '2'], 'k')
  worker.nack(0)
  await bench.advance(9_999)
  expect(worker.texts()).toEqual(['1', '2'])
  await bench.advance(1)
  expect(worker.texts()).toEqual(['1', '2', '1', '2'])
})

test('order survives a restart', async () => {
  const bench = await ordered()
  await bench.publish(['1', '2'], 'k')
  await bench.publish(['3'], 'k')
  await bench.restart()
  const worker = await bench.worker()
  expect(worker.texts()).toEqual(['1', '2', '3'])
})
