import fastify, {type FastifyInstance} from 'fastify'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createPubSubService, type PubSubService} from '../../../src/emulator/pubsub/service.ts'
import {createTimeSeriesService} from '../../../src/emulator/services/time-series.ts'
import {type TestWorld, testWorld} from './world.ts'

let world: TestWorld
let service: PubSubService
let server: FastifyInstance

beforeAll(async () => {
  world = testWorld()
  service = createPubSubService(world)
  server = fastify()
  service.routes!(server)
  createTimeSeriesService([service]).routes!(server)
  await service.start!()
})

afterAll(async () => {
  await server.close()
  await service.stop!()
  world.remove()
})

async function call(method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) {
  const answer = await server.inject({method, url, ...(payload && {payload})})
  return {status: answer.statusCode, body: answer.json()}
}

test('a topic and a subscription live through REST as gcloud uses it', async () => {
  expect(await call('PUT', '/v1/projects/p/topics/bookings', {messageRetentionDuration: '600s'})).toMatchObject({
    status: 200,
  })
  const made = await call('PUT', '/v1/projects/p/subscriptions/worker', {
    topic: 'projects/p/topics/bookings',
    ackDeadlineSeconds: 20,
  })
  expect(made.body).toMatchObject({
    name: 'projects/p/subscriptions/worker',
    topicMessageRetentionDuration: '600s',
    state: 'ACTIVE',
  })
  const updated = await call('PATCH', '/v1/projects/p/subscriptions/worker', {
    subscription: {ackDeadlineSeconds: 30},
    updateMask: 'ackDeadlineSeconds',
  })
  expect(updated.body).toMatchObject({ackDeadlineSeconds: 30})
  const data = Buffer.from('hello').toString('base64')
  const published = await call('POST', '/v1/projects/p/topics/bookings:publish', {
    messages: [{data, attributes: {a: 'b'}}],
  })
  const pulled = await call('POST', '/v1/projects/p/subscriptions/worker:pull', {maxMessages: 10})
  expect(pulled.body.receivedMessages).toMatchObject([
    {message: {data, attributes: {a: 'b'}, messageId: published.body.messageIds[0]}},
  ])
  const ackIds = [pulled.body.receivedMessages[0].ackId]
  expect(await call('POST', '/v1/projects/p/subscriptions/worker:acknowledge', {ackIds})).toEqual({
    status: 200,
    body: {},
  })
  const again = await call('POST', '/v1/projects/p/subscriptions/worker:pull', {
    maxMessages: 1,
    returnImmediately: true,
  })
  expect(again.body).toEqual({receivedMessages: []})
  expect((await call('GET', '/v1/projects/p/topics/bookings/subscriptions')).body).toEqual({
    subscriptions: ['projects/p/subscriptions/worker'],
  })
})

test('lists come in pages', async () => {
  for (const name of ['page-a', 'page-b', 'page-c']) await call('PUT', `/v1/projects/paged/topics/${name}`, {})
  const first = await call('GET', '/v1/projects/paged/topics?pageSize=2')
  expect(first.body.topics.map(({name}: {name: string}) => name)).toEqual([
    'projects/paged/topics/page-a',
    'projects/paged/topics/page-b',
  ])
  const second = await call('GET', `/v1/projects/paged/topics?pageSize=2&pageToken=${first.body.nextPageToken}`)
  expect(second.body.topics.map(({name}: {name: string}) => name)).toEqual(['projects/paged/topics/page-c'])
  expect(second.body).not.toHaveProperty('nextPageToken')
})

test.each([
  ['GET', '/v1/projects/p/topics/absent', undefined, 404, 'NOT_FOUND'],
  ['PUT', '/v1/projects/p/topics/goog-topic', {}, 400, 'INVALID_ARGUMENT'],
  ['PUT', '/v1/projects/p/subscriptions/orphan', {topic: 'projects/p/topics/absent'}, 404, 'NOT_FOUND'],
  ['PUT', '/v1/projects/p/topics/bookings', {}, 409, 'ALREADY_EXISTS'],
  ['POST', '/v1/projects/p/topics/bookings:publish', {messages: []}, 400, 'INVALID_ARGUMENT'],
  ['POST', '/v1/projects/p/subscriptions/worker:acknowledge', {ackIds: ['nonsense']}, 400, 'INVALID_ARGUMENT'],
  ['POST', '/v1/projects/p/topics/bookings:explode', {}, 404, 'NOT_FOUND'],
] as const)('%s %s is refused as Google refuses it', async (method, url, payload, status, reason) => {
  const answer = await call(method, url, payload)
  expect(answer).toMatchObject({status, body: {error: {code: status, status: reason}}})
})

test('of a snapshot the labels can be changed, and nothing else', async () => {
  const topic = 'projects/p/topics/labelled'
  await call('PUT', `/v1/${topic}`, {})
  await call('PUT', '/v1/projects/p/subscriptions/labelled', {topic})
  const snapshot = '/v1/projects/p/snapshots/labelled'
  const made = await call('PUT', snapshot, {subscription: 'projects/p/subscriptions/labelled', labels: {a: '1'}})
  const change = (updateMask: string) => call('PATCH', snapshot, {snapshot: {labels: {b: '2'}}, updateMask})
  expect(await change('labels')).toEqual({status: 200, body: {...made.body, labels: {b: '2'}}})
  expect((await call('GET', snapshot)).body).toEqual({...made.body, labels: {b: '2'}})
  expect(await change('expireTime')).toMatchObject({status: 400})
  expect(await change('')).toMatchObject({status: 400})
})

test('a subscription tells Monitoring how much waits in it and since when', async () => {
  await call('PUT', '/v1/projects/q/topics/jobs', {})
  for (const name of ['slow', 'other']) {
    await call('PUT', `/v1/projects/q/subscriptions/${name}`, {topic: 'projects/q/topics/jobs'})
  }
  await call('PUT', '/v1/projects/elsewhere/subscriptions/slow', {topic: 'projects/q/topics/jobs'})
  await call('POST', '/v1/projects/q/topics/jobs:publish', {messages: [{data: 'YQ=='}, {data: 'Yg=='}]})
  const {ackId} = (await call('POST', '/v1/projects/q/subscriptions/other:pull', {maxMessages: 1})).body
    .receivedMessages[0]
  await call('POST', '/v1/projects/q/subscriptions/other:acknowledge', {ackIds: [ackId]})
  const figure = async (metric: string, subscription: string) => {
    const query = new URLSearchParams({
      filter: `metric.type = "pubsub.googleapis.com/subscription/${metric}" AND resource.labels.subscription_id = "${subscription}"`,
      'interval.endTime': new Date().toISOString(),
    })
    const {timeSeries} = (await call('GET', `/v3/projects/q/timeSeries?${query}`)).body
    expect(timeSeries).toHaveLength(1)
    return Number(timeSeries[0].points[0].value.int64Value)
  }
  expect(await figure('num_undelivered_messages', 'slow')).toBe(2)
  expect(await figure('num_undelivered_messages', 'other')).toBe(1)
  expect(await figure('oldest_unacked_message_age', 'slow')).toBeLessThan(20)
})
