import {prevent} from '../protection.ts'
import {gcp, googleProvider, pulumi} from '../pulumi.ts'
import type {MessagingInput} from './index.ts'

/** Longest retention Pub/Sub offers; a dead letter should not vanish before somebody looked. 31 days. */
const DEAD_LETTER_RETENTION = '2678400s'

export function program(input: MessagingInput) {
  const provider = googleProvider(input.project, input.labels)
  const opts = {provider}
  // The service agent must exist before it can be granted anything; only this resource forces it to.
  const agent = new (gcp('projects').ServiceIdentity)(
    'pubsub-agent',
    {project: input.project, service: 'pubsub.googleapis.com'},
    opts,
  )
  for (const queue of input.queues) declareQueue(input, queue, pulumi.interpolate`serviceAccount:${agent.email}`, opts)
  return {
    topics: Object.fromEntries(input.queues.map(({config, topic}) => [config.name, topic])),
    subscriptions: Object.fromEntries(input.queues.map(({config, subscription}) => [config.name, subscription])),
  }
}

type Options = {provider: ReturnType<typeof googleProvider>}
type Text = import('@pulumi/pulumi').Output<string>

function declareQueue(input: MessagingInput, queue: MessagingInput['queues'][number], agent: Text, opts: Options) {
  const {project} = input
  const {Topic, Subscription, TopicIAMMember, SubscriptionIAMMember} = gcp('pubsub')
  const {config} = queue
  // Not enforced in transit: publishers and workers in any region go on while another is lost.
  const messageStoragePolicy = {allowedPersistenceRegions: [...input.regions], enforceInTransit: false}
  const kept = {...opts, protect: input.protect}
  const guard = prevent(input.protect)

  const dead = new Topic(
    `${config.name}-dead`,
    {
      project,
      name: queue.deadLetterTopic,
      messageRetentionDuration: DEAD_LETTER_RETENTION,
      messageStoragePolicy,
      ...guard,
    },
    kept,
  )
  // A dead-letter topic without a subscription drops its messages.
  new Subscription(
    `${config.name}-dead`,
    {
      project,
      name: queue.deadLetterSubscription,
      topic: dead.id,
      ackDeadlineSeconds: 60,
      messageRetentionDuration: DEAD_LETTER_RETENTION,
      expirationPolicy: {ttl: ''},
      ...guard,
    },
    kept,
  )
  const topic = new Topic(
    config.name,
    {
      project,
      name: queue.topic,
      messageRetentionDuration: `${config.retentionSeconds}s`,
      messageStoragePolicy,
      ...guard,
    },
    kept,
  )
  const subscription = new Subscription(
    config.name,
    {
      project,
      name: queue.subscription,
      topic: topic.id,
      ackDeadlineSeconds: config.ackSeconds,
      messageRetentionDuration: `${config.retentionSeconds}s`,
      // Otherwise deleted after 31 days without a consumer.
      expirationPolicy: {ttl: ''},
      enableMessageOrdering: config.ordered,
      retryPolicy: {minimumBackoff: `${config.retry.minSeconds}s`, maximumBackoff: `${config.retry.maxSeconds}s`},
      deadLetterPolicy: {deadLetterTopic: dead.id, maxDeliveryAttempts: config.attempts},
      ...guard,
    },
    kept,
  )

  // Without these two grants to Pub/Sub's own agent dead-lettering silently does not happen.
  new TopicIAMMember(
    `${config.name}-agent`,
    {project, topic: dead.name, role: 'roles/pubsub.publisher', member: agent},
    opts,
  )
  new SubscriptionIAMMember(
    `${config.name}-agent`,
    {project, subscription: subscription.name, role: 'roles/pubsub.subscriber', member: agent},
    opts,
  )
  for (const {name, member} of input.publishers) {
    new TopicIAMMember(
      `${config.name}-${name}`,
      {project, topic: topic.name, role: 'roles/pubsub.publisher', member},
      opts,
    )
  }
  for (const {name, member} of input.consumers.filter(({queue: of}) => of === config.name)) {
    new SubscriptionIAMMember(
      `${config.name}-${name}`,
      {project, subscription: subscription.name, role: 'roles/pubsub.subscriber', member},
      opts,
    )
  }
}
