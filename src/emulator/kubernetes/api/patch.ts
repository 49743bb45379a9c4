/** The four kinds of patch. https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
import {applied} from './apply.ts'
import {served, stored} from './convert.ts'
import {jsonPatch, mergePatch} from './json-patch.ts'
import type {Json, KubeObject} from './objects.ts'
import {type Call, writeOptions} from './request.ts'
import {apiVersionOf, type ResourceType, resourceByKey, storeKey} from './resources.ts'
import {ApiError, notFound} from './status.ts'
import {strategicMerge} from './strategic.ts'

const APPLY = ['application/apply-patch+yaml', 'application/apply-patch+json']
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'

export const isApply = ({method, contentType}: Call): boolean => method === 'PATCH' && APPLY.includes(contentType)

/** What the object becomes, before admission. Only an apply may create. Throws ApiError. */
export function patched(call: Call, current: KubeObject | undefined, body: Json, now: Date): KubeObject {
  const {row, name} = call.target
  if (isApply(call)) return apply(call, current, body, now)
  if (!current) throw notFound(row.key, name!)
  const next = edited(call, served(row, current), body)
  const {name: renamed, namespace} = next.metadata ?? {}
  if (renamed !== current.metadata.name || namespace !== current.metadata.namespace) {
    throw new ApiError('BadRequest', 'the name of the object cannot be changed')
  }
  return stored(row, next)
}

function edited({target: {row}, contentType}: Call, object: KubeObject, patch: Json): KubeObject {
  if (contentType === MERGE) return mergePatch(object, patch)
  if (contentType === JSON_PATCH) return jsonPatch(object, patch)
  if (contentType === STRATEGIC && !isCustom(row)) return strategicMerge(storeKey(row), object, patch)
  const accepted = [JSON_PATCH, MERGE, ...(isCustom(row) ? [] : [STRATEGIC]), ...APPLY]
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
  throw new ApiError('UnsupportedMediaType', message)
}

/** Custom resources have no strategic merge patch. */
const isCustom = ({group}: ResourceType) => /\.gke\.io$|\.x-k8s\.io$/.test(group)

function apply(call: Call, current: KubeObject | undefined, config: KubeObject, now: Date): KubeObject {
  const {row} = call.target
  const {manager, force} = writeOptions(call)
  if (!call.query.get('fieldManager')) {
    throw new ApiError(
      'BadRequest',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  }
  if (config.metadata.managedFields) throw new ApiError('BadRequest', 'metadata.managedFields must be nil')
  const {namespace, name} = config.metadata
  const place = {name, ...(namespace && {namespace})}
  const {apiVersion, kind} = {apiVersion: apiVersionOf(resourceByKey(storeKey(row))!), kind: row.kind}
  const base = current ?? {apiVersion, kind, metadata: place}
  return applied(storeKey(row), base, withoutNulls(stored(row, config)), {manager, force, now})
}

const withoutNulls = (value: Json): Json =>
  JSON.parse(JSON.stringify(value), (_, part) => (part === null ? undefined : part))
