/** The template's Pub/Sub client: against the emulated Pub/Sub, and beside Google's own client on the same wires. */
import {type Message, PubSub} from '@google-cloud/pubsub'
import {afterAll, beforeAll, expect, onTestFinished, test, vi} from 'vitest'
import {createPubSubService, type PubSubService} from '../../src/emulator/pubsub/service.ts'
import {testWorld} from '../emulator/pubsub/world.ts'

const {openPublisher, startSubscriber} = await import(
  new URL('../../templates/rental/src/queue/pubsub.js', import.meta.url).href
)

interface Delivered {
  readonly key: string
  readonly payload: {readonly n: number}
}

const silent = {info() {}, warn() {}, error() {}}
const world = testWorld()
let service: PubSubService
let google: PubSub
let count = 0

beforeAll(async () => {
  service = createPubSubService(world)
  await service.start!()
  google = new PubSub({projectId: 'p', apiEndpoint: service.address, emulatorMode: true})
})
afterAll(async () => {
  await google.close()
  await service.stop!()
  world.remove()
})

/** A queue with its publisher, and subscribers on it. */
async function openQueue() {
  const name = `rental-${++count}`
  const [topic] = await google.createTopic(name)
  const [subscription] = await topic.createSubscription(name, {
    retryPolicy: {minimumBackoff: {seconds: 0}, maximumBackoff: {seconds: 1}},
  })
  const publisher = openPublisher({emulatorHost: service.address, topic: () => topic.name})
  onTestFinished(() => publisher.close())
  const subscribe = (work: (message: Delivered) => Promise<void>, concurrency = 8) => {
    const options = {emulatorHost: service.address, subscription: subscription.name, work, log: silent, concurrency}
    const subscriber = startSubscriber(options)
    onTestFinished(() => subscriber.stop())
    return subscriber
  }
  const publish = (n: number) => publisher.publish('any', {key: `k${n}`, payload: {n}})
  return {topic, subscription, subscribe, publish}
}

test('what is published is worked on, with its key', async () => {
  const {publish, subscribe} = await openQueue()
  const got: Delivered[] = []
  subscribe(async (message) => void got.push(message))
  await Promise.all([1, 2, 3].map(publish))
  await vi.waitFor(() => expect(got).toHaveLength(3))
  expect(got).toContainEqual({key: 'k2', payload: {n: 2}})
})

test('work that fails is given back and comes again', async () => {
  const {publish, subscribe} = await openQueue()
  let attempts = 0
  subscribe(async () => {
    if (++attempts < 3) throw new Error('not yet')
  })
  await publish(1)
  await vi.waitFor(() => expect(attempts).toBe(3), {timeout: 8000})
})

test('no more than the agreed number is worked on at once', async () => {
  const {publish, subscribe} = await openQueue()
  let now = 0
  let most = 0
  let done = 0
  await Promise.all(Array.from({length: 20}, (_, n) => publish(n)))
  subscribe(async () => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setTimeout(resolve, 10))
    now--
    done++
  }, 4)
  await vi.waitFor(() => expect(done).toBe(20), {timeout: 8000})
  expect(most).toBeLessThanOrEqual(4)
})

test('a subscriber that stops finishes what it has, and leaves the rest to others', async () => {
  const {publish, subscribe} = await openQueue()
  const finished: number[] = []
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const started: number[] = []
  const first = subscribe(async ({payload}) => {
    started.push(payload.n)
    await gate
    finished.push(payload.n)
  }, 1)
  await publish(1)
  await vi.waitFor(() => expect(started).toEqual([1]))
  const stopped = first.stop()
  await publish(2)
  subscribe(async ({payload}) => void finished.push(payload.n))
  await vi.waitFor(() => expect(finished).toEqual([2]))
  release()
  await stopped
  expect(finished).toEqual([2, 1])
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(finished).toEqual([2, 1])
})

test('Google’s own client reads what it writes, and it what Google’s own client writes', async () => {
  const {topic, subscription, publish, subscribe} = await openQueue()
  const message = new Promise<Message>((done) => subscription.once('message', done))
  await publish(7)
  const received = await message
  received.ack()
  expect([received.attributes, received.data.toString()]).toEqual([{key: 'k7'}, '{"n":7}'])
  await subscription.close()
  const got: Delivered[] = []
  subscribe(async (delivered) => void got.push(delivered))
  await topic.publishMessage({json: {n: 8}, attributes: {key: 'k8'}})
  await vi.waitFor(() => expect(got).toContainEqual({key: 'k8', payload: {n: 8}}))
})

test('a Pub/Sub that was away is found again', async () => {
  const {publish, subscribe} = await openQueue()
  const got: number[] = []
  subscribe(async ({payload}) => void got.push(payload.n))
  await publish(1)
  await vi.waitFor(() => expect(got).toEqual([1]))
  const port = Number(service.address.split(':')[1])
  await service.stop!()
  await expect(publish(2)).rejects.toThrow()
  const claim = world.ports.claim
  Object.assign(world.ports, {claim: async () => port})
  onTestFinished(() => void Object.assign(world.ports, {claim}))
  await service.start!()
  await vi.waitFor(() => publish(3), {timeout: 8000, interval: 200})
  await vi.waitFor(() => expect(got).toContain(3), {timeout: 8000})
})
