import {parseAckId} from './ack-id.ts'
import {subscriptionNamed} from './admin.ts'
import type {Delivery} from './backlog.ts'
import type {Broker} from './broker.ts'
import type {Consumer} from './consumer.ts'
import {invalid} from './failures.ts'
import {LIMITS} from './limits.ts'
import type {Content, Message} from './message.ts'
import type {Subscription} from './subscription.ts'
import {checkAttached} from './subscription.ts'

/** A delivery as clients see it, its body in hand. */
export interface Received {
  readonly ackId: string
  readonly message: Message
  readonly content: Content
  /** 0 unless the subscription has a dead-letter policy. https://cloud.google.com/pubsub/docs/dead-letter-topics */
  readonly deliveryAttempt: number
}

export function received(broker: Broker, subscription: Subscription, batch: readonly Delivery[]): Received[] {
  return batch.map((delivery) => ({
    ackId: subscription.ackId(delivery),
    message: delivery.message,
    content: broker.content(delivery.message),
    deliveryAttempt: subscription.config.deadLetterPolicy ? delivery.failures + 1 : 0,
  }))
}

export interface PullRequest {
  readonly subscription: string
  readonly maxMessages: number
  readonly returnImmediately: boolean
  /** Aborted when the caller is gone. */
  readonly signal?: AbortSignal
}

/** Up to `maxMessages`; waits a little for the first. Throws NOT_FOUND, INVALID_ARGUMENT, FAILED_PRECONDITION. */
export async function pull(broker: Broker, request: PullRequest): Promise<Received[]> {
  const subscription = subscriptionNamed(broker, request.subscription)
  checkAttached(subscription)
  if (!(request.maxMessages > 0)) throw invalid('The value for max_messages must be greater than 0.')
  broker.touch(subscription)
  const batch = await new Promise<readonly Delivery[]>((done, fail) => {
    const end = (settle: () => void) => {
      subscription.detach(consumer)
      broker.timers.cancel(timer)
      settle()
    }
    const consumer: Consumer = {
      leaseMs: subscription.config.ackDeadlineSeconds * 1_000,
      maxMessages: request.maxMessages,
      maxBytes: Number.POSITIVE_INFINITY,
      writable: true,
      outstanding: 0,
      outstandingBytes: 0,
      served: 0,
      deliver: (deliveries) => end(() => done(deliveries)),
      close: (reason) => end(() => fail(reason)),
    }
    const timer = broker.timers.schedule(LIMITS.pullWaitMs, () => end(() => done([])))
    request.signal?.addEventListener('abort', () => end(() => done([])), {once: true})
    subscription.attach(consumer)
    // After the delivery that `attach` asked for.
    if (request.returnImmediately) setImmediate(() => end(() => done([])))
  })
  return received(broker, subscription, batch)
}

/** Throws NOT_FOUND; INVALID_ARGUMENT, before any takes effect, when one of the ids never was one. */
export async function acknowledge(broker: Broker, name: string, ackIds: readonly string[]): Promise<void> {
  const subscription = subscriptionNamed(broker, name)
  for (const id of ackIds.map(parseAckId)) subscription.acknowledge(id)
  broker.touch(subscription)
  await broker.store.durable()
}

/** As `acknowledge`; seconds 0 to 600, 0 is a nack. */
export function modifyAckDeadline(broker: Broker, name: string, ackIds: readonly string[], seconds: number): void {
  const subscription = subscriptionNamed(broker, name)
  checkExtension(seconds)
  for (const id of ackIds.map(parseAckId)) subscription.modify(id, seconds)
}

export function checkExtension(seconds: number): void {
  const {min, max} = LIMITS.modifyDeadlineSeconds
  if (!(seconds >= min && seconds <= max))
    throw invalid(
      `Invalid ack deadline given (ack_deadline_secs=${seconds}). It must be between ${min} and ${max} seconds.`,
    )
}
