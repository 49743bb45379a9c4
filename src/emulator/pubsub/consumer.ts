import type {Delivery} from './backlog.ts'

/** One stream, or one waiting Pull, that takes deliveries of a subscription. */
export interface Consumer {
  /** Milliseconds a delivery to it is leased for. */
  readonly leaseMs: number
  /** Room by flow control; 0 or less: does not take any now. */
  readonly maxMessages: number
  readonly maxBytes: number
  /** False while its connection is full. */
  readonly writable: boolean
  /** Delivered to it, neither acknowledged, nacked nor expired. */
  outstanding: number
  outstandingBytes: number
  /** Order in which consumers were last served; the subscription's. */
  served: number
  deliver(batch: readonly Delivery[]): void
  /** The subscription can no longer be consumed: it was deleted or detached, or the service stops. */
  close(reason: Error): void
  /** The subscription's settings changed. */
  changed?(): void
}

export const hasRoom = (consumer: Consumer): boolean =>
  consumer.writable && consumer.outstanding < consumer.maxMessages && consumer.outstandingBytes < consumer.maxBytes

/** The one with room that has least to do; of equals the one served longest ago. Google spreads load over streams without promising how. */
export function leastBusy(consumers: Iterable<Consumer>): Consumer | undefined {
  let best: Consumer | undefined
  for (const consumer of consumers) {
    if (!hasRoom(consumer)) continue
    if (
      !best ||
      consumer.outstanding < best.outstanding ||
      (consumer.outstanding === best.outstanding && consumer.served < best.served)
    ) {
      best = consumer
    }
  }
  return best
}
