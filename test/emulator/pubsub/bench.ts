/** A broker over a temp folder, a clock that tests move, and workers that take what they are given. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished} from 'vitest'
import type {EmulatorClock} from '../../../src/emulator/clock.ts'
import {parseAckId} from '../../../src/emulator/pubsub/ack-id.ts'
import {createSubscription, createTopic, subscriptionNamed} from '../../../src/emulator/pubsub/admin.ts'
import {Broker} from '../../../src/emulator/pubsub/broker.ts'
import type {SubscriptionConfig, TopicConfig} from '../../../src/emulator/pubsub/config.ts'
import type {Consumer} from '../../../src/emulator/pubsub/consumer.ts'
import {forwardDeadLetter, publish} from '../../../src/emulator/pubsub/publish.ts'
import {type Received, received} from '../../../src/emulator/pubsub/pull.ts'
import {keepRetention} from '../../../src/emulator/pubsub/retention.ts'
import {Store} from '../../../src/emulator/pubsub/store.ts'
import {Timers} from '../../../src/emulator/pubsub/timers.ts'

export interface FakeClock extends EmulatorClock {
  /** Moves time on, firing what comes due on the way, each at its own time. */
  advance(ms: number): void
  /** Timers waiting: how often an idle process would wake up. */
  readonly waiting: number
}

export function fakeClock(start = Date.parse('2026-01-01T00:00:00Z')): FakeClock {
  let elapsed = 0
  const waiting = new Set<{due: number; run: () => void}>()
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after: (ms, run) => {
      const timer = {due: elapsed + ms, run}
      waiting.add(timer)
      return () => waiting.delete(timer)
    },
    advance(ms) {
      const until = elapsed + ms
      for (;;) {
        const next = [...waiting].filter(({due}) => due <= until).sort((a, b) => a.due - b.due)[0]
        if (!next) break
        waiting.delete(next)
        elapsed = next.due
        next.run()
      }
      elapsed = until
    },
    get waiting() {
      return waiting.size
    },
  }
}

export const TOPIC = 'projects/p/topics/bookings'
export const SUB = 'projects/p/subscriptions/worker'

export interface Worker extends Consumer {
  /** Everything it was ever given. */
  readonly got: Received[]
  readonly closedBy: Error[]
  texts(): string[]
  ack(index: number): void
  nack(index: number): void
  extend(index: number, seconds: number): void
}

export class Bench {
  readonly clock = fakeClock()
  readonly dir = mkdtempSync(join(tmpdir(), 'ha-pubsub-'))
  granted = true
  broker = this.#open()

  constructor() {
    onTestFinished(() => {
      this.broker.store.close()
      rmSync(this.dir, {recursive: true, force: true})
    })
  }

  static async with(subscription: Partial<SubscriptionConfig> = {}, topic: Partial<TopicConfig> = {}): Promise<Bench> {
    const bench = new Bench()
    await createTopic(bench.broker, {name: TOPIC, ...topic})
    await createTopic(bench.broker, {name: 'projects/p/topics/dead'})
    await createSubscription(bench.broker, {name: SUB, topic: TOPIC, ...subscription})
    return bench
  }

  #open(): Broker {
    const timers = new Timers(this.clock)
    const store = new Store(this.dir)
    const broker = new Broker({store, timers, clock: this.clock, log: () => {}, mayDeadLetter: () => this.granted})
    broker.forward = (subscription, delivery) => forwardDeadLetter(broker, subscription, delivery)
    broker.load()
    keepRetention(broker)
    return broker
  }

  /** As after a restart: only what is on disk is left. */
  async restart(): Promise<void> {
    await this.broker.store.durable()
    this.broker.store.close()
    this.broker = this.#open()
  }

  /** Publishes texts, all of one key or none, and waits until workers have what they can be given. */
  async publish(texts: readonly string[], orderingKey = '', attributes: Record<string, string> = {}): Promise<void> {
    await publish(
      this.broker,
      TOPIC,
      texts.map((text) => ({data: Buffer.from(text), attributes, orderingKey})),
    )
    await this.settle()
  }

  /** Lets everything that is due now happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await this.broker.store.durable()
      await new Promise((done) => setImmediate(done))
    }
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.settle()
  }

  async worker(options: {name?: string; maxMessages?: number; leaseMs?: number} = {}): Promise<Worker> {
    const subscription = subscriptionNamed(this.broker, options.name ?? SUB)
    const {broker} = this
    const got: Received[] = []
    const closedBy: Error[] = []
    const id = (index: number) => parseAckId(got[index]!.ackId)
    const worker: Worker = {
      leaseMs: options.leaseMs ?? 10_000,
      maxMessages: options.maxMessages ?? Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
      writable: true,
      outstanding: 0,
      outstandingBytes: 0,
      served: 0,
      got,
      closedBy,
      deliver: (batch) => got.push(...received(broker, subscription, batch)),
      close: (reason) => closedBy.push(reason),
      texts: () => got.map(({content}) => Buffer.from(content.data).toString()),
      ack: (index) => subscription.acknowledge(id(index)),
      nack: (index) => subscription.modify(id(index), 0),
      extend: (index, seconds) => subscription.modify(id(index), seconds),
    }
    subscription.attach(worker)
    await this.settle()
    return worker
  }
}
