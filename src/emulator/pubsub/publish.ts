import type {Delivery} from './backlog.ts'
import type {Broker, Topic} from './broker.ts'
import {invalid, notFound} from './failures.ts'
import {LIMITS} from './limits.ts'
import type {Content} from './message.ts'
import {projectOf, shortName} from './names.ts'
import type {Subscription} from './subscription.ts'

export interface Outgoing extends Content {
  readonly orderingKey: string
}

/** Message ids, once all of the messages are on disk. Throws INVALID_ARGUMENT, NOT_FOUND; rejects when the disk refuses. */
export async function publish(broker: Broker, topicName: string, outgoing: readonly Outgoing[]): Promise<string[]> {
  const topic = broker.topics.get(topicName)
  if (!topic) throw notFound(topicName)
  checkBatch(outgoing)
  const admit = outgoing.map((message) => append(broker, topic, message))
  await broker.store.durable()
  return admit.map((give) => String(give()))
}

/** Writes a message and whom it is owed to; the result, to be called when that is durable, hands it to them and returns its id. */
function append(broker: Broker, topic: Topic, {attributes, data, orderingKey}: Outgoing): () => number {
  const id = broker.nextSerial()
  const published = broker.clock.now()
  const owing = [...topic.subscriptions].filter(({config, filter}) => !config.detached && filter(attributes))
  const size = sizeOf({attributes, data, orderingKey})
  if (owing.length > 0 || broker.retains(topic.serial)) {
    broker.store.write('putMessage', id, topic.serial, published, orderingKey, size, JSON.stringify(attributes), data)
  }
  for (const {state} of owing) broker.store.write('putPending', state.serial, id)
  return () => {
    broker.settledId = id
    const live = owing.filter(({closed, config}) => !closed && !config.detached)
    // A copy: what came over the wire is a view of the whole request, which would stay in memory with it.
    const content = {attributes, data: new Uint8Array(data)}
    const message =
      live.length > 0 ? broker.admit({id, topic: topic.serial, published, key: orderingKey, size}, content) : undefined
    for (const subscription of live) subscription.owe(message!)
    broker.onChange()
    return id
  }
}

/**
 * Forwards a message to the dead-letter topic of the subscription that gave it up, with the attributes Google adds; taking it from the one
 * and adding it to the other is one transaction. False, and nothing happens, when the topic is gone or the service agent lacks a role.
 * https://cloud.google.com/pubsub/docs/dead-letter-topics
 */
export function forwardDeadLetter(broker: Broker, subscription: Subscription, delivery: Delivery): boolean {
  const {name, deadLetterPolicy} = subscription.config
  const topic = broker.topics.get(deadLetterPolicy!.deadLetterTopic)
  if (!topic || !broker.mayDeadLetter(name, topic.config.name)) return false
  const {message, failures} = delivery
  const {attributes, data} = broker.content(message)
  const forwarded: Outgoing = {
    data,
    orderingKey: message.key,
    attributes: {
      ...attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(failures),
      CloudPubSubDeadLetterSourceSubscription: shortName(name),
      CloudPubSubDeadLetterSourceSubscriptionProject: projectOf(name),
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.published).toISOString().replace('Z', '+00:00'),
    },
  }
  const give = append(broker, topic, forwarded)
  broker.store.write('dropPending', subscription.state.serial, message.id)
  subscription.state = {...subscription.state, deadLettered: subscription.state.deadLettered + 1}
  broker.saveSubscription(subscription)
  broker.release(message)
  broker.store.durable().then(give, (error: unknown) =>
    broker.log('error', 'a dead letter could not be written; its message is delivered again after a restart', {
      error: String(error),
    }),
  )
  return true
}

const bytes = (text: string) => Buffer.byteLength(text)

function sizeOf({attributes, data, orderingKey}: Outgoing): number {
  let size = data.length + bytes(orderingKey)
  for (const [key, value] of Object.entries(attributes)) size += bytes(key) + bytes(value)
  return size
}

function checkBatch(outgoing: readonly Outgoing[]): void {
  if (outgoing.length === 0)
    throw invalid('The value for message_count is too small. You passed 0 in the request, but the minimum value is 1.')
  if (outgoing.length > LIMITS.publishMessages) {
    throw invalid(
      `The value for message_count is too large. You passed ${outgoing.length} in the request, but the maximum value is ${LIMITS.publishMessages}.`,
    )
  }
  let total = 0
  for (const message of outgoing) total += checkMessage(message)
  if (total > LIMITS.publishBytes) {
    throw invalid(
      `The value for request_size is too large. You passed ${total} in the request, but the maximum value is ${LIMITS.publishBytes}.`,
    )
  }
}

/** The message's size in bytes. */
function checkMessage(message: Outgoing): number {
  const entries = Object.entries(message.attributes)
  const size = sizeOf(message)
  if (message.data.length === 0 && entries.length === 0) {
    throw invalid(
      'One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.',
    )
  }
  if (size > LIMITS.messageBytes) throw invalid(`A message is ${size} bytes; the most is ${LIMITS.messageBytes}.`)
  if (bytes(message.orderingKey) > LIMITS.orderingKeyBytes)
    throw invalid(`An ordering key is over ${LIMITS.orderingKeyBytes} bytes.`)
  if (entries.length > LIMITS.attributes)
    throw invalid(`A message has ${entries.length} attributes; the most is ${LIMITS.attributes}.`)
  for (const [key, value] of entries) {
    if (key === '' || bytes(key) > LIMITS.attributeKeyBytes || key.startsWith('goog')) {
      throw invalid(
        `The attribute key "${key.slice(0, 40)}" is empty, over ${LIMITS.attributeKeyBytes} bytes or starts with "goog".`,
      )
    }
    if (bytes(value) > LIMITS.attributeValueBytes)
      throw invalid(`The value of attribute "${key}" is over ${LIMITS.attributeValueBytes} bytes.`)
  }
  return size
}
