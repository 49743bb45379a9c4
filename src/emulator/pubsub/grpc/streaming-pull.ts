import type {ServerDuplexStream} from '@grpc/grpc-js'
import {parseAckId} from '../ack-id.ts'
import {subscriptionNamed} from '../admin.ts'
import type {Broker} from '../broker.ts'
import type {Consumer} from '../consumer.ts'
import {invalid} from '../failures.ts'
import {LIMITS} from '../limits.ts'
import {checkExtension, received} from '../pull.ts'
import {checkAttached, type Subscription} from '../subscription.ts'
import {receivedMessage} from './wire.ts'

/** google.pubsub.v1.StreamingPullRequest, as the loader gives it: lists always there, the rest only when sent. */
interface StreamRequest {
  readonly subscription?: string
  readonly ackIds: readonly string[]
  readonly modifyDeadlineSeconds: readonly number[]
  readonly modifyDeadlineAckIds: readonly string[]
  readonly streamAckDeadlineSeconds?: number
  readonly maxOutstandingMessages?: number
  readonly maxOutstandingBytes?: number
}

type Call = ServerDuplexStream<StreamRequest, object>

/** Serves one stream until either side ends it. Refusals end it with their status; its leases outlive it. */
export function streamingPull(broker: Broker, call: Call): void {
  let opened: {subscription: Subscription; consumer: StreamConsumer} | undefined
  const leave = () => opened?.subscription.detach(opened.consumer)
  call.on('data', (request: StreamRequest) => {
    try {
      if (opened) opened.consumer.take(request)
      else opened = open(broker, call, request)
    } catch (error) {
      leave()
      call.emit('error', error)
    }
  })
  call.on('end', () => {
    leave()
    call.end()
  })
  call.on('cancelled', leave)
  call.on('close', leave)
  call.on('error', leave)
}

function open(
  broker: Broker,
  call: Call,
  request: StreamRequest,
): {subscription: Subscription; consumer: StreamConsumer} {
  const subscription = subscriptionNamed(broker, request.subscription ?? '')
  checkAttached(subscription)
  const consumer = new StreamConsumer(broker, subscription, call, request)
  broker.touch(subscription)
  subscription.attach(consumer)
  return {subscription, consumer}
}

const bound = (limit: number | undefined) => (limit && limit > 0 ? limit : Number.POSITIVE_INFINITY)

class StreamConsumer implements Consumer {
  leaseMs: number
  readonly maxMessages: number
  readonly maxBytes: number
  writable = true
  outstanding = 0
  outstandingBytes = 0
  served = 0
  readonly #broker: Broker
  readonly #subscription: Subscription
  readonly #call: Call

  constructor(broker: Broker, subscription: Subscription, call: Call, request: StreamRequest) {
    this.#broker = broker
    this.#subscription = subscription
    this.#call = call
    this.leaseMs = leaseMsOf(request.streamAckDeadlineSeconds ?? 0)
    this.maxMessages = bound(request.maxOutstandingMessages)
    this.maxBytes = bound(request.maxOutstandingBytes)
    this.#acknowledge(request)
    call.on('drain', () => {
      this.writable = true
      subscription.pump()
    })
    this.changed()
  }

  /** A later request: acknowledgements, extensions, a new deadline, or nothing at all (a keepalive). */
  take(request: StreamRequest): void {
    if (request.maxOutstandingMessages || request.maxOutstandingBytes)
      throw invalid('Flow control can only be set on the first request of a stream.')
    if (request.subscription) throw invalid('The subscription can only be set on the first request of a stream.')
    if (request.streamAckDeadlineSeconds) this.leaseMs = leaseMsOf(request.streamAckDeadlineSeconds)
    this.#acknowledge(request)
  }

  deliver(batch: Parameters<Consumer['deliver']>[0]): void {
    const receivedMessages = received(this.#broker, this.#subscription, batch).map(receivedMessage)
    this.writable = this.#call.write({receivedMessages})
  }

  close(reason: Error): void {
    this.#call.emit('error', reason)
  }

  changed(): void {
    const {enableExactlyOnceDelivery = false, enableMessageOrdering = false} = this.#subscription.config
    this.#call.write({
      subscriptionProperties: {
        exactlyOnceDeliveryEnabled: enableExactlyOnceDelivery,
        messageOrderingEnabled: enableMessageOrdering,
      },
    })
  }

  #acknowledge({ackIds, modifyDeadlineAckIds: ids, modifyDeadlineSeconds: seconds}: StreamRequest): void {
    if (ids.length !== seconds.length)
      throw invalid('modify_deadline_ack_ids and modify_deadline_seconds must be of the same length.')
    for (const extension of seconds) checkExtension(extension)
    const [acks, extensions] = [ackIds.map(parseAckId), ids.map(parseAckId)]
    for (const id of acks) this.#subscription.acknowledge(id)
    for (const [index, id] of extensions.entries()) this.#subscription.modify(id, seconds[index]!)
  }
}

function leaseMsOf(seconds: number): number {
  const {min, max} = LIMITS.ackDeadlineSeconds
  if (seconds >= min && seconds <= max) return seconds * 1_000
  throw invalid(
    `Invalid stream ack deadline given (stream_ack_deadline_seconds=${seconds}). It must be between ${min} and ${max} seconds.`,
  )
}
