/** delete and deletecollection. */
import type {Answer, Api} from './api.ts'
import type {DeleteOptions, KubeObject} from './objects.ts'
import {selected} from './read.ts'
import {bodyOf, type Call} from './request.ts'
import {type ResourceType, storeKey} from './resources.ts'
import {ApiError, notFound, success} from './status.ts'

const PROTECTED = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

export async function deleteObject({store}: Api, call: Call): Promise<Answer> {
  const {row, namespace, name} = call.target
  const {dryRun, ...options} = deleteOptions(call)
  const current = store.get(storeKey(row), namespace, name!)
  if (!current) throw notFound(row.key, name!)
  if (row.key === 'namespaces' && PROTECTED.includes(name!)) {
    throw new ApiError('Forbidden', `namespaces "${name}" is forbidden: this namespace may not be deleted`, {
      name: name!,
      kind: 'namespaces',
    })
  }
  if (dryRun) return deleted(row, current, true)
  const last = store.delete(storeKey(row), namespace, name!, options)
  await store.flush()
  return deleted(row, last, store.get(storeKey(row), namespace, name!) === undefined)
}

/** Pods, and what is still there, are answered as they were last; the rest by a Status. */
function deleted(row: ResourceType, object: KubeObject, gone: boolean): Answer {
  if (row.key === 'pods' || !gone) return {object}
  const {name, uid} = object.metadata
  return {raw: success({name, ...(row.group && {group: row.group}), kind: row.plural, uid: uid!})}
}

export async function deleteCollection(api: Api, call: Call): Promise<Answer> {
  const {row} = call.target
  const {dryRun, ...options} = deleteOptions(call)
  const list = selected(api, call)
  if (!dryRun) {
    for (const {metadata} of list) {
      // What an earlier one owned may be gone by now.
      if (api.store.get(storeKey(row), metadata.namespace, metadata.name)) {
        api.store.delete(storeKey(row), metadata.namespace, metadata.name, options)
      }
    }
    await api.store.flush()
  }
  return {list, metadata: {resourceVersion: api.store.resourceVersion}}
}

/** From the query, or from a DeleteOptions in the body. */
function deleteOptions(call: Call): DeleteOptions & {dryRun: boolean} {
  const body = bodyOf(call) ?? {}
  const {query} = call
  const grace = query.has('gracePeriodSeconds') ? Number(query.get('gracePeriodSeconds')) : body.gracePeriodSeconds
  const orphan = body.orphanDependents === true || query.get('orphanDependents') === 'true'
  const propagationPolicy =
    query.get('propagationPolicy') ?? body.propagationPolicy ?? (orphan ? 'Orphan' : 'Background')
  if (!['Background', 'Foreground', 'Orphan'].includes(propagationPolicy)) {
    throw new ApiError('BadRequest', `invalid propagationPolicy: ${propagationPolicy}`)
  }
  return {
    propagationPolicy,
    dryRun: query.getAll('dryRun').includes('All') || (body.dryRun ?? []).includes('All'),
    ...(grace != null && {gracePeriodSeconds: grace}),
    ...(body.preconditions && {preconditions: body.preconditions}),
  }
}
