/** Seek and snapshots: https://cloud.google.com/pubsub/docs/replay-overview */
import {subscriptionNamed} from './admin.ts'
import type {Broker, Snapshot} from './broker.ts'
import {alreadyExists, failedPrecondition, invalid, notFound} from './failures.ts'
import {LIMITS} from './limits.ts'
import {checkName, DELETED_TOPIC} from './names.ts'
import type {Subscription} from './subscription.ts'

/** Everything published before `time` (ms) counts as acknowledged, everything retained since then as not; leases end. */
export async function seekToTime(broker: Broker, name: string, time: number): Promise<void> {
  const subscription = subscriptionNamed(broker, name)
  await broker.store.durable()
  const topic = broker.topics.get(subscription.config.topic)
  const retained = topic ? ids(broker.store.read('since', topic.serial, time)) : []
  const owed = [...subscription.backlog].filter(({message}) => message.published >= time).map(({message}) => message.id)
  await rewrite(broker, subscription, [...owed, ...retained])
}

/** What was not acknowledged when the snapshot was made, and everything published since, is owed again. */
export async function seekToSnapshot(broker: Broker, name: string, snapshotName: string): Promise<void> {
  const subscription = subscriptionNamed(broker, name)
  const snapshot = snapshotNamed(broker, snapshotName)
  if (subscription.config.topic !== snapshot.topic)
    throw failedPrecondition('The snapshot and the subscription belong to different topics.')
  await broker.store.durable()
  await rewrite(broker, subscription, [
    ...ids(broker.store.read('heldBy', snapshotName)),
    ...ids(broker.store.read('after', snapshot.topicSerial, snapshot.lastId)),
  ])
}

/** Throws ALREADY_EXISTS, NOT_FOUND, and FAILED_PRECONDITION when the oldest message owed is so old that it would live less than an hour. */
export async function createSnapshot(
  broker: Broker,
  name: string,
  subscriptionName: string,
  labels?: Readonly<Record<string, string>>,
): Promise<Snapshot> {
  checkName(name, 'snapshots')
  const subscription = subscriptionNamed(broker, subscriptionName)
  const topic = broker.topics.get(subscription.config.topic)
  if (broker.snapshots.has(name)) throw alreadyExists(name)
  if (!topic) throw failedPrecondition(`The subscription's topic is ${DELETED_TOPIC}.`)
  const now = broker.clock.now()
  const expiresAt = (subscription.backlog.oldest()?.message.published ?? now) + LIMITS.snapshotMs.longest
  if (expiresAt - now < LIMITS.snapshotMs.shortest)
    throw failedPrecondition('The snapshot would expire in less than an hour: its oldest message is too old.')
  const snapshot: Snapshot = {
    ...{name, topic: topic.config.name, topicSerial: topic.serial, lastId: broker.settledId, expiresAt},
    ...(labels && {labels}),
  }
  broker.store.write('putDocument', 'snapshot', name, JSON.stringify(snapshot))
  broker.store.write('hold', name, subscription.state.serial)
  broker.snapshots.set(name, snapshot)
  broker.onChange()
  await broker.store.durable()
  return snapshot
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.snapshots/patch */
export async function updateSnapshot(
  broker: Broker,
  name: string,
  {labels}: {labels?: Readonly<Record<string, string>>},
  mask: readonly string[],
): Promise<Snapshot> {
  const other = mask.find((field) => field !== 'labels')
  if (other !== undefined || mask.length === 0)
    throw invalid(`Of a snapshot only its labels can be changed, not ${other ?? 'nothing'}.`)
  const snapshot: Snapshot = {...snapshotNamed(broker, name), ...(labels && {labels})}
  broker.store.write('putDocument', 'snapshot', name, JSON.stringify(snapshot))
  broker.snapshots.set(name, snapshot)
  await broker.store.durable()
  return snapshot
}

export function snapshotNamed(broker: Broker, name: string): Snapshot {
  const snapshot = broker.snapshots.get(name)
  if (!snapshot) throw notFound(name)
  return snapshot
}

export async function deleteSnapshot(broker: Broker, name: string): Promise<void> {
  snapshotNamed(broker, name)
  broker.snapshots.delete(name)
  broker.store.write('dropDocument', 'snapshot', name)
  broker.store.write('dropHeld', name)
  broker.onChange()
  await broker.store.durable()
}

/** Throws INVALID_ARGUMENT unless exactly one of the two targets is given. */
export async function seek(broker: Broker, name: string, target: {time?: number; snapshot?: string}): Promise<void> {
  if (target.snapshot) return seekToSnapshot(broker, name, target.snapshot)
  if (target.time !== undefined) return seekToTime(broker, name, target.time)
  throw invalid('A seek needs a time or a snapshot.')
}

const ids = (rows: readonly {readonly id?: unknown}[]) => rows.map(({id}) => id as number)

async function rewrite(broker: Broker, subscription: Subscription, wanted: readonly number[]): Promise<void> {
  const {store} = broker
  const {serial} = subscription.state
  if (subscription.closed) throw notFound(subscription.config.name)
  // Held until the new backlog refers to them: otherwise clearing the old one would let them go.
  const messages = [...new Set(wanted)]
    .toSorted((a, b) => a - b)
    .filter((id) => id <= broker.settledId)
    .flatMap((id) => broker.message(id) ?? [])
  for (const message of messages) message.refs++
  // Those above are being published right now: on disk already, and owed as soon as they are durable.
  store.write('dropAllPending', serial, broker.settledId)
  for (const message of subscription.clear()) broker.release(message)
  subscription.state = {...subscription.state, epoch: broker.nextSerial(), activeAt: broker.clock.now()}
  broker.saveSubscription(subscription)
  for (const message of messages) {
    if (!subscription.config.filter || subscription.filter(broker.content(message).attributes)) {
      store.write('putPending', serial, message.id)
      subscription.owe(message)
    }
    broker.release(message)
  }
  await store.durable()
}
