import {Heap, type Placed} from './heap.ts'
import type {Message} from './message.ts'
import type {Timer} from './timers.ts'

/** One message owed to one subscription. */
export interface Delivery {
  readonly message: Message
  readonly lane: Lane
  /** Times it was nacked or its deadline passed. */
  failures: number
  /** `held`: acknowledged before an earlier message of the same key was; it counts once that one is. */
  state: 'waiting' | 'leased' | 'held'
  lease?: Lease | undefined
  /** Set while it backs off. */
  retry?: Timer | undefined
}

export interface Lease {
  readonly serial: number
  readonly timer: Timer
  /** Told when the lease ends, however it ends. */
  readonly ended: () => void
}

/** Deliveries that go out in order: those of one ordering key, or a single one without a key. */
export interface Lane extends Placed {
  readonly queue: Delivery[]
  leased: number
}

const headId = (lane: Lane) => lane.queue[0]!.message.id

/**
 * What a subscription still owes, oldest first. A lane is ready when none of its deliveries is out and its first does not back off, so
 * that of one ordering key one batch is out at a time.
 */
export class Backlog {
  readonly #ordered: boolean
  readonly #deliveries = new Map<number, Delivery>()
  readonly #keyed = new Map<string, Lane>()
  readonly #ready = new Heap<Lane>((a, b) => headId(a) < headId(b))

  constructor(ordered: boolean) {
    this.#ordered = ordered
  }

  get size(): number {
    return this.#deliveries.size
  }

  get(messageId: number): Delivery | undefined {
    return this.#deliveries.get(messageId)
  }

  /** In order of publication. */
  [Symbol.iterator](): Iterator<Delivery> {
    return this.#deliveries.values()
  }

  oldest(): Delivery | undefined {
    return this.#deliveries.values().next().value
  }

  /** Must be called in order of message ids. */
  add(message: Message, failures: number): void {
    const lane = this.#laneOf(message)
    const delivery: Delivery = {message, lane, failures, state: 'waiting'}
    lane.queue.push(delivery)
    this.#deliveries.set(message.id, delivery)
    this.refresh(lane)
  }

  /** The lane to deliver from next. */
  ready(): Lane | undefined {
    return this.#ready.peek()
  }

  /** Marks the first deliveries of a ready lane as leased, at least one, at most `messages`, and no more than fit in `bytes`. */
  take(lane: Lane, messages: number, bytes: number): Delivery[] {
    const taken: Delivery[] = []
    let size = 0
    for (const delivery of lane.queue) {
      if (taken.length > 0 && (taken.length >= messages || size + delivery.message.size > bytes)) break
      size += delivery.message.size
      delivery.state = 'leased'
      taken.push(delivery)
    }
    lane.leased += taken.length
    this.refresh(lane)
    return taken
  }

  /** Ends a lease without a verdict; the delivery waits again. */
  release(delivery: Delivery): void {
    if (delivery.state === 'leased') delivery.lane.leased--
    delivery.state = 'waiting'
    this.refresh(delivery.lane)
  }

  /** Marks as acknowledged. Returns what is thereby done with: nothing while an earlier message of the key is out, else this and all held behind it. */
  acknowledge(delivery: Delivery): Delivery[] {
    const {lane} = delivery
    if (delivery.state === 'leased') lane.leased--
    delivery.state = 'held'
    const done: Delivery[] = []
    while (lane.queue[0]?.state === 'held') done.push(this.#shift(lane))
    this.refresh(lane)
    return done
  }

  /** Takes a delivery out, wherever it stands. */
  remove(delivery: Delivery): void {
    const {lane} = delivery
    if (delivery.state === 'leased') lane.leased--
    lane.queue.splice(lane.queue.indexOf(delivery), 1)
    this.#forget(delivery)
    this.refresh(lane)
  }

  /** Those of the same key that went out after it: they follow it again, even when acknowledged. */
  followers(delivery: Delivery): Delivery[] {
    const {queue} = delivery.lane
    return queue.slice(queue.indexOf(delivery) + 1).filter(({state}) => state !== 'waiting')
  }

  /** Looks again at whether a lane is ready; to be called when a back-off ends. */
  refresh(lane: Lane): void {
    this.#ready.remove(lane)
    if (lane.queue.length > 0 && lane.leased === 0 && !lane.queue[0]!.retry) this.#ready.push(lane)
  }

  #laneOf({key}: Message): Lane {
    if (!this.#ordered || key === '') return {queue: [], leased: 0, place: -1}
    const lane = this.#keyed.get(key) ?? {queue: [], leased: 0, place: -1}
    this.#keyed.set(key, lane)
    return lane
  }

  #shift(lane: Lane): Delivery {
    const delivery = lane.queue.shift()!
    this.#forget(delivery)
    return delivery
  }

  #forget({message, lane}: Delivery): void {
    this.#deliveries.delete(message.id)
    if (lane.queue.length === 0 && this.#keyed.get(message.key) === lane) this.#keyed.delete(message.key)
  }
}
