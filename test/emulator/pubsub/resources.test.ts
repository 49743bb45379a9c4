import {afterAll, beforeAll, expect, test} from 'vitest'
import type {Props, ResourceType} from '../../../src/emulator/contract.ts'
import {createPubSubService, type PubSubService} from '../../../src/emulator/pubsub/service.ts'
import {type TestWorld, testWorld} from './world.ts'

let world: TestWorld
let service: PubSubService

beforeAll(async () => {
  world = testWorld()
  service = createPubSubService(world)
  await service.start!()
})

afterAll(async () => {
  await service.stop!()
  world.remove()
})

const typeOf = (name: string): ResourceType => service.resources.find(({token}) => token.endsWith(`:${name}`))!
const AGENT = 'serviceAccount:service-42@gcp-sa-pubsub.iam.gserviceaccount.com'
const AVRO = JSON.stringify({type: 'record', name: 'Booking', fields: []})

const programs: readonly [string, Props, string][] = [
  ['Schema', {project: 'p', name: 'booking', type: 'AVRO', definition: AVRO}, 'projects/p/schemas/booking'],
  [
    'Topic',
    {
      ...{project: 'p', name: 'bookings', labels: {app: 'rent'}, messageRetentionDuration: '604800s'},
      messageStoragePolicy: {allowedPersistenceRegions: ['us-east1', 'europe-west1']},
      schemaSettings: {schema: 'projects/p/schemas/booking', encoding: 'JSON'},
    },
    'projects/p/topics/bookings',
  ],
  ['Topic', {project: 'p', name: 'bookings-dlq'}, 'projects/p/topics/bookings-dlq'],
  [
    'Subscription',
    {
      ...{
        project: 'p',
        name: 'bookings-worker',
        topic: 'bookings',
        ackDeadlineSeconds: 60,
        expirationPolicy: {ttl: ''},
      },
      retryPolicy: {minimumBackoff: '10s', maximumBackoff: '600s'},
      deadLetterPolicy: {deadLetterTopic: 'projects/p/topics/bookings-dlq', maxDeliveryAttempts: 10},
    },
    'projects/p/subscriptions/bookings-worker',
  ],
  [
    'Subscription',
    {project: 'p', name: 'plain-worker', topic: 'projects/p/topics/bookings'},
    'projects/p/subscriptions/plain-worker',
  ],
  [
    'TopicIAMMember',
    {project: 'p', topic: 'bookings-dlq', role: 'roles/pubsub.publisher', member: AGENT},
    `projects/p/topics/bookings-dlq/roles/pubsub.publisher/${AGENT}`,
  ],
  [
    'SubscriptionIAMMember',
    {project: 'p', subscription: 'bookings-worker', role: 'roles/pubsub.subscriber', member: AGENT},
    `projects/p/subscriptions/bookings-worker/roles/pubsub.subscriber/${AGENT}`,
  ],
]

test.each(programs)('a %s with %j is made, and a refresh finds it unchanged', async (name, inputs, id) => {
  const type = typeOf(name)
  expect(type.check?.(inputs)).toEqual([])
  const made = await type.create(inputs)
  expect(made.id).toBe(id)
  expect(made.outputs).toMatchObject(inputs)
  expect(await type.read(id)).toEqual(made.outputs)
})

test('defaults come back as Google fills them in', async () => {
  expect(await typeOf('Subscription').read('projects/p/subscriptions/plain-worker')).toMatchObject({
    ...{
      ackDeadlineSeconds: 10,
      messageRetentionDuration: '604800s',
      expirationPolicy: {ttl: '2678400s'},
      deletionPolicy: 'DELETE',
    },
    effectiveLabels: {},
  })
})

test('a change made elsewhere is what a refresh shows, and nothing else', async () => {
  const type = typeOf('Subscription')
  const before = await type.read('projects/p/subscriptions/bookings-worker')
  const {PubSub} = await import('@google-cloud/pubsub')
  const client = new PubSub({projectId: 'p', apiEndpoint: service.address, emulatorMode: true})
  await client.subscription('bookings-worker').setMetadata({ackDeadlineSeconds: 90})
  await client.close()
  expect(await type.read('projects/p/subscriptions/bookings-worker')).toEqual({...before, ackDeadlineSeconds: 90})
})

