/** What a path of the API means. https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
import {type ResourceType, resourceAt} from './resources.ts'

export interface Target {
  readonly row: ResourceType
  /** undefined: cluster-scoped, or all namespaces. */
  readonly namespace: string | undefined
  /** undefined: the collection. */
  readonly name: string | undefined
  readonly subresource: string | undefined
  /** The path after `…/proxy/`. */
  readonly rest: string
}

/** undefined: no such resource. `path` has no query. */
export function parseTarget(path: string): Target | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent)
  const core = parts[0] === 'api'
  if (!core && parts[0] !== 'apis') return undefined
  const [group, version, ...rest] = core ? ['', ...parts.slice(1)] : parts.slice(1)
  if (group === undefined || version === undefined) return undefined
  // `/namespaces/N/status` is the namespace's own subresource; `/namespaces/N/pods` is a collection in it.
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2]!)
  const [namespace, tail] = scoped ? [rest[1], rest.slice(2)] : [undefined, rest]
  const [plural, name, subresource, ...more] = tail
  const row = plural === undefined ? undefined : resourceAt(group, version, plural)
  if (!row || (scoped && !row.namespaced)) return undefined
  if (name !== undefined && row.namespaced && !scoped) return undefined
  return {row, namespace, name: name || undefined, subresource, rest: more.join('/')}
}
