import {type AckId, ackIdText} from './ack-id.ts'
import {Backlog, type Delivery} from './backlog.ts'
import type {SubscriptionConfig} from './config.ts'
import {type Consumer, leastBusy} from './consumer.ts'
import {durationMs} from './durations.ts'
import {failedPrecondition} from './failures.ts'
import {compileFilter, type Filter} from './filter.ts'
import {LIMITS} from './limits.ts'
import type {Message} from './message.ts'
import type {Timers} from './timers.ts'

/** What a subscription tells whoever keeps the books. */
export interface Ledger {
  /** No longer owed. */
  settled(subscription: Subscription, message: Message): void
  /** One more failure, to be remembered over restarts. */
  failed(subscription: Subscription, delivery: Delivery): void
  /** Forwards it to the dead-letter topic and settles it; false when that is not possible, so that it is delivered again. */
  deadLetter(subscription: Subscription, delivery: Delivery): boolean
  /** Ever increasing, over restarts too. */
  nextSerial(): number
  /** Runs a round of deliveries; what goes wrong in it (a body that cannot be read) is its to report. */
  delivered(deliver: () => void): void
}

export interface SubscriptionState {
  readonly serial: number
  readonly config: SubscriptionConfig
  /** Leases with a smaller serial number were ended by a seek. */
  readonly epoch: number
  readonly deadLettered: number
  /** When it was last consumed or changed, milliseconds since the epoch, to within an hour. */
  readonly activeAt: number
}

/** The delivery of one subscription: leases, their ends, and who gets what. */
export class Subscription {
  state: SubscriptionState
  filter: Filter
  closed = false
  readonly consumers = new Set<Consumer>()
  outstanding = 0
  #backlog: Backlog
  #pumping = false
  #served = 0
  readonly #timers: Timers
  readonly #ledger: Ledger

  constructor(state: SubscriptionState, timers: Timers, ledger: Ledger) {
    this.state = state
    this.#timers = timers
    this.#ledger = ledger
    this.filter = compileFilter(state.config.filter ?? '')
    this.#backlog = new Backlog(state.config.enableMessageOrdering ?? false)
  }

  get config(): SubscriptionConfig {
    return this.state.config
  }

  get backlog(): Backlog {
    return this.#backlog
  }

  /** A message it owes from now on. In order of ids. */
  owe(message: Message, failures = 0): void {
    message.refs++
    this.#backlog.add(message, failures)
    this.pump()
  }

  attach(consumer: Consumer): void {
    this.consumers.add(consumer)
    this.pump()
  }

  /** Its leases stay until their deadlines: a lost connection says nothing about the work. */
  detach(consumer: Consumer): void {
    this.consumers.delete(consumer)
  }

  /** Ends every stream and waiting pull. */
  closeConsumers(reason: Error): void {
    for (const consumer of [...this.consumers]) consumer.close(reason)
    this.consumers.clear()
  }

