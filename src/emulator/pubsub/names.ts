import {invalid} from './failures.ts'
import {LIMITS} from './limits.ts'

export type Kind = 'topics' | 'subscriptions' | 'snapshots' | 'schemas'

/** What a subscription's topic is called once the topic is gone. */
export const DELETED_TOPIC = '_deleted-topic_'

export const fullName = (project: string, kind: Kind, id: string): string => `projects/${project}/${kind}/${id}`

/** `bookings` or `projects/p/topics/bookings` → the full name. */
export const qualified = (project: string, kind: Kind, name: string): string =>
  name.includes('/') || name === DELETED_TOPIC ? name : fullName(project, kind, name)

export const shortName = (name: string): string => name.split('/').at(-1)!
export const projectOf = (name: string): string => name.split('/')[1]!

/** Whether an id is 3 to 255 characters, starts with a letter, is of allowed characters and does not start with `goog`. */
export const isValidId = (id: string): boolean => LIMITS.idPattern.test(id)

/** Throws INVALID_ARGUMENT for a name that is not `projects/{project}/{kind}/{id}` within Google's rules. */
export function checkName(name: string, kind: Kind): void {
  const [projects, project, what, id, ...rest] = name.split('/')
  if (projects === 'projects' && project && what === kind && id && isValidId(id) && rest.length === 0) return
  throw invalid(
    `Invalid resource name given (name=${name}). ` +
      'Refer to https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information.',
  )
}
