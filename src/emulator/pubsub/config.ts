/** Topics and subscriptions in the shape of Google's REST resources: durations and times are text. */
import {durationMs, durationText} from './durations.ts'
import {invalid} from './failures.ts'
import {compileFilter} from './filter.ts'
import {LIMITS} from './limits.ts'
import {checkName} from './names.ts'

export type Labels = Readonly<Record<string, string>>

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics#Topic */
export interface TopicConfig {
  readonly name: string
  readonly labels?: Labels
  readonly kmsKeyName?: string
  readonly messageRetentionDuration?: string
  readonly messageStoragePolicy?: {
    readonly allowedPersistenceRegions?: readonly string[]
    readonly enforceInTransit?: boolean
  }
  readonly schemaSettings?: {readonly schema: string; readonly encoding?: string}
  readonly tags?: Labels
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#Subscription */
export interface SubscriptionConfig {
  readonly name: string
  readonly topic: string
  readonly labels?: Labels
  readonly ackDeadlineSeconds: number
  readonly messageRetentionDuration: string
  readonly retainAckedMessages?: boolean
  /** Without a ttl it never expires. */
  readonly expirationPolicy: {readonly ttl?: string}
  readonly filter?: string
  readonly deadLetterPolicy?: {readonly deadLetterTopic: string; readonly maxDeliveryAttempts: number}
  readonly retryPolicy?: {readonly minimumBackoff: string; readonly maximumBackoff: string}
  readonly enableMessageOrdering?: boolean
  readonly enableExactlyOnceDelivery?: boolean
  readonly detached?: boolean
  readonly tags?: Labels
}

const TOPIC_FIELDS = [
  'name',
  'labels',
  'kmsKeyName',
  'messageRetentionDuration',
  'messageStoragePolicy',
  'schemaSettings',
  'tags',
]
/** Sent back by clients that read, change and write; only the service sets them. */
const OUTPUT_ONLY = ['state', 'satisfiesPzs', 'topicMessageRetentionDuration', 'detached', 'etag']
const SUBSCRIPTION_FIELDS = [
  ...[
    'name',
    'topic',
    'labels',
    'ackDeadlineSeconds',
    'messageRetentionDuration',
    'retainAckedMessages',
    'expirationPolicy',
    'filter',
  ],
  ...['deadLetterPolicy', 'retryPolicy', 'enableMessageOrdering', 'enableExactlyOnceDelivery', 'tags'],
]

/** The topic with defaults filled in. Throws INVALID_ARGUMENT for what Google refuses and for what is not emulated. */
export function checkedTopic(given: Partial<TopicConfig>): TopicConfig {
  const name = given.name ?? ''
  checkName(name, 'topics')
  const config = known(given, TOPIC_FIELDS)
  if (given.messageRetentionDuration !== undefined) checkRetention(given.messageRetentionDuration)
  if (given.schemaSettings) checkName(given.schemaSettings.schema, 'schemas')
  return {...config, name}
}

/** The subscription with Google's defaults filled in. Throws INVALID_ARGUMENT for what Google refuses and for what is not emulated. */
export function checkedSubscription(given: Partial<SubscriptionConfig>): SubscriptionConfig {
  const {name = '', topic = ''} = given
  checkName(name, 'subscriptions')
  const retention = given.messageRetentionDuration ?? durationText(LIMITS.retentionMs.default)
  checkRetention(retention)
  compileFilter(given.filter ?? '')
  return {
    ...known(given, SUBSCRIPTION_FIELDS),
    name,
    topic,
    ackDeadlineSeconds: checkedDeadline(given.ackDeadlineSeconds || LIMITS.ackDeadlineSeconds.default),
    messageRetentionDuration: retention,
    expirationPolicy: checkedExpiration(given.expirationPolicy, durationMs(retention, 'message_retention_duration')),
    ...(given.deadLetterPolicy && {deadLetterPolicy: checkedDeadLetters(given.deadLetterPolicy)}),
    ...(given.retryPolicy && {retryPolicy: checkedRetry(given.retryPolicy)}),
  }
}

function known<T extends object>(given: T, fields: readonly string[]): Partial<T> {
  const entries = Object.entries(given).filter(([key, value]) => value !== undefined && !OUTPUT_ONLY.includes(key))
  const unknown = entries.filter(([key, value]) => !fields.includes(key) && !isEmpty(value)).map(([key]) => key)
  if (unknown.length > 0)
    throw invalid(`Not emulated: ${unknown.join(', ')}. Only pull subscriptions and plain topics are.`)
  return Object.fromEntries(entries.filter(([key]) => fields.includes(key))) as Partial<T>
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0

function checkedDeadline(seconds: number): number {
  const {min, max} = LIMITS.ackDeadlineSeconds
  if (seconds >= min && seconds <= max) return seconds
  throw invalid(
    `Invalid ack deadline given (ack_deadline_secs=${seconds}). It must be between ${min} and ${max} seconds.`,
  )
}

function checkRetention(text: string): void {
  const {min, max} = LIMITS.retentionMs
  const ms = durationMs(text, 'message_retention_duration')
  if (ms < min || ms > max) {
    throw invalid(
      `Invalid message retention duration given (${text}). It must be between ${durationText(min)} and ${durationText(max)}.`,
    )
  }
}

function checkedExpiration(
  policy: SubscriptionConfig['expirationPolicy'] | undefined,
  retentionMs: number,
): {ttl?: string} {
  const ttl = policy ? policy.ttl : durationText(LIMITS.expirationTtlMs.default)
  if (!ttl) return {}
  const ms = durationMs(ttl, 'expiration_policy.ttl')
  if (ms < LIMITS.expirationTtlMs.min)
    throw invalid(`Invalid expiration policy given (ttl=${ttl}). The least is 86400s, one day.`)
  if (policy && ms < retentionMs)
    throw invalid(`Invalid expiration policy given (ttl=${ttl}). It must be at least the message retention duration.`)
  return {ttl}
}

function checkedDeadLetters(policy: NonNullable<SubscriptionConfig['deadLetterPolicy']>): typeof policy {
  const {min, max} = LIMITS.deliveryAttempts
  const attempts = policy.maxDeliveryAttempts || LIMITS.deliveryAttempts.default
  checkName(policy.deadLetterTopic ?? '', 'topics')
  if (attempts >= min && attempts <= max)
    return {deadLetterTopic: policy.deadLetterTopic, maxDeliveryAttempts: attempts}
  throw invalid(
    `Invalid maximum number of delivery attempts given (${attempts}). It must be between ${min} and ${max}.`,
  )
}

function checkedRetry(
  policy: Partial<NonNullable<SubscriptionConfig['retryPolicy']>>,
): NonNullable<SubscriptionConfig['retryPolicy']> {
  const {min, max, defaultMin, defaultMax} = LIMITS.backoffMs
  const least = policy.minimumBackoff ? durationMs(policy.minimumBackoff, 'retry_policy.minimum_backoff') : defaultMin
  const most = policy.maximumBackoff ? durationMs(policy.maximumBackoff, 'retry_policy.maximum_backoff') : defaultMax
  if (least >= min && most <= max && least <= most)
    return {minimumBackoff: durationText(least), maximumBackoff: durationText(most)}
  throw invalid(
    `Invalid retry policy given (${durationText(least)} to ${durationText(most)}). Back-off must be between 0s and 600s, the least not over the most.`,
  )
}
