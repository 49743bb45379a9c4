/** Google's own client, unchanged, against the emulated Pub/Sub over gRPC. */
import {type Message, PubSub, type Subscription} from '@google-cloud/pubsub'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createPubSubService, type PubSubService} from '../../../src/emulator/pubsub/service.ts'
import {type TestWorld, testWorld} from './world.ts'

let world: TestWorld
let service: PubSubService
let client: PubSub
let count = 0

beforeAll(async () => {
  world = testWorld()
  service = createPubSubService(world)
  await service.start!()
  client = new PubSub({projectId: 'p', apiEndpoint: service.address, emulatorMode: true})
})

afterAll(async () => {
  await client.close()
  await service.stop!()
  world.remove()
})

async function topicAndSubscription(options: object = {}) {
  const name = `queue-${++count}`
  const [topic] = await client.createTopic(name)
  const [subscription] = await topic.createSubscription(`${name}-worker`, options)
  return {topic, subscription}
}

/** The first `wanted` messages, each given to `use`. */
function take(
  subscription: Subscription,
  wanted: number,
  use: (message: Message) => void = (message) => message.ack(),
): Promise<string[]> {
  const texts: string[] = []
  return new Promise((done, fail) => {
    subscription.on('error', fail)
    subscription.on('message', (message: Message) => {
      texts.push(message.data.toString())
      use(message)
      if (texts.length === wanted) done(texts)
    })
  })
}

test('what is published is received once acknowledged, with attributes', async () => {
  const {topic, subscription} = await topicAndSubscription()
  const id = await topic.publishMessage({
    data: Buffer.from('hello'),
    attributes: {ttl: 'not a duration', time: 'nor a time'},
  })
  const message = await new Promise<Message>((done) => subscription.once('message', done))
  message.ack()
  expect({id: message.id, text: message.data.toString(), attributes: message.attributes}).toEqual({
    id,
    text: 'hello',
    attributes: {ttl: 'not a duration', time: 'nor a time'},
  })
  await subscription.close()
})

test('ordered publishing arrives in order per key', async () => {
  const {topic, subscription} = await topicAndSubscription({enableMessageOrdering: true})
  const ordered = client.topic(topic.name, {messageOrdering: true})
  const texts = Array.from({length: 200}, (_, index) => `${index % 4}:${Math.floor(index / 4)}`)
  await Promise.all(texts.map((text) => ordered.publishMessage({data: Buffer.from(text), orderingKey: text[0]!})))
  const got = await take(subscription, 200)
  for (const key of ['0', '1', '2', '3']) {
    const mine = got.filter((text) => text.startsWith(key))
    expect(mine).toEqual(texts.filter((text) => text.startsWith(key)))
  }
  await subscription.close()
})

test('a nack brings a message back at once, with its delivery attempt counted', async () => {
  const {topic, subscription} = await topicAndSubscription({
    ackDeadlineSeconds: 10,
    deadLetterPolicy: {deadLetterTopic: 'projects/p/topics/queue-1', maxDeliveryAttempts: 5},
  })
  await topic.publishMessage({data: Buffer.from('job')})
  const attempts: number[] = []
  await take(subscription, 3, (message) => {
    attempts.push(message.deliveryAttempt)
    if (attempts.length === 3) message.ack()
    else message.nack()
  })
  expect(attempts).toEqual([1, 2, 3])
  await subscription.close()
})

test('two clients share the load of one subscription', async () => {
  const {topic, subscription} = await topicAndSubscription()
  const other = new PubSub({projectId: 'p', apiEndpoint: service.address, emulatorMode: true})
  const held: Message[] = []
  const counts = [0, 0]
  const all = new Promise<void>((done) => {
    for (const [index, each] of [subscription, other.subscription(subscription.name)].entries()) {
      each.setOptions({flowControl: {maxMessages: 50, allowExcessMessages: false}})
      each.on('message', (message: Message) => {
        held.push(message)
        counts[index]!++
        if (held.length === 100) done()
      })
    }
  })
  await Promise.all(Array.from({length: 100}, (_, index) => topic.publishMessage({data: Buffer.from(`${index}`)})))
  await all
  for (const message of held) message.ack()
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(25)
  await subscription.close()
  await other.close()
})

test('administration speaks the client’s language: metadata, updates, seeks, snapshots, refusals', async () => {
  const {topic, subscription} = await topicAndSubscription({
    retryPolicy: {minimumBackoff: {seconds: 15}},
    labels: {ttl: 'mine'},
  })
  await subscription.setMetadata({ackDeadlineSeconds: 42})
  const [metadata] = await subscription.getMetadata()
  expect(metadata).toMatchObject({
    topic: topic.name,
    ackDeadlineSeconds: 42,
    labels: {ttl: 'mine'},
    retryPolicy: {minimumBackoff: {seconds: '15'}, maximumBackoff: {seconds: '600'}},
    expirationPolicy: {ttl: {seconds: '2678400'}},
  })
  await subscription.createSnapshot('before-deploy')
  await subscription.seek('before-deploy')
  await subscription.seek(new Date())
  const [subscriptions] = await topic.getSubscriptions()
  expect(subscriptions.map(({name}) => name)).toEqual([subscription.name])
  await expect(client.createTopic(topic.name)).rejects.toMatchObject({code: 6})
  await expect(client.topic('nowhere').publishMessage({data: Buffer.from('x')})).rejects.toMatchObject({code: 5})
  await expect(client.createTopic('9lives')).rejects.toMatchObject({code: 3})
  await expect(topic.createSubscription('export', {cloudStorageConfig: {bucket: 'b'}})).rejects.toThrow('Not emulated')
  await expect(topic.publishMessage({data: Buffer.alloc(0)})).rejects.toMatchObject({code: 3})
  await topic.delete()
  expect((await subscription.getMetadata())[0].topic).toBe('_deleted-topic_')
})

test('a message of ten megabytes passes, one above does not', async () => {
  const {topic, subscription} = await topicAndSubscription()
  await topic.publishMessage({data: Buffer.alloc(10_000_000, 'x')})
  expect((await take(subscription, 1))[0]).toHaveLength(10_000_000)
  await expect(topic.publishMessage({data: Buffer.alloc(10_000_001)})).rejects.toMatchObject({code: 3})
  await subscription.close()
})

test('nothing went wrong inside', () => {
  expect(world.logged).toEqual([])
})
