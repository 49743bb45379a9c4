/** get and list. */
import type {Answer, Api} from './api.ts'
import type {KubeObject} from './objects.ts'
import type {Call} from './request.ts'
import {storeKey} from './resources.ts'
import {type Matches, matchesSelector, parseFieldSelector, parseSelector} from './selectors.ts'
import {ApiError, notFound} from './status.ts'

export function getObject({store}: Api, {target: {row, namespace, name}}: Call): Answer {
  const object = store.get(storeKey(row), namespace, name!)
  if (!object) throw notFound(row.key, name!)
  return {object}
}

/** What a list, a watch or a deletecollection is limited to. */
export function selection({target: {row, namespace}, query}: Call): Matches {
  const labels = parseSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(storeKey(row), query.get('fieldSelector') ?? '')
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    matchesSelector(labels, object.metadata.labels) &&
    fields(object)
}

export function selected({store}: Api, call: Call): KubeObject[] {
  const {row, namespace} = call.target
  return store.list(storeKey(row), namespace === undefined ? {} : {namespace}).filter(selection(call))
}

/** Pages go on behind the last object of the page before, in the present state of things. */
export function listObjects(api: Api, call: Call): Answer {
  const limit = Number(call.query.get('limit') ?? 0)
  const after = parseContinue(call.query.get('continue'))
  const all = selected(api, call).filter((object) => after === undefined || keyOf(object) > after)
  const list = limit > 0 ? all.slice(0, limit) : all
  const resourceVersion = api.store.resourceVersion
  if (list.length === all.length) return {list, metadata: {resourceVersion}}
  const token = Buffer.from(JSON.stringify({after: keyOf(list.at(-1)!)})).toString('base64url')
  return {list, metadata: {resourceVersion, continue: token, remainingItemCount: all.length - list.length}}
}

const keyOf = ({metadata}: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`

function parseContinue(token: string | null): string | undefined {
  if (!token) return undefined
  try {
    const {after} = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof after === 'string') return after
  } catch {
    // Said below, as for any other token that is not ours.
  }
  throw new ApiError('BadRequest', 'continue key is not valid')
}
