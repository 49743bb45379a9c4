/** Pub/Sub: how a queue is kept, what waits in it, and its messages given out again. Source: https://cloud.google.com/pubsub/docs/reference/rest */
import type {Waiting} from './cloud.ts'
import {type Figure, readFigures} from './monitoring.ts'
import type {QueueFacts, QueueNames, Redelivery} from './operable.ts'
import type {Reach} from './reach.ts'
import {callJson, findJson} from './rest.ts'

interface Topic {
  readonly name: string
  readonly messageRetentionDuration?: string
  readonly messageStoragePolicy?: {readonly allowedPersistenceRegions?: readonly string[]}
}
interface Subscription {
  readonly topic: string
}

const DEADLINE_MS = 2_500
const SEEK_DEADLINE_MS = 10_000

const urlOf = ({wires, project}: Reach, kind: 'topics' | 'subscriptions', name: string) =>
  `${wires.base('pubsub')}/v1/projects/${project}/${kind}/${name}`

/** @throws HaError CLOUD_REFUSED when the topic or the subscription does not exist, or is not the topic's. */
export async function readQueue(reach: Reach, names: QueueNames): Promise<QueueFacts> {
  const call = await reach.signed({deadlineMs: DEADLINE_MS})
  const [topic, subscription, [waiting]] = await Promise.all([
    callJson<Topic>(urlOf(reach, 'topics', names.topic), call),
    callJson<Subscription>(urlOf(reach, 'subscriptions', names.subscription), call),
    readWaiting(reach, [names], DEADLINE_MS).catch(() => []),
  ])
  return {
    attached: subscription.topic === topic.name,
    regions: topic.messageStoragePolicy?.allowedPersistenceRegions ?? [],
    keptSeconds: Number.parseFloat(topic.messageRetentionDuration ?? '0'),
    ...(waiting && {waiting}),
  }
}

type Subscriptions = Pick<QueueNames, 'subscription' | 'deadLetterSubscription'>

/**
 * What waits in each of these queues, in their order. Only Monitoring knows, minutes late on Google: to be told, not to decide by.
 * @throws HaError CLOUD_UNREACHABLE, CLOUD_REFUSED
 */
export async function readWaiting(
  reach: Reach,
  queues: readonly Subscriptions[],
  deadlineMs: number,
): Promise<readonly Waiting[]> {
  const own = queues.map(({subscription}) => subscription)
  const dead = queues.map(({deadLetterSubscription}) => deadLetterSubscription)
  const [backlogs, ages] = await Promise.all([
    readFigures(reach, 'backlog', [...own, ...dead], deadlineMs),
    readFigures(reach, 'oldest', own, deadlineMs),
  ])
  return queues.map(({subscription, deadLetterSubscription}) =>
    waitingOf({
      backlog: backlogs.get(subscription),
      oldestSeconds: ages.get(subscription),
      dead: backlogs.get(deadLetterSubscription),
    }),
  )
}

function waitingOf(figures: Readonly<Record<'backlog' | 'oldestSeconds' | 'dead', Figure | undefined>>): Waiting {
  const known = Object.entries(figures).flatMap(([name, figure]) => (figure ? [[name, figure] as const] : []))
  return {
    ...Object.fromEntries(known.map(([name, {value}]) => [name, value])),
    ...(known.length > 0 && {ageSeconds: Math.max(...known.map(([, {ageSeconds}]) => ageSeconds))}),
  }
}

interface Snapshot {
  readonly expireTime: string
  readonly labels?: Readonly<Record<string, string>>
}

/** A snapshot lives for a week from the publication of the oldest message that waited when it was made. https://cloud.google.com/pubsub/docs/replay-overview#snapshot_overview */
const SNAPSHOT_MS = 7 * 24 * 3_600_000
const DONE = 'ha-redelivered-since'

const snapshotUrl = ({wires, project}: Reach, mark: string) =>
  `${wires.base('pubsub')}/v1/projects/${project}/snapshots/${mark}`

/** Since when messages were given out again under this mark, milliseconds since the epoch; undefined: not yet. */
export async function readRedelivery(reach: Reach, mark: string): Promise<number | undefined> {
  const snapshot = await findJson<Snapshot>(snapshotUrl(reach, mark), await reach.signed({deadlineMs: DEADLINE_MS}))
  const since = snapshot?.labels?.[DONE]
  return since === undefined ? undefined : Number(since)
}

/**
 * A seek to a time also acknowledges what was published before it. So the subscription is kept in a snapshot first, whose end tells
 * how old the oldest waiting message is, and the seek goes as far before that one as `since` lies before now.
 */
export async function redeliver(reach: Reach, {subscription, since, now, mark}: Redelivery): Promise<number> {
  const {project} = reach
  const send = async <T>(method: 'PUT' | 'POST' | 'PATCH', url: string, body: unknown) =>
    callJson<T>(url, await reach.signed({method, body, deadlineMs: SEEK_DEADLINE_MS}))
  const url = snapshotUrl(reach, mark)
  const before =
    (await findJson<Snapshot>(url, await reach.signed({deadlineMs: DEADLINE_MS}))) ??
    (await send<Snapshot>('PUT', url, {subscription: `projects/${project}/subscriptions/${subscription}`}))
  const oldest = Date.parse(before.expireTime) - SNAPSHOT_MS
  const time = Math.min(since, oldest - (now - since))
  await send('POST', `${urlOf(reach, 'subscriptions', subscription)}:seek`, {time: new Date(time).toISOString()})
  const labels = {...before.labels, [DONE]: String(time)}
  await send('PATCH', url, {snapshot: {labels}, updateMask: 'labels'})
  return time
}