test('an update changes what it names and takes back what is no longer given', async () => {
  const type = typeOf('Subscription')
  const id = 'projects/p/subscriptions/bookings-worker'
  const inputs = {project: 'p', name: 'bookings-worker', topic: 'bookings', ackDeadlineSeconds: 30}
  const outputs = await type.update!(id, (await type.read(id))!, inputs)
  expect(outputs).toMatchObject({ackDeadlineSeconds: 30, expirationPolicy: {ttl: '2678400s'}})
  expect(outputs).not.toHaveProperty('deadLetterPolicy')
  expect(await type.read(id)).toEqual(outputs)
})

test('a new definition of a schema is a new revision', async () => {
  const type = typeOf('Schema')
  const inputs = {...programs[0]![1], definition: AVRO.replace('Booking', 'Reservation')}
  const outputs = await type.update!(
    'projects/p/schemas/booking',
    (await type.read('projects/p/schemas/booking'))!,
    inputs,
  )
  expect(await type.read('projects/p/schemas/booking')).toEqual(outputs)
})

test.each([
  ['Topic', {name: 'ab'}, 'name'],
  ['Topic', {name: 'google-topic'}, 'name'],
  ['Topic', {name: 'abc', messageRetentionDuration: '599s'}, 'messageRetentionDuration'],
  ['Topic', {name: 'abc', messageRetentionDuration: '32d'}, 'messageRetentionDuration'],
  ['Topic', {name: 'abc', ingestionDataSourceSettings: {}}, 'ingestionDataSourceSettings'],
  ['Subscription', {name: 'abc', topic: 't', ackDeadlineSeconds: 9}, 'ackDeadlineSeconds'],
  ['Subscription', {name: 'abc', topic: 't', ackDeadlineSeconds: 601}, 'ackDeadlineSeconds'],
  ['Subscription', {name: 'abc', topic: 't', retryPolicy: {maximumBackoff: '601s'}}, 'retryPolicy.maximumBackoff'],
  [
    'Subscription',
    {name: 'abc', topic: 't', deadLetterPolicy: {maxDeliveryAttempts: 4}},
    'deadLetterPolicy.maxDeliveryAttempts',
  ],
  ['Subscription', {name: 'abc', topic: 't', expirationPolicy: {ttl: '3600s'}}, 'expirationPolicy.ttl'],
  ['Subscription', {name: 'abc', topic: 't', filter: 'attributes.a ='}, 'filter'],
  ['Subscription', {name: 'abc', topic: 't', pushConfig: {pushEndpoint: 'https://x'}}, 'pushConfig'],
  ['Schema', {name: 'abc', type: 'AVRO', definition: '{'}, 'definition'],
  ['Schema', {name: 'abc', type: 'XML'}, 'type'],
  ['TopicIAMMember', {topic: 'abc', role: 'publisher', member: AGENT}, 'role'],
  ['TopicIAMMember', {topic: 'abc', role: 'roles/pubsub.publisher', member: 'app@p'}, 'member'],
] as const)('a %s with %j is refused at %s', (name, inputs, property) => {
  expect(typeOf(name).check!(inputs).map((failure) => failure.property)).toContain(property)
})

test('deletionPolicy PREVENT refuses, ABANDON leaves it alone', async () => {
  const type = typeOf('Topic')
  const inputs = {project: 'p', name: 'kept', deletionPolicy: 'PREVENT'}
  const {id, outputs} = await type.create(inputs)
  await expect(type.delete(id, outputs)).rejects.toThrow('PREVENT')
  await type.delete(id, {...outputs, deletionPolicy: 'ABANDON'})
  expect(await type.read(id)).toMatchObject({name: 'kept', project: 'p'})
})

test('deleting a topic leaves its subscription without one, and deleting twice is no error', async () => {
  const topic = typeOf('Topic')
  const outputs = (await topic.read('projects/p/topics/bookings'))!
  await topic.delete('projects/p/topics/bookings', outputs)
  await topic.delete('projects/p/topics/bookings', outputs)
  expect(await topic.read('projects/p/topics/bookings')).toBeUndefined()
  expect(await typeOf('Subscription').read('projects/p/subscriptions/plain-worker')).toMatchObject({
    topic: '_deleted-topic_',
  })
})

test('everything is still there after a restart', async () => {
  const before = await typeOf('Subscription').read('projects/p/subscriptions/bookings-worker')
  await service.stop!()
  await service.stop!()
  await service.start!()
  expect(await typeOf('Subscription').read('projects/p/subscriptions/bookings-worker')).toEqual(before)
})
