import type {Props, Records, ResourceType} from '../../contract.ts'
import {subscriptionNamed, topicNamed} from '../admin.ts'
import type {Broker} from '../broker.ts'
import {SUBSCRIPTION_MEMBER, TOPIC_MEMBER} from '../dead-letter-grants.ts'
import {qualified} from '../names.ts'
import {checkAll, type Rule} from './rules.ts'

/** https://cloud.google.com/iam/docs/principal-identifiers */
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group|domain|principal|principalSet|deleted):.+|project(Owner|Editor|Viewer):.+)$/
const ROLE = /^(roles\/|projects\/[^/]+\/roles\/|organizations\/[^/]+\/roles\/)[\w.]+$/

/** Policies are not versioned here; Google's etag changes with every change of the policy. */
const ETAG = 'ACAB'

const shaped =
  (property: string, pattern: RegExp, example: string): Rule =>
  (inputs) => {
    const value = inputs[property]
    return typeof value !== 'string' || pattern.test(value)
      ? undefined
      : {property, reason: `"${value}" is not of the form ${example}`}
  }

export const topicMemberType = (broker: () => Broker, records: Records): ResourceType =>
  memberType(TOPIC_MEMBER, 'topic', records, (name) => topicNamed(broker(), name))

export const subscriptionMemberType = (broker: () => Broker, records: Records): ResourceType =>
  memberType(SUBSCRIPTION_MEMBER, 'subscription', records, (name) => subscriptionNamed(broker(), name))

/** One member's one role on one resource; `check` throws NOT_FOUND when that resource is not there. */
function memberType(
  token: string,
  field: 'topic' | 'subscription',
  records: Records,
  check: (name: string) => unknown,
): ResourceType {
  const resourceOf = (inputs: Props) => qualified(String(inputs.project), `${field}s`, String(inputs[field]))
  return {
    token,
    check: checkAll([
      shaped('member', MEMBER, 'serviceAccount:NAME@PROJECT.iam.gserviceaccount.com'),
      shaped('role', ROLE, 'roles/pubsub.publisher'),
    ]),
    create: async (inputs) => {
      const resource = resourceOf(inputs)
      check(resource)
      const id = `${resource}/${inputs.role}/${inputs.member}`
      const outputs = {...inputs, etag: ETAG}
      records.put(token, id, outputs)
      return {id, outputs}
    },
    read: async (id) => {
      const outputs = records.get(token, id)
      if (!outputs) return undefined
      try {
        check(resourceOf(outputs))
      } catch {
        return undefined
      }
      return outputs
    },
    delete: async (id) => records.delete(token, id),
  }
}
