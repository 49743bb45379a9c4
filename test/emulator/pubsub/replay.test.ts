import {expect, test} from 'vitest'
import {
  createSubscription,
  deleteSubscription,
  deleteTopic,
  detachSubscription,
  subscriptionNamed,
} from '../../../src/emulator/pubsub/admin.ts'
import {publish} from '../../../src/emulator/pubsub/publish.ts'
import {createSnapshot, deleteSnapshot, seekToSnapshot, seekToTime} from '../../../src/emulator/pubsub/replay.ts'
import {figures} from '../../../src/emulator/pubsub/views.ts'
import {Bench, SUB, TOPIC} from './bench.ts'

const stored = ({broker}: Bench) => broker.store.read('after', broker.topics.get(TOPIC)!.serial, 0).length
const DAY = 86_400_000

test('a seek to a time in the past brings acknowledged messages back when the topic retains them', async () => {
  const bench = await Bench.with({}, {messageRetentionDuration: '86400s'})
  const worker = await bench.worker()
  await bench.publish(['old'])
  await bench.advance(1_000)
  const between = bench.clock.now()
  await bench.publish(['new'])
  worker.ack(0)
  worker.ack(1)
  await seekToTime(bench.broker, SUB, between)
  await bench.settle()
  expect(worker.texts()).toEqual(['old', 'new', 'new'])
  worker.ack(1)
  expect(figures(bench.broker, SUB).backlog).toBe(1)
})

test('a seek to now acknowledges the whole backlog', async () => {
  const bench = await Bench.with()
  await bench.publish(['a', 'b'])
  await bench.advance(1)
  await seekToTime(bench.broker, SUB, bench.clock.now())
  await bench.restart()
  expect(figures(bench.broker, SUB).backlog).toBe(0)
  expect(stored(bench)).toBe(0)
})

test('retain_acked_messages keeps them for a seek of that subscription', async () => {
  const bench = await Bench.with({retainAckedMessages: true})
  const worker = await bench.worker()
  await bench.publish(['a'])
  worker.ack(0)
  await seekToTime(bench.broker, SUB, 0)
  await bench.settle()
  expect(worker.texts()).toEqual(['a', 'a'])
})

test('a snapshot holds what was unacknowledged and everything published after it', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker()
  await bench.publish(['acked', 'owed'])
  worker.ack(0)
  await createSnapshot(bench.broker, 'projects/p/snapshots/before', SUB)
  await bench.publish(['after'])
  worker.ack(1)
  worker.ack(2)
  await bench.restart()
  await seekToSnapshot(bench.broker, SUB, 'projects/p/snapshots/before')
  expect((await bench.worker()).texts()).toEqual(['owed', 'after'])
})

test('a snapshot ends after a week, and lets go of what it held', async () => {
  const bench = await Bench.with({expirationPolicy: {}})
  const worker = await bench.worker()
  await bench.publish(['a'])
  await createSnapshot(bench.broker, 'projects/p/snapshots/week', SUB)
  worker.ack(0)
  await bench.settle()
  expect(stored(bench)).toBe(1)
  await bench.advance(7 * DAY + 120_000)
  expect([...bench.broker.snapshots.keys()]).toEqual([])
  expect(stored(bench)).toBe(0)
  await expect(deleteSnapshot(bench.broker, 'projects/p/snapshots/week')).rejects.toThrow('not found')
})

test('messages are dropped when nobody owes or retains them', async () => {
  const bench = await Bench.with()
  const worker = await bench.worker()
  await bench.publish(['a'])
  expect(stored(bench)).toBe(1)
  worker.ack(0)
  await bench.settle()
  expect(stored(bench)).toBe(0)
})

test('backlog older than the retention is dropped, retained messages too', async () => {
  const bench = await Bench.with(
    {messageRetentionDuration: '600s', expirationPolicy: {}},
    {messageRetentionDuration: '1200s'},
  )
  await bench.publish(['a'])
  await bench.advance(1_100_000)
  expect(figures(bench.broker, SUB).backlog).toBe(1)
  await bench.advance(200_000)
  expect(figures(bench.broker, SUB).backlog).toBe(0)
  await bench.advance(200_000)
  expect(stored(bench)).toBe(0)
})

test('a subscription that nobody uses expires after its ttl, one in use does not', async () => {
  const bench = await Bench.with({messageRetentionDuration: '600s', expirationPolicy: {ttl: '86400s'}})
  const worker = await bench.worker()
  await bench.advance(3 * DAY)
  expect(bench.broker.subscriptions.has(SUB)).toBe(true)
  subscriptionNamed(bench.broker, SUB).detach(worker)
  bench.broker.onChange()
  await bench.advance(2 * DAY)
  expect(bench.broker.subscriptions.has(SUB)).toBe(false)
})

test('a deleted topic leaves its subscriptions, which still deliver what they owe', async () => {
  const bench = await Bench.with()
  await bench.publish(['a'])
  await deleteTopic(bench.broker, TOPIC)
  await bench.restart()
  const worker = await bench.worker()
  expect(worker.texts()).toEqual(['a'])
  expect(figures(bench.broker, SUB).topic).toBe('_deleted-topic_')
  await expect(
    publish(bench.broker, TOPIC, [{data: Buffer.from('b'), attributes: {}, orderingKey: ''}]),
  ).rejects.toThrow('not found')
})

test('a detached or deleted subscription ends its streams and drops its backlog', async () => {
  const bench = await Bench.with()
  await createSubscription(bench.broker, {name: 'projects/p/subscriptions/other', topic: TOPIC})
  const [worker, other] = [await bench.worker(), await bench.worker({name: 'projects/p/subscriptions/other'})]
  await bench.publish(['a'])
  await detachSubscription(bench.broker, SUB)
  await deleteSubscription(bench.broker, 'projects/p/subscriptions/other')
  expect([worker.closedBy[0]!.message, other.closedBy[0]!.message]).toEqual([
    'The subscription is detached from its topic.',
    'Resource not found (resource=other).',
  ])
  await bench.settle()
  expect(stored(bench)).toBe(0)
})
