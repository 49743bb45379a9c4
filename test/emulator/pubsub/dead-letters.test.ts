import {expect, test} from 'vitest'
import {createSubscription, deleteTopic} from '../../../src/emulator/pubsub/admin.ts'
import {deadLetterGrants, SUBSCRIPTION_MEMBER, TOPIC_MEMBER} from '../../../src/emulator/pubsub/dead-letter-grants.ts'
import {figures} from '../../../src/emulator/pubsub/views.ts'
import {Bench, SUB, type Worker} from './bench.ts'
import {memoryRecords} from './world.ts'

const DEAD = 'projects/p/subscriptions/dead'
const policy = {deadLetterPolicy: {deadLetterTopic: 'projects/p/topics/dead', maxDeliveryAttempts: 5}}

async function benchWithDeadLetters(more = {}): Promise<Bench> {
  const bench = await Bench.with({...policy, ...more})
  await createSubscription(bench.broker, {name: DEAD, topic: 'projects/p/topics/dead'})
  return bench
}

async function nackTimes(bench: Bench, worker: Worker, times: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    worker.nack(index)
    await bench.settle()
  }
}

test('after the last delivery attempt a message goes to the dead-letter topic with where it came from', async () => {
  const bench = await benchWithDeadLetters()
  const worker = await bench.worker()
  await bench.publish(['poison'], '', {kept: 'yes'})
  await nackTimes(bench, worker, 5)
  expect(worker.got.map(({deliveryAttempt}) => deliveryAttempt)).toEqual([1, 2, 3, 4, 5])
  const undertaker = await bench.worker({name: DEAD})
  expect(undertaker.texts()).toEqual(['poison'])
  expect(undertaker.got[0]).toMatchObject({deliveryAttempt: 0})
  expect(undertaker.got[0]!.content.attributes).toEqual({
    kept: 'yes',
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: 'worker',
    CloudPubSubDeadLetterSourceSubscriptionProject: 'p',
    CloudPubSubDeadLetterSourceTopicPublishTime: '2026-01-01T00:00:00.000+00:00',
  })
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 0, deadLettered: 1})
})

test('the count of attempts and of dead letters survives a restart', async () => {
  const bench = await benchWithDeadLetters()
  await bench.publish(['poison'])
  await nackTimes(bench, await bench.worker(), 3)
  await bench.restart()
  const worker = await bench.worker()
  expect(worker.got[0]!.deliveryAttempt).toBe(4)
  await nackTimes(bench, worker, 2)
  await bench.restart()
  expect(figures(bench.broker, SUB)).toMatchObject({backlog: 0, deadLettered: 1})
  expect(figures(bench.broker, DEAD).backlog).toBe(1)
})

test('without the service agent’s grants dead lettering silently does not happen', async () => {
  const bench = await benchWithDeadLetters()
  bench.granted = false
  const worker = await bench.worker()
  await bench.publish(['poison'])
  await nackTimes(bench, worker, 7)
  expect(worker.got.at(-1)!.deliveryAttempt).toBe(8)
  bench.granted = true
  worker.nack(7)
  await bench.settle()
  expect(figures(bench.broker, DEAD).backlog).toBe(1)
})

test('with the dead-letter topic gone a message goes on being delivered', async () => {
  const bench = await benchWithDeadLetters()
  await deleteTopic(bench.broker, 'projects/p/topics/dead')
  const worker = await bench.worker()
  await bench.publish(['poison'])
  await nackTimes(bench, worker, 6)
  expect(worker.got).toHaveLength(7)
})

test('a dead letter lets the rest of its key pass', async () => {
  const bench = await benchWithDeadLetters({enableMessageOrdering: true})
  const worker = await bench.worker({maxMessages: 1})
  await bench.publish(['1', '2'], 'k')
  await nackTimes(bench, worker, 5)
  expect(worker.texts().at(-1)).toBe('2')
})

test('the grants are publisher on the dead-letter topic and subscriber on the subscription, for the service agent', () => {
  const agent = 'serviceAccount:service-123@gcp-sa-pubsub.iam.gserviceaccount.com'
  const onTopic = {project: 'p', topic: 'dead', member: agent, role: 'roles/pubsub.publisher'}
  const onSubscription = {project: 'p', subscription: SUB, member: agent, role: 'roles/pubsub.subscriber'}
  const cases = [
    [onTopic, onSubscription, true],
    [onTopic, undefined, false],
    [undefined, onSubscription, false],
    [{...onTopic, role: 'roles/pubsub.viewer'}, onSubscription, false],
    [{...onTopic, member: 'serviceAccount:app@p.iam.gserviceaccount.com'}, onSubscription, false],
    [{...onTopic, topic: 'other'}, onSubscription, false],
  ] as const
  for (const [topic, subscription, allowed] of cases) {
    const records = memoryRecords()
    if (topic) records.put(TOPIC_MEMBER, 't', topic)
    if (subscription) records.put(SUBSCRIPTION_MEMBER, 's', subscription)
    expect(deadLetterGrants(records)(SUB, 'projects/p/topics/dead')).toBe(allowed)
  }
})
