import type {Records, ResourceType} from '../../contract.ts'
import type {Broker} from '../broker.ts'
import {subscriptionMemberType, topicMemberType} from './iam-member.ts'
import {schemaType} from './schema.ts'
import {subscriptionType} from './subscription.ts'
import {topicType} from './topic.ts'

/** Pub/Sub's resource types for the Pulumi provider. `broker` throws UNAVAILABLE while the service does not run. */
export const resourceTypes = (broker: () => Broker, records: Records): readonly ResourceType[] => [
  topicType(broker, records),
  subscriptionType(broker, records),
  schemaType(broker, records),
  topicMemberType(broker, records),
  subscriptionMemberType(broker, records),
]
