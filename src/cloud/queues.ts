/** Pub/Sub: how a queue is kept, what waits in it, and its messages given out again. Source: https://cloud.google.com/pubsub/docs/reference/rest */
import type {QueueFacts, QueueNames} from './operable.ts'
import type {Reach} from './operate.ts'
import {callJson} from './rest.ts'

interface Topic {
  readonly name: string
  readonly messageRetentionDuration?: string
  readonly messageStoragePolicy?: {readonly allowedPersistenceRegions?: readonly string[]}
}
interface Subscription {
  readonly topic: string
}
interface Figures {
  readonly name: string
  readonly backlog: number
  readonly oldestUnackedSeconds: number
}

const DEADLINE_MS = 2_500

const urlOf = ({wires, project}: Reach, kind: 'topics' | 'subscriptions', name: string) =>
  `${wires.base('pubsub')}/v1/projects/${project}/${kind}/${name}`

/** @throws HaError CLOUD_REFUSED when the topic or the subscription does not exist, or is not the topic's. */
export async function readQueue(reach: Reach, names: QueueNames): Promise<QueueFacts> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  const [topic, subscription, waiting] = await Promise.all([
    callJson<Topic>(urlOf(reach, 'topics', names.topic), call),
    callJson<Subscription>(urlOf(reach, 'subscriptions', names.subscription), call),
    waitingIn(reach, names),
  ])
  return {
    attached: subscription.topic === topic.name,
    regions: topic.messageStoragePolicy?.allowedPersistenceRegions ?? [],
    keptSeconds: Number.parseFloat(topic.messageRetentionDuration ?? '0'),
    ...(waiting && {waiting}),
  }
}

/** On Google only Monitoring knows, minutes late: too late to decide by. */
async function waitingIn({wires}: Reach, {subscription, deadLetterSubscription}: QueueNames) {
  if (wires.emulator === undefined) return undefined
  const page = await callJson<readonly Figures[] | {readonly subscriptions?: readonly Figures[]}>(
    `${wires.emulator}/emulator/v1/pubsub`,
    {deadlineMs: DEADLINE_MS},
  )
  const list = 'subscriptions' in page ? (page.subscriptions ?? []) : (page as readonly Figures[])
  const find = (id: string) => list.find(({name}) => name.endsWith(`/${id}`))
  const own = find(subscription)
  return {
    messages: own?.backlog ?? 0,
    oldestSeconds: own?.oldestUnackedSeconds ?? 0,
    dead: find(deadLetterSubscription)?.backlog ?? 0,
  }
}
