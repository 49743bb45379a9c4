/** Making, changing, listing and deleting topics and subscriptions. Everything is on disk when it returns. */
import type {Broker, Topic} from './broker.ts'
import {checkedSubscription, checkedTopic, type SubscriptionConfig, type TopicConfig} from './config.ts'
import {alreadyExists, failedPrecondition, invalid, notFound} from './failures.ts'
import {DELETED_TOPIC} from './names.ts'
import type {Subscription} from './subscription.ts'

const found = <T>(map: ReadonlyMap<string, T>, name: string): T => {
  const value = map.get(name)
  if (!value) throw notFound(name)
  return value
}

export const topicNamed = (broker: Broker, name: string): Topic => found(broker.topics, name)
export const subscriptionNamed = (broker: Broker, name: string): Subscription => found(broker.subscriptions, name)

export async function createTopic(broker: Broker, given: Partial<TopicConfig>): Promise<TopicConfig> {
  const config = checkedTopic(given)
  if (broker.topics.has(config.name)) throw alreadyExists(config.name)
  if (config.schemaSettings) found(broker.schemas, config.schemaSettings.schema)
  const topic = {serial: broker.nextSerial(), config, subscriptions: new Set<Subscription>()}
  broker.saveTopic(topic)
  broker.topics.set(config.name, topic)
  await durableOr(broker, () => broker.topics.delete(config.name))
  return config
}

/** Changes the masked fields only. Throws INVALID_ARGUMENT for an immutable one. */
export async function updateTopic(
  broker: Broker,
  given: Partial<TopicConfig>,
  mask: readonly string[],
): Promise<TopicConfig> {
  const topic = topicNamed(broker, given.name ?? '')
  checkMutable('Topic', mask, ['name', 'kmsKeyName', 'tags'])
  topic.config = checkedTopic(masked(topic.config, given, mask))
  broker.saveTopic(topic)
  broker.onChange()
  await broker.store.durable()
  return topic.config
}

/** Its subscriptions stay, with what they still owe; their topic is `_deleted-topic_` from then on. */
export async function deleteTopic(broker: Broker, name: string): Promise<void> {
  const topic = topicNamed(broker, name)
  broker.topics.delete(name)
  broker.store.write('dropDocument', 'topic', name)
  for (const subscription of topic.subscriptions) {
    setConfig(broker, subscription, {...subscription.config, topic: DELETED_TOPIC})
  }
  dropRetained(broker, topic.serial)
  await broker.store.durable()
}

/** Messages nobody owes and nothing retains any more. */
function dropRetained(broker: Broker, serial: number): void {
  if (broker.retains(serial)) return
  for (const {id} of broker.store.read('after', serial, 0)) {
    if (!broker.messages.has(id as number)) broker.store.write('dropMessage', id!)
  }
  broker.onChange()
}

export async function createSubscription(
  broker: Broker,
  given: Partial<SubscriptionConfig>,
): Promise<SubscriptionConfig> {
  const config = checkedSubscription(given)
  if (broker.subscriptions.has(config.name)) throw alreadyExists(config.name)
  topicNamed(broker, config.topic)
  checkDeadLetterTopic(broker, config)
  const state = {serial: broker.nextSerial(), config, epoch: 0, deadLettered: 0, activeAt: broker.clock.now()}
  broker.store.write('putDocument', 'subscription', config.name, JSON.stringify(state))
  const subscription = broker.enlist(state)
  broker.onChange()
  await durableOr(broker, () => {
    broker.subscriptions.delete(config.name)
    topicOf(broker, subscription)?.subscriptions.delete(subscription)
  })
  return config
}

/** What could not be written was not made. */
async function durableOr(broker: Broker, undo: () => void): Promise<void> {
  try {
    await broker.store.durable()
  } catch (error) {
    undo()
    throw error
  }
}

/** Changes the masked fields only; streams that are open are told. */
export async function updateSubscription(
  broker: Broker,
  given: Partial<SubscriptionConfig>,
  mask: readonly string[],
): Promise<SubscriptionConfig> {
  const subscription = subscriptionNamed(broker, given.name ?? '')
  checkMutable('Subscription', mask, ['name', 'topic', 'filter', 'enableMessageOrdering', 'tags'])
  const config = checkedSubscription(masked(subscription.config, given, mask))
  if (mask.some((path) => path.startsWith('deadLetterPolicy'))) checkDeadLetterTopic(broker, config)
  setConfig(broker, subscription, {...config, ...(subscription.config.detached && {detached: true})})
  for (const consumer of subscription.consumers) consumer.changed?.()
  subscription.pump()
  broker.onChange()
  await broker.store.durable()
  return subscription.config
}

export async function deleteSubscription(broker: Broker, name: string): Promise<void> {
  const subscription = subscriptionNamed(broker, name)
  subscription.closed = true
  broker.subscriptions.delete(name)
  topicOf(broker, subscription)?.subscriptions.delete(subscription)
  broker.store.write('dropDocument', 'subscription', name)
  dropBacklog(broker, subscription)
  subscription.closeConsumers(notFound(name))
  await broker.store.durable()
}

/** Cuts it from its topic and drops what it owes; it cannot be consumed any more. */
export async function detachSubscription(broker: Broker, name: string): Promise<void> {
  const subscription = subscriptionNamed(broker, name)
  setConfig(broker, subscription, {...subscription.config, detached: true})
  topicOf(broker, subscription)?.subscriptions.delete(subscription)
  dropBacklog(broker, subscription)
  subscription.closeConsumers(failedPrecondition('The subscription is detached from its topic.'))
  await broker.store.durable()
}

const topicOf = (broker: Broker, {config}: Subscription) => broker.topics.get(config.topic)

function dropBacklog(broker: Broker, subscription: Subscription): void {
  broker.store.write('dropAllPending', subscription.state.serial, Number.MAX_SAFE_INTEGER)
  for (const message of subscription.clear()) broker.release(message)
}

function setConfig(broker: Broker, subscription: Subscription, config: SubscriptionConfig): void {
  subscription.state = {...subscription.state, config, activeAt: broker.clock.now()}
  broker.saveSubscription(subscription)
}

function checkDeadLetterTopic(broker: Broker, {deadLetterPolicy}: SubscriptionConfig): void {
  if (deadLetterPolicy) topicNamed(broker, deadLetterPolicy.deadLetterTopic)
}

function checkMutable(what: string, mask: readonly string[], immutable: readonly string[]): void {
  if (mask.length === 0)
    throw invalid(`The update_mask in the Update${what}Request must be set, and must contain a non-empty paths list.`)
  const field = mask.find((path) => immutable.includes(path))
  if (field)
    throw invalid(
      `Invalid update_mask provided in the Update${what}Request: the '${field}' field in the ${what} is not mutable.`,
    )
}

/** The old value with the masked fields (`retryPolicy`, `retryPolicy.minimumBackoff`) taken from the new one. */
function masked<T extends object>(old: T, given: Partial<T>, mask: readonly string[]): T {
  const result = structuredClone(old) as Record<string, unknown>
  for (const path of mask) {
    const [field, inner] = path.split('.') as [string, string?]
    const value = (given as Record<string, unknown>)[field]
    if (inner)
      result[field] = {...(result[field] as object), [inner]: (value as Record<string, unknown> | undefined)?.[inner]}
    else if (value === undefined) delete result[field]
    else result[field] = value
  }
  return result as T
}
