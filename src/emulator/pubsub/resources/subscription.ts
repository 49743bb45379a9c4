import type {Props, Records, ResourceType} from '../../contract.ts'
import {createSubscription, deleteSubscription, updateSubscription} from '../admin.ts'
import type {Broker} from '../broker.ts'
import {checkedSubscription, type SubscriptionConfig} from '../config.ts'
import {compileFilter} from '../filter.ts'
import {LIMITS} from '../limits.ts'
import {projectOf, qualified, shortName} from '../names.ts'
import {checkAll, durationIn, integerIn, named, notEmulated, oneOf, type Rule} from './rules.ts'
import {defined, drifted, idOf, labelOutputs, mayDelete} from './shape.ts'

const TOKEN = 'gcp:pubsub/subscription:Subscription'
const MUTABLE = [
  ...[
    'labels',
    'ackDeadlineSeconds',
    'messageRetentionDuration',
    'retainAckedMessages',
    'expirationPolicy',
    'deadLetterPolicy',
  ],
  ...['retryPolicy', 'enableExactlyOnceDelivery'],
]
const {
  ackDeadlineSeconds: ACK,
  backoffMs: BACKOFF,
  deliveryAttempts: ATTEMPTS,
  expirationTtlMs: TTL,
  retentionMs: RETENTION,
} = LIMITS

const filterCompiles: Rule = ({filter}) => {
  if (typeof filter !== 'string') return undefined
  try {
    compileFilter(filter)
    return undefined
  } catch (error) {
    return {property: 'filter', reason: (error as Error).message}
  }
}

/** https://www.pulumi.com/registry/packages/gcp/api-docs/pubsub/subscription/ */
export function subscriptionType(broker: () => Broker, records: Records): ResourceType {
  return {
    token: TOKEN,
    check: checkAll([
      named,
      filterCompiles,
      integerIn('ackDeadlineSeconds', ACK.min, ACK.max),
      durationIn('messageRetentionDuration', RETENTION.min, RETENTION.max),
      durationIn('expirationPolicy.ttl', TTL.min, Number.MAX_SAFE_INTEGER),
      durationIn('retryPolicy.minimumBackoff', BACKOFF.min, BACKOFF.max),
      durationIn('retryPolicy.maximumBackoff', BACKOFF.min, BACKOFF.max),
      integerIn('deadLetterPolicy.maxDeliveryAttempts', ATTEMPTS.min, ATTEMPTS.max),
      oneOf('deletionPolicy', ['DELETE', 'PREVENT', 'ABANDON']),
      ...['pushConfig', 'bigqueryConfig', 'cloudStorageConfig', 'bigtableConfig'].map((field) =>
        notEmulated(field, 'pull from the subscription instead'),
      ),
      notEmulated('messageTransforms', 'transform in the subscriber instead'),
    ]),
    create: async (inputs) => {
      const config = await createSubscription(broker(), toConfig(inputs))
      return {id: config.name, outputs: record(config.name, outputsOf(inputs, config))}
    },
    read: async (id) => {
      const config = broker().subscriptions.get(id)?.config
      if (!config) return undefined
      const recorded = records.get(TOKEN, id)
      if (!recorded) return outputsOf(observed(config), config)
      return drifted(recorded, observed(checkedSubscription(toConfig(recorded))), observed(config))
    },
    update: async (id, _, inputs) => {
      const config = await updateSubscription(broker(), {...toConfig(inputs), name: id}, MUTABLE)
      return record(id, outputsOf(inputs, config))
    },
    delete: async (id, outputs) => {
      if (mayDelete(id, outputs) && broker().subscriptions.has(id)) await deleteSubscription(broker(), id)
      records.delete(TOKEN, id)
    },
  }

  function record(id: string, outputs: Props): Props {
    records.put(TOKEN, id, outputs)
    return outputs
  }
}

function toConfig(inputs: Props): Partial<SubscriptionConfig> {
  const given = inputs as unknown as SubscriptionConfig
  const project = String(inputs.project)
  const {
    labels,
    ackDeadlineSeconds,
    retainAckedMessages,
    filter,
    retryPolicy,
    enableMessageOrdering,
    enableExactlyOnceDelivery,
    tags,
  } = given
  const {topic, messageRetentionDuration, expirationPolicy, deadLetterPolicy} = given
  return defined({
    ...{
      labels,
      ackDeadlineSeconds,
      retainAckedMessages,
      filter,
      retryPolicy,
      enableMessageOrdering,
      enableExactlyOnceDelivery,
      tags,
    },
    name: idOf(inputs, 'subscriptions'),
    topic: qualified(project, 'topics', topic),
    messageRetentionDuration: messageRetentionDuration || undefined,
    // An empty ttl is the provider's way to say "never expires"; the API's is a policy without one.
    expirationPolicy: expirationPolicy && (expirationPolicy.ttl ? expirationPolicy : {}),
    deadLetterPolicy: deadLetterPolicy && {
      ...deadLetterPolicy,
      deadLetterTopic: qualified(project, 'topics', deadLetterPolicy.deadLetterTopic),
    },
  }) as Partial<SubscriptionConfig>
}

/** In the provider's shape and Google's spelling. */
const observed = ({name, detached: _, expirationPolicy, ...config}: SubscriptionConfig): Props => ({
  ...config,
  name: shortName(name),
  project: projectOf(name),
  expirationPolicy: {ttl: expirationPolicy.ttl ?? ''},
})

/** Every input as it was given, and Google's defaults for the rest. */
function outputsOf(inputs: Props, config: SubscriptionConfig): Props {
  const {ackDeadlineSeconds, messageRetentionDuration, expirationPolicy} = config
  return {
    deletionPolicy: 'DELETE',
    ackDeadlineSeconds,
    messageRetentionDuration,
    expirationPolicy: {ttl: expirationPolicy.ttl ?? ''},
    ...inputs,
    ...labelOutputs(config.labels),
  }
}
