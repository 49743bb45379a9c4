/** Pure: what an object becomes when it is stored. */
import {isDeepStrictEqual} from 'node:util'
import {type Json, type KubeObject, timestamp} from './objects.ts'
import {type ResourceType, resourceByKey} from './resources.ts'
import {conflict} from './status.ts'

const typeOf = (resource: string): ResourceType | undefined => resourceByKey(resource)

/** A plain copy without undefined fields, frozen all the way down. */
export const sealed = <T>(value: T): T => freeze(JSON.parse(JSON.stringify(value)))

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

/** A new object, with what the server gives every object. Not frozen. */
export function born(resource: string, object: KubeObject, uid: string, now: Date): KubeObject {
  const {generateName, namespace, ...metadata} = object.metadata
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(generateName && {generateName}),
      ...(namespace && typeOf(resource)?.namespaced !== false && {namespace}),
      uid,
      creationTimestamp: timestamp(now),
      ...(typeOf(resource)?.generation && {generation: 1}),
    },
  }
}

/** `next` in place of `current`: the server's fields and the status are kept. Throws ApiError Conflict when `next` is of an older version. */
export function revised(resource: string, current: KubeObject, next: KubeObject): KubeObject {
  const {resourceVersion, uid} = next.metadata
  const name = current.metadata.name
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) throw conflict(resource, name)
  if (uid && uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`
    throw conflict(resource, name, why)
  }
  const generation = current.metadata.generation
  const changed = generation !== undefined && !isDeepStrictEqual(next.spec, current.spec)
  return {
    ...next,
    apiVersion: current.apiVersion,
    kind: current.kind,
    metadata: {
      ...next.metadata,
      name,
      ...kept(current.metadata, ['namespace', 'uid', 'creationTimestamp', 'resourceVersion', 'generateName']),
      ...kept(current.metadata, ['deletionTimestamp', 'deletionGracePeriodSeconds']),
      ...(generation !== undefined && {generation: generation + (changed ? 1 : 0)}),
    },
    ...kept(current, ['status']),
  }
}

/** `fields` of `from`, undefined where it has none, so that a spread removes what a client made up. */
const kept = (from: Json, fields: readonly string[]): Json =>
  Object.fromEntries(fields.map((field) => [field, from[field]]))