  /** Late acknowledgements count too, unless delivery is exactly once or the message has to follow an earlier one of its key again. */
  acknowledge(id: AckId): void {
    const delivery = this.#named(id)
    if (!delivery || delivery.state === 'held') return
    const current = delivery.lease?.serial === id.lease
    if (!current && (this.config.enableExactlyOnceDelivery || delivery.lane.queue[0] !== delivery)) return
    this.#endLease(delivery)
    this.#timers.cancel(delivery.retry)
    for (const done of this.#backlog.acknowledge(delivery)) this.#ledger.settled(this, done.message)
    this.pump()
  }

  /** 0 seconds is a nack. Does nothing for a lease that ended. */
  modify(id: AckId, seconds: number): void {
    const delivery = this.#named(id)
    if (!delivery?.lease || delivery.lease.serial !== id.lease || delivery.state !== 'leased') return
    if (seconds === 0) {
      this.#fail(delivery)
      return
    }
    this.#timers.cancel(delivery.lease.timer)
    const timer = this.#timers.schedule(seconds * 1_000, () => this.#fail(delivery))
    delivery.lease = {...delivery.lease, timer}
  }

  /** Gives up what it owes of messages published before `time`. */
  expire(time: number): void {
    for (const delivery of this.#backlog) {
      if (delivery.message.published >= time) break
      this.#settle(delivery)
    }
    this.pump()
  }

  /** Ends all leases and forgets all it owes, without a word to the ledger; returns the messages. */
  clear(): Message[] {
    const messages: Message[] = []
    for (const delivery of this.#backlog) {
      this.#endLease(delivery)
      this.#timers.cancel(delivery.retry)
      messages.push(delivery.message)
    }
    this.#backlog = new Backlog(this.config.enableMessageOrdering ?? false)
    return messages
  }

  /** Delivers what can be delivered, once the current turn of the event loop is over. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => this.#ledger.delivered(() => this.#deliver()))
  }

  #deliver(): void {
    this.#pumping = false
    if (this.closed) return
    const batches = new Map<Consumer, {deliveries: Delivery[]; bytes: number}>()
    const send = (consumer: Consumer, deliveries: readonly Delivery[]) => {
      batches.delete(consumer)
      consumer.deliver(deliveries)
    }
    for (let lane = this.#backlog.ready(); lane; lane = this.#backlog.ready()) {
      const consumer = leastBusy(this.consumers)
      if (!consumer) break
      const batch = batches.get(consumer) ?? {deliveries: [], bytes: 0}
      batches.set(consumer, batch)
      const room = Math.min(
        consumer.maxMessages - consumer.outstanding,
        LIMITS.responseMessages - batch.deliveries.length,
      )
      for (const delivery of this.#backlog.take(lane, room, LIMITS.responseBytes - batch.bytes)) {
        this.#lease(delivery, consumer)
        batch.deliveries.push(delivery)
        batch.bytes += delivery.message.size
      }
      consumer.served = ++this.#served
      if (batch.deliveries.length >= LIMITS.responseMessages || batch.bytes >= LIMITS.responseBytes)
        send(consumer, batch.deliveries)
    }
    for (const [consumer, {deliveries}] of batches) send(consumer, deliveries)
  }

  #lease(delivery: Delivery, consumer: Consumer): void {
    const {size} = delivery.message
    consumer.outstanding++
    consumer.outstandingBytes += size
    this.outstanding++
    delivery.lease = {
      serial: this.#ledger.nextSerial(),
      timer: this.#timers.schedule(consumer.leaseMs, () => this.#fail(delivery)),
      ended: () => {
        consumer.outstanding--
        consumer.outstandingBytes -= size
      },
    }
  }

  /** The lease's ack id, for a delivery that was just leased. */
  ackId({message, lease}: Delivery): string {
    return ackIdText({subscription: this.state.serial, message: message.id, lease: lease!.serial})
  }

  #endLease(delivery: Delivery): void {
    if (!delivery.lease) return
    this.#timers.cancel(delivery.lease.timer)
    delivery.lease.ended()
    delivery.lease = undefined
    this.outstanding--
  }

  #named(id: AckId): Delivery | undefined {
    return id.subscription === this.state.serial && id.lease >= this.state.epoch
      ? this.#backlog.get(id.message)
      : undefined
  }

  /** Nacked or expired. */
  #fail(delivery: Delivery): void {
    for (const follower of this.#backlog.followers(delivery)) {
      this.#endLease(follower)
      this.#backlog.release(follower)
    }
    this.#endLease(delivery)
    delivery.failures++
    const most = this.config.deadLetterPolicy?.maxDeliveryAttempts
    if (most !== undefined && delivery.failures >= most && this.#ledger.deadLetter(this, delivery)) {
      this.#backlog.release(delivery)
      this.#backlog.remove(delivery)
    } else {
      this.#ledger.failed(this, delivery)
      this.#backOff(delivery)
      this.#backlog.release(delivery)
    }
    this.pump()
  }

  #backOff(delivery: Delivery): void {
    const ms = backOffMs(this.config.retryPolicy, delivery.failures)
    if (ms === 0) return
    delivery.retry = this.#timers.schedule(ms, () => {
      delivery.retry = undefined
      this.#backlog.refresh(delivery.lane)
      this.pump()
    })
  }

  #settle(delivery: Delivery): void {
    this.#endLease(delivery)
    this.#timers.cancel(delivery.retry)
    this.#backlog.remove(delivery)
    this.#ledger.settled(this, delivery.message)
  }
}

/** Milliseconds until a message is delivered again after its nth failure; doubles from the least to the most. No policy: at once. */
export function backOffMs(policy: SubscriptionConfig['retryPolicy'], failures: number): number {
  if (!policy) return 0
  const least = durationMs(policy.minimumBackoff, 'retry_policy.minimum_backoff')
  return Math.min(durationMs(policy.maximumBackoff, 'retry_policy.maximum_backoff'), least * 2 ** (failures - 1))
}

/** Throws FAILED_PRECONDITION for a subscription that was cut from its topic. */
export function checkAttached({config}: Subscription): void {
  if (config.detached) throw failedPrecondition('The subscription is detached from its topic.')
}
