import {each, of, type Rule, shown} from '../rule.ts'

export const messaging: readonly Rule[] = [
  each(
    'A subscription never expires for want of a consumer',
    ['Subscription'],
    ({expirationPolicy}) => expirationPolicy?.ttl !== '' && 'ttl',
    (inputs) => {
      delete inputs.expirationPolicy
    },
  ),
  {
    says: 'Every subscription dead-letters, with both grants without which Pub/Sub silently does not',
    violations: ({resources}) => {
      const agent = (member: string) => member.includes('@gcp-sa-pubsub.')
      const dead = deadTopics(resources)
      const publishers = of(resources, 'TopicIAMMember').filter(
        ({inputs}) => agent(inputs.member) && inputs.role === 'roles/pubsub.publisher',
      )
      const subscribers = of(resources, 'SubscriptionIAMMember').filter(
        ({inputs}) => agent(inputs.member) && inputs.role === 'roles/pubsub.subscriber',
      )
      return of(resources, 'Subscription')
        .filter(({inputs}) => !dead.has(inputs.topic))
        .flatMap((resource) => {
          const {name, deadLetterPolicy} = resource.inputs
          const topic = deadLetterPolicy?.deadLetterTopic
          const granted =
            publishers.some(({inputs}) => `Topic/${inputs.topic}` === topic) &&
            subscribers.some(({inputs}) => inputs.subscription === name)
          return granted ? [] : [shown(resource)]
        })
    },
    plant: (copy) => {
      const at = copy.findIndex(
        ({type, inputs}) => /SubscriptionIAMMember$/.test(type) && /gcp-sa-pubsub/.test(inputs.member),
      )
      if (at < 0) return false
      copy.splice(at, 1)
      return true
    },
  },
  {
    says: 'A dead-letter topic has a subscription, or it would drop what it is given',
    violations: ({resources}) => {
      const read = new Set(of(resources, 'Subscription').map(({inputs}) => inputs.topic))
      return [...deadTopics(resources)].filter((topic) => !read.has(topic))
    },
    plant: (copy) => {
      const at = copy.findIndex(
        ({type, inputs}) => /:Subscription$/.test(type) && inputs.deadLetterPolicy === undefined,
      )
      if (at < 0) return false
      copy.splice(at, 1)
      return true
    },
  },
  each(
    'Messages may be stored in every region of the platform, and are not refused while one is lost',
    ['Topic'],
    ({messageStoragePolicy: policy}, _, {topology}) =>
      (topology.regions.some(({name}) => !policy?.allowedPersistenceRegions.includes(name)) ||
        policy.enforceInTransit) &&
      'stored too narrowly',
    (inputs) => {
      inputs.messageStoragePolicy.allowedPersistenceRegions.pop()
    },
  ),
  each(
    'Retention, deadlines and back-off are what Pub/Sub takes',
    ['Subscription'],
    ({ackDeadlineSeconds, messageRetentionDuration, deadLetterPolicy}) =>
      !(
        ackDeadlineSeconds >= 10 &&
        ackDeadlineSeconds <= 600 &&
        Number.parseInt(messageRetentionDuration, 10) >= 600 &&
        Number.parseInt(messageRetentionDuration, 10) <= 2_678_400 &&
        (deadLetterPolicy === undefined ||
          (deadLetterPolicy.maxDeliveryAttempts >= 5 && deadLetterPolicy.maxDeliveryAttempts <= 100))
      ) && 'out of range',
    (inputs) => {
      inputs.ackDeadlineSeconds = 601
    },
  ),
]

const deadTopics = (resources: Parameters<typeof of>[0]): Set<string> =>
  new Set(
    of(resources, 'Subscription').flatMap(({inputs}) =>
      inputs.deadLetterPolicy ? [inputs.deadLetterPolicy.deadLetterTopic as string] : [],
    ),
  )
