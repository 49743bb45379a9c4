import type {EmulatorClock} from '../clock.ts'
import type {Delivery} from './backlog.ts'
import type {TopicConfig} from './config.ts'
import {LIMITS} from './limits.ts'
import type {Content, Message} from './message.ts'
import type {Store} from './store.ts'
import {type Ledger, Subscription, type SubscriptionState} from './subscription.ts'
import type {Timers} from './timers.ts'

export interface Topic {
  readonly serial: number
  config: TopicConfig
  readonly subscriptions: Set<Subscription>
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.snapshots#Snapshot */
export interface Snapshot {
  readonly name: string
  readonly topic: string
  readonly topicSerial: number
  /** The last message published before it was made; those after belong to it, acknowledged or not. */
  readonly lastId: number
  readonly expiresAt: number
  readonly labels?: Readonly<Record<string, string>>
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.schemas#Schema */
export interface SchemaRevision {
  readonly name: string
  readonly type: string
  readonly definition: string
  readonly revisionId: string
  readonly revisionCreateTime: string
}

export interface BrokerDeps {
  readonly store: Store
  readonly clock: EmulatorClock
  readonly timers: Timers
  /** Whether Pub/Sub's service agent may publish to `topic` and acknowledge on `subscription` (full names). */
  readonly mayDeadLetter: (subscription: string, topic: string) => boolean
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void
}

/** All that is in memory: topics, subscriptions, snapshots, and each message that is still owed. The store has the same on disk. */
export class Broker {
  readonly topics = new Map<string, Topic>()
  readonly subscriptions = new Map<string, Subscription>()
  readonly snapshots = new Map<string, Snapshot>()
  /** Revisions of each schema, the newest last. */
  readonly schemas = new Map<string, readonly SchemaRevision[]>()
  readonly messages = new Map<number, Message>()
  readonly store: Store
  readonly clock: EmulatorClock
  readonly timers: Timers
  readonly mayDeadLetter: BrokerDeps['mayDeadLetter']
  readonly log: BrokerDeps['log']
  /** The last message that subscriptions were given. */
  settledId = 0
  /** Called when messages were stored or became free, so that retention can plan its next round. */
  onChange: () => void = () => {}
  /** Set by publish.ts, which needs the broker itself. */
  forward: (subscription: Subscription, delivery: Delivery) => boolean = () => false
  #cached = 0
  #serial = 0
  readonly #ledger: Ledger = {
    settled: (subscription, message) =>
      this.#tried(() => {
        this.store.write('dropPending', subscription.state.serial, message.id)
        this.release(message)
      }),
    failed: ({state}, {message, failures}) =>
      this.#tried(() => this.store.write('countFailures', failures, state.serial, message.id)),
    deadLetter: (subscription, delivery) => this.#tried(() => this.forward(subscription, delivery)) ?? false,
    nextSerial: () => this.nextSerial(),
    delivered: (deliver) => this.#tried(deliver),
  }

  constructor(deps: BrokerDeps) {
    this.store = deps.store
    this.clock = deps.clock
    this.timers = deps.timers
    this.mayDeadLetter = deps.mayDeadLetter
    this.log = deps.log
  }

  /** Deliveries go on without the disk: what cannot be written down (a full disk) is delivered again after a restart. */
  #tried<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.log('error', 'Pub/Sub could not write down a delivery', {error: String(error)})
      return undefined
    }
  }

  /** Microseconds since the epoch, or one more than the last: never the same twice, also after a restart or when the clock was set back. */
  nextSerial(): number {
    this.#serial = Math.max(this.#serial + 1, Math.floor(this.clock.now()) * 1_000)
    return this.#serial
  }

  /** Brings back what the store holds. What was delivered but not acknowledged before is delivered again. */
  load(): void {
    const {store} = this
    this.#serial = this.settledId = (store.read('lastId')[0]?.id as number | null) ?? 0
    for (const row of store.read('documents', 'topic')) {
      const {serial, config} = JSON.parse(row.body as string) as Pick<Topic, 'serial' | 'config'>
      this.topics.set(config.name, {serial, config, subscriptions: new Set()})
    }
    for (const row of store.read('documents', 'schema'))
      this.schemas.set(row.name as string, JSON.parse(row.body as string))
    for (const row of store.read('documents', 'snapshot'))
      this.snapshots.set(row.name as string, JSON.parse(row.body as string))
    for (const row of store.read('documents', 'subscription')) this.#loadSubscription(JSON.parse(row.body as string))
  }

  #loadSubscription(state: SubscriptionState): void {
    const subscription = this.enlist(state)
    for (const {message, failures} of this.store.read('pending', state.serial)) {
      const known = this.message(message as number)
      if (known) subscription.owe(known, failures as number)
    }
  }

  /** Puts a subscription in its place. */
  enlist(state: SubscriptionState): Subscription {
    const subscription = new Subscription(state, this.timers, this.#ledger)
    this.subscriptions.set(state.config.name, subscription)
    this.topics.get(state.config.topic)?.subscriptions.add(subscription)
    return subscription
  }

  saveTopic({serial, config}: Topic): void {
    this.store.write('putDocument', 'topic', config.name, JSON.stringify({serial, config}))
  }

  saveSubscription({state}: Subscription): void {
    this.store.write('putDocument', 'subscription', state.config.name, JSON.stringify(state))
  }

  /** Notes that a subscription is in use, on disk at most once an hour. */
  touch(subscription: Subscription): void {
    const now = this.clock.now()
    if (now - subscription.state.activeAt < 3_600_000) return
    subscription.state = {...subscription.state, activeAt: now}
    this.saveSubscription(subscription)
  }

  /** A message in memory, fetched from the store when it is not there; undefined when it is gone. */
  message(id: number): Message | undefined {
    const known = this.messages.get(id)
    if (known) return known
    const row = this.store.read('message', id)[0] as Omit<Message, 'refs' | 'content'> | undefined
    if (!row) return undefined
    const message: Message = {...row, refs: 0, content: undefined}
    this.messages.set(id, message)
    return message
  }

  /** Takes a new message in, its body too while there is room for bodies. */
  admit(message: Omit<Message, 'refs' | 'content'>, content: Content): Message {
    const cached = this.#cached + message.size <= LIMITS.cachedBytes
    if (cached) this.#cached += message.size
    const admitted: Message = {...message, refs: 0, content: cached ? content : undefined}
    this.messages.set(message.id, admitted)
    return admitted
  }

  /** A message's body, from memory or disk. */
  content(message: Message): Content {
    const content = message.content ?? this.store.content(message.id)
    if (!content) throw new Error(`message ${message.id} has no body on disk`)
    return content
  }

  /** One subscription owes it no longer. With the last, it goes, unless its topic keeps messages for replay. */
  release(message: Message): void {
    message.refs--
    if (message.refs > 0) return
    this.messages.delete(message.id)
    if (message.content) this.#cached -= message.size
    if (!this.retains(message.topic)) this.store.write('dropMessage', message.id)
    this.onChange()
  }

  /** Whether acknowledged messages of a topic (by serial) are kept for a seek. */
  retains(serial: number): boolean {
    for (const topic of this.topics.values()) {
      if (topic.serial !== serial) continue
      if (topic.config.messageRetentionDuration) return true
      for (const {config} of topic.subscriptions) if (config.retainAckedMessages) return true
    }
    for (const {topicSerial} of this.snapshots.values()) if (topicSerial === serial) return true
    return false
  }
}
