import type {Records} from '../contract.ts'
import {qualified} from './names.ts'

export const TOPIC_MEMBER = 'gcp:pubsub/topicIAMMember:TopicIAMMember'
export const SUBSCRIPTION_MEMBER = 'gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember'

const AGENT = /^serviceAccount:service-\d+@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/
/** Roles that contain the permission: https://cloud.google.com/pubsub/docs/access-control#roles */
const MAY_PUBLISH = ['roles/pubsub.publisher', 'roles/pubsub.editor', 'roles/pubsub.admin']
const MAY_ACKNOWLEDGE = ['roles/pubsub.subscriber', 'roles/pubsub.editor', 'roles/pubsub.admin']

/**
 * Whether Pub/Sub's service agent holds the two grants that dead lettering needs: publisher on the dead-letter topic, subscriber on the
 * subscription. https://cloud.google.com/pubsub/docs/dead-letter-topics#assign_pubsub_roles
 */
export function deadLetterGrants(records: Pick<Records, 'list'>): (subscription: string, topic: string) => boolean {
  const granted = (
    token: string,
    kind: 'topics' | 'subscriptions',
    field: string,
    name: string,
    roles: readonly string[],
  ) =>
    records.list(token).some(({outputs}) => {
      const {project, member, role} = outputs as Record<string, string>
      const resource = qualified(project ?? '', kind, (outputs[field] as string | undefined) ?? '')
      return resource === name && roles.includes(role ?? '') && AGENT.test(member ?? '')
    })
  return (subscription, topic) =>
    granted(TOPIC_MEMBER, 'topics', 'topic', topic, MAY_PUBLISH) &&
    granted(SUBSCRIPTION_MEMBER, 'subscriptions', 'subscription', subscription, MAY_ACKNOWLEDGE)
}
