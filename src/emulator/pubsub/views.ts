/** What clients are shown: resources in REST shape, lists by page, figures for status. */
import {subscriptionNamed, topicNamed} from './admin.ts'
import type {Broker, Snapshot} from './broker.ts'
import type {SubscriptionConfig, TopicConfig} from './config.ts'
import {timestampText} from './durations.ts'
import {type PageRequest, page} from './paging.ts'

const identity = (name: string) => name

export function subscriptionView(broker: Broker, config: SubscriptionConfig): object {
  const retention = broker.topics.get(config.topic)?.config.messageRetentionDuration
  return {...config, state: 'ACTIVE', ...(retention && {topicMessageRetentionDuration: retention})}
}

export const topicView = (config: TopicConfig): object => ({...config, state: 'ACTIVE'})

export const snapshotView = ({name, topic, expiresAt, labels}: Snapshot): object => ({
  ...{name, topic, expireTime: timestampText(expiresAt)},
  ...(labels && {labels}),
})

/** The entries of a map whose names start with `projects/P/`. */
function* within<T>(map: ReadonlyMap<string, T>, project: string): Iterable<T> {
  for (const [name, value] of map) if (name.startsWith(`${project}/`)) yield value
}

export function listTopics(broker: Broker, project: string, request: PageRequest) {
  const {items, ...more} = page(within(broker.topics, project), ({config}) => config.name, request)
  return {topics: items.map(({config}) => topicView(config)), ...more}
}

export function listSubscriptions(broker: Broker, project: string, request: PageRequest) {
  const {items, ...more} = page(within(broker.subscriptions, project), ({config}) => config.name, request)
  return {subscriptions: items.map(({config}) => subscriptionView(broker, config)), ...more}
}

export function listSnapshots(broker: Broker, project: string, request: PageRequest) {
  const {items, ...more} = page(within(broker.snapshots, project), ({name}) => name, request)
  return {snapshots: items.map(snapshotView), ...more}
}

export function listSchemas(broker: Broker, project: string, request: PageRequest) {
  const {items, ...more} = page(within(broker.schemas, project), (revisions) => revisions[0]!.name, request)
  return {schemas: items.map((revisions) => revisions.at(-1)!), ...more}
}

export function topicSubscriptions(broker: Broker, topic: string, request: PageRequest) {
  const names = [...topicNamed(broker, topic).subscriptions].map(({config}) => config.name)
  const {items, ...more} = page(names, identity, request)
  return {subscriptions: items, ...more}
}

export function topicSnapshots(broker: Broker, topic: string, request: PageRequest) {
  topicNamed(broker, topic)
  const names = [...broker.snapshots.values()].filter((snapshot) => snapshot.topic === topic).map(({name}) => name)
  const {items, ...more} = page(names, identity, request)
  return {snapshots: items, ...more}
}

/** One subscription's figures. */
export interface SubscriptionFigures {
  /** Full names. */
  readonly name: string
  readonly topic: string
  /** Owed in all, outstanding ones included: Google's num_undelivered_messages. */
  readonly backlog: number
  readonly outstanding: number
  /** 0 when nothing is owed. */
  readonly oldestUnackedSeconds: number
  /** Forwarded to the dead-letter topic since it was made. */
  readonly deadLettered: number
  /** Open streams and waiting pulls. */
  readonly consumers: number
}

export function figures(broker: Broker, name: string): SubscriptionFigures {
  const {backlog, config, consumers, outstanding, state} = subscriptionNamed(broker, name)
  const oldest = backlog.oldest()?.message.published
  return {
    name,
    topic: config.topic,
    backlog: backlog.size,
    outstanding,
    oldestUnackedSeconds: oldest === undefined ? 0 : Math.max(0, Math.round((broker.clock.now() - oldest) / 1_000)),
    deadLettered: state.deadLettered,
    consumers: consumers.size,
  }
}
