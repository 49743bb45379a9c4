/** Google's own client holds a message for longer than its deadline; real time, because the client's clock cannot be passed in. */
import {type Message, PubSub} from '@google-cloud/pubsub'
import {expect, test} from 'vitest'
import {createPubSubService} from '../../src/emulator/pubsub/service.ts'
import {testWorld} from '../emulator/pubsub/world.ts'

const HOLD_MS = 25_000

test('the client keeps the lease of a message it works on for longer than the deadline', {
  timeout: HOLD_MS + 20_000,
}, async () => {
  const world = testWorld()
  const service = createPubSubService(world)
  await service.start!()
  const client = new PubSub({projectId: 'p', apiEndpoint: service.address, emulatorMode: true})
  try {
    const [topic] = await client.createTopic('bookings')
    const [subscription] = await topic.createSubscription('worker', {ackDeadlineSeconds: 10})
    const got: Message[] = []
    subscription.on('message', (message: Message) => got.push(message))
    await topic.publishMessage({data: Buffer.from('long job')})
    await new Promise((done) => setTimeout(done, HOLD_MS))
    expect(got.map(({data}) => data.toString())).toEqual(['long job'])
    got[0]!.ack()
    await subscription.close()
  } finally {
    await client.close()
    await service.stop!()
    world.remove()
  }
})
