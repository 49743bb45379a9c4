import {expect, test} from 'vitest'
import {subscriptionNamed, updateSubscription} from '../../../src/emulator/pubsub/admin.ts'
import {figures} from '../../../src/emulator/pubsub/views.ts'
import {Bench, SUB} from './bench.ts'

test('a message that is not acknowledged before its deadline is delivered again', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker({leaseMs: 10_000})
  await bench.publish(['a'])
  await bench.advance(9_999)
  expect(worker.texts()).toEqual(['a'])
  await bench.advance(1)
  expect(worker.texts()).toEqual(['a', 'a'])
})

test('an extension postpones the deadline, counted from the extension', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker({leaseMs: 10_000})
  await bench.publish(['a'])
  await bench.advance(9_000)
  worker.extend(0, 30)
  await bench.advance(29_999)
  expect(worker.texts()).toEqual(['a'])
  await bench.advance(1)
  expect(worker.texts()).toEqual(['a', 'a'])
})

test('a nack without a retry policy is delivered again at once', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker()
  await bench.publish(['a'])
  worker.nack(0)
  await bench.settle()
  expect(worker.texts()).toEqual(['a', 'a'])
})

test('an acknowledged message is not delivered again, also after a restart', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker()
  await bench.publish(['a', 'b'])
  worker.ack(0)
  await bench.advance(5_000)
  await bench.restart()
  const next = await bench.worker()
  expect(next.texts()).toEqual(['b'])
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 1, outstanding: 1, consumers: 1, oldestUnackedSeconds: 5})
})

test('back-off doubles per message from the least to the most', async () => {
  const bench = await Bench.with({retryPolicy: {minimumBackoff: '10s', maximumBackoff: '35s'}})
  const worker = await bench.worker()
  await bench.publish(['a'])
  for (const [failure, seconds] of [10, 20, 35, 35].entries()) {
    worker.nack(failure)
    await bench.advance(seconds * 1_000 - 1)
    expect(worker.got).toHaveLength(failure + 1)
    await bench.advance(1)
    expect(worker.got).toHaveLength(failure + 2)
  }
})

test('the messages of a broken stream are delivered again after their deadline, not before', async () => {
  const bench = await Bench.with()
  const broken = await bench.worker({leaseMs: 60_000})
  await bench.publish(['a'])
  subscriptionNamed(bench.broker, SUB).detach(broken)
  const other = await bench.worker()
  await bench.advance(59_999)
  expect(other.got).toEqual([])
  await bench.advance(1)
  expect(other.texts()).toEqual(['a'])
})

test('a late acknowledgement still counts, and the lease it lost cannot be extended', async () => {
  const bench = await Bench.with()
  const slow = await bench.worker({maxMessages: 1})
  await bench.publish(['a'])
  await bench.advance(10_000)
  expect(slow.texts()).toEqual(['a', 'a'])
  slow.extend(0, 600)
  slow.ack(0)
  await bench.advance(600_000)
  expect(slow.texts()).toEqual(['a', 'a'])
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 0, outstanding: 0})
})

test('with exactly-once delivery a late acknowledgement does not count', async () => {
  const bench = await Bench.with({enableExactlyOnceDelivery: true})
  const slow = await bench.worker()
  await bench.publish(['a'])
  await bench.advance(10_000)
  slow.ack(0)
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 1})
  slow.ack(1)
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 0})
})

test('load is spread over streams by what each has outstanding', async () => {
  const bench = await Bench.with()
  const workers = [await bench.worker(), await bench.worker(), await bench.worker({maxMessages: 2})]
  await bench.publish(Array.from({length: 20}, (_, index) => `m${index}`))
  expect(workers.map(({got}) => got.length)).toEqual([9, 9, 2])
})

test('flow control holds messages back until there is room', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker({maxMessages: 2})
  await bench.publish(['a', 'b', 'c', 'd'])
  expect(worker.texts()).toEqual(['a', 'b'])
  worker.ack(0)
  await bench.settle()
  expect(worker.texts()).toEqual(['a', 'b', 'c'])
})

test('each subscription of a topic gets every message that its filter lets through', async () => {
  const bench = await Bench.with({filter: 'attributes.region = "eu"'})
  const worker = await bench.worker()
  await bench.publish(['us'], '', {region: 'us'})
  await bench.publish(['eu'], '', {region: 'eu'})
  expect(worker.texts()).toEqual(['eu'])
})

test('what a client cannot change is refused, what it can takes effect at once', async () => {
  const {broker} = await Bench.with()
  await expect(updateSubscription(broker, {name: SUB, filter: 'attributes:a'}, ['filter'])).rejects.toThrow(
    'not mutable',
  )
  await expect(updateSubscription(broker, {name: SUB}, [])).rejects.toThrow('update_mask')
  const config = await updateSubscription(broker, {name: SUB, ackDeadlineSeconds: 30}, ['ackDeadlineSeconds'])
  expect(config).toMatchObject({ackDeadlineSeconds: 30, messageRetentionDuration: '604800s'})
})

test('nothing wakes up while nothing is due within the minute', async () => {
  const bench = await Bench.with({expirationPolicy: {}})
  await bench.worker()
  await bench.advance(120_000)
  expect(bench.clock.waiting).toBe(0)
})
