import {deleteSubscription} from './admin.ts'
import type {Broker, Topic} from './broker.ts'
import {durationMs} from './durations.ts'
import {LIMITS} from './limits.ts'
import {deleteSnapshot} from './replay.ts'
import type {Subscription} from './subscription.ts'
import type {Timer} from './timers.ts'

/**
 * Lets go of what is too old: backlog beyond its retention, acknowledged messages kept for replay, expired snapshots, subscriptions nobody
 * uses. Goes round at most once a minute while something changes, else sleeps until the next thing is due.
 */
export function keepRetention(broker: Broker): void {
  let next: Timer | undefined
  const plan = (ms: number) => {
    const delay = Math.max(ms, LIMITS.tidyMs)
    if (next && next.place >= 0 && next.due <= broker.clock.monotonic() + delay) return
    broker.timers.cancel(next)
    next = broker.timers.schedule(delay, () => {
      const failed = (error: unknown) => broker.log('error', 'Pub/Sub could not tidy up', {error: String(error)})
      try {
        round(broker, failed)
      } catch (error) {
        failed(error)
      }
      const due = nextDue(broker)
      if (due !== undefined) plan(due - broker.clock.now())
    })
  }
  broker.onChange = () => plan(0)
  plan(0)
}

function round(broker: Broker, failed: (error: unknown) => void): void {
  const now = broker.clock.now()
  for (const {name, expiresAt} of [...broker.snapshots.values()]) {
    if (expiresAt <= now) deleteSnapshot(broker, name).catch(failed)
  }
  for (const subscription of [...broker.subscriptions.values()]) {
    subscription.expire(now - backlogMs(broker, subscription))
    if (subscription.consumers.size > 0) broker.touch(subscription)
    if ((idleDue(subscription) ?? now + 1) > now) continue
    broker.log('info', 'a subscription expired for lack of use', {subscription: subscription.config.name})
    deleteSubscription(broker, subscription.config.name).catch(failed)
  }
  // Otherwise all that is stored is owed, and there is nothing to look for.
  if (broker.store.messages() > broker.messages.size) {
    for (const topic of broker.topics.values()) purge(broker, topic, now - replayMs(topic))
    if (broker.store.bytes() > LIMITS.diskBytes) trim(broker)
  }
  broker.store
    .durable()
    .then(() => broker.store.vacuum())
    .catch(failed)
}

/** Milliseconds a message is owed at most. A topic's own retention can only lengthen it. */
function backlogMs(broker: Broker, {config}: Subscription): number {
  const topic = broker.topics.get(config.topic)?.config.messageRetentionDuration
  return Math.max(durationMs(config.messageRetentionDuration, 'retention'), topic ? durationMs(topic, 'retention') : 0)
}

/** Milliseconds an acknowledged message is kept for replay. */
function replayMs({config, subscriptions}: Topic): number {
  const keepers = [...subscriptions].filter((subscription) => subscription.config.retainAckedMessages)
  const texts = [config.messageRetentionDuration, ...keepers.map((keeper) => keeper.config.messageRetentionDuration)]
  return Math.max(0, ...texts.map((text) => (text ? durationMs(text, 'retention') : 0)))
}

function idleDue({state, config, consumers}: Subscription): number | undefined {
  if (!config.expirationPolicy.ttl || consumers.size > 0) return undefined
  return state.activeAt + durationMs(config.expirationPolicy.ttl, 'ttl')
}

function purge(broker: Broker, topic: Topic, before: number): void {
  for (const {id} of broker.store.read('olderThan', topic.serial, before)) {
    if (isFree(broker, id as number, topic.serial)) broker.store.write('dropMessage', id!)
  }
}

/** Neither owed, nor just being published, nor part of a snapshot. */
function isFree(broker: Broker, id: number, topicSerial?: number): boolean {
  if (broker.messages.has(id) || id > broker.settledId) return false
  for (const snapshot of broker.snapshots.values()) {
    if ((topicSerial === undefined || snapshot.topicSerial === topicSerial) && id > snapshot.lastId) return false
  }
  return broker.store.read('isHeld', id).length === 0
}

/** Oldest acknowledged messages first, until the file is back within its bound. */
function trim(broker: Broker): void {
  let dropped = 0
  let last = 0
  while (broker.store.bytes() > LIMITS.diskBytes) {
    const rows = broker.store.read('idsFrom', last)
    if (rows.length === 0) break
    last = rows.at(-1)!.id as number
    for (const {id} of rows) {
      if (!isFree(broker, id as number)) continue
      broker.store.write('dropMessage', id!)
      dropped++
    }
  }
  broker.log('warn', 'acknowledged messages were trimmed before their retention ended, to bound the disk', {dropped})
}

function nextDue(broker: Broker): number | undefined {
  const dues: number[] = []
  for (const subscription of broker.subscriptions.values()) {
    const oldest = subscription.backlog.oldest()
    if (oldest) dues.push(oldest.message.published + backlogMs(broker, subscription))
    dues.push(idleDue(subscription) ?? Number.POSITIVE_INFINITY)
  }
  for (const topic of broker.topics.values()) {
    const oldest = broker.store.read('oldest', topic.serial)[0]?.published as number | null | undefined
    if (oldest && broker.retains(topic.serial)) dues.push(oldest + replayMs(topic))
  }
  for (const {expiresAt} of broker.snapshots.values()) dues.push(expiresAt)
  const due = Math.min(...dues)
  return Number.isFinite(due) ? due : undefined
}
