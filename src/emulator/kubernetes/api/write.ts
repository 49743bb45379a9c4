/** create, update, patch: the client's edit, then admission, then the store. */
import {randomBytes, randomUUID} from 'node:crypto'
import {isDeepStrictEqual} from 'node:util'
import {admitted} from './admission.ts'
import type {Answer, Api} from './api.ts'
import {tracked} from './apply.ts'
import {stored} from './convert.ts'
import {knownFields} from './known-fields.ts'
import type {Json, KubeObject} from './objects.ts'
import {isApply, patched} from './patch.ts'
import {warningsOf} from './pod-security.ts'
import {bodyOf, type Call, writeOptions} from './request.ts'
import {apiVersionOf, storeKey} from './resources.ts'
import {born, revised, sealed} from './revision.ts'
import {ApiError, alreadyExists, notFound} from './status.ts'

export function createObject(api: Api, call: Call): Promise<Answer> {
  const {row} = call.target
  const {uid: _, resourceVersion, ...metadata} = incoming(call, bodyOf(call)).metadata
  if (resourceVersion) throw new ApiError('BadRequest', 'resourceVersion should not be set on objects to be created')
  const name = metadata.name || (metadata.generateName && `${metadata.generateName}${suffix()}`)
  const wanted = {...incoming(call, bodyOf(call)), metadata: {...metadata, name: name ?? ''}}
  return write(api, call, name ?? '', wanted, (current, given) => {
    if (current) throw alreadyExists(row.key, name!)
    return stored(row, given!)
  })
}

export function replaceObject(api: Api, call: Call): Promise<Answer> {
  const {row, name} = call.target
  const wanted = incoming(call, bodyOf(call))
  return write(api, call, name!, wanted, (current, given) => {
    if (!current) throw notFound(row.key, name!)
    return stored(row, given!)
  })
}

export function patchObject(api: Api, call: Call): Promise<Answer> {
  const body = bodyOf(call)
  const config = isApply(call) ? incoming(call, body) : undefined
  return write(api, call, call.target.name!, config, (current, given) =>
    patched(call, current, given ?? body, api.now()),
  )
}

/** Five characters as Kubernetes' names end in: no vowels, no look-alikes. */
function suffix(): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return [...randomBytes(5)].map((byte) => alphabet[byte % alphabet.length]).join('')
}

/** An object in a body, its type and place checked against the path. Throws ApiError BadRequest. */
function incoming({target: {row, namespace, name}}: Call, body: Json): KubeObject {
  if (typeof body !== 'object' || body === null) throw new ApiError('BadRequest', 'an object is missing from the body')
  const {apiVersion = apiVersionOf(row), kind = row.kind} = body
  if (apiVersion !== apiVersionOf(row) || kind !== row.kind) {
    const message = `the object provided is unrecognized (must be of type ${row.kind}): ${apiVersion}, Kind=${kind} is not ${apiVersionOf(row)}, Kind=${row.kind}`
    throw new ApiError('BadRequest', message)
  }
  const metadata = body.metadata ?? {}
  if (name !== undefined && metadata.name && metadata.name !== name) {
    throw new ApiError(
      'BadRequest',
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    )
  }
  if (row.namespaced && metadata.namespace && metadata.namespace !== namespace) {
    throw new ApiError(
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
  const {namespace: _, ...rest} = metadata
  const place = row.namespaced ? {namespace: namespace!} : {}
  return {...body, apiVersion, kind, metadata: {...rest, ...(name !== undefined && {name}), ...place}}
}

type Edit = (current: KubeObject | undefined, given: KubeObject | undefined) => KubeObject

/**
 * Stores what `edit` makes of the object as it is now; it is on disk when this resolves. `given` is what the client sent, if it
 * sent an object: its fields are checked against the schema before, otherwise the result's are. Also the way of subresources that change the object (scale).
 */
export async function write(
  api: Api,
  call: Call,
  name: string,
  given: KubeObject | undefined,
  edit: Edit,
): Promise<Answer> {
  const {row, namespace} = call.target
  const {store, now} = api
  const key = storeKey(row)
  const options = writeOptions(call)
  const current = store.get(key, namespace, name)
  if (!current && row.namespaced && !store.get('namespaces', undefined, namespace!))
    throw notFound('namespaces', namespace!)
  const sent = given && knownFields(given)
  const edited = edit(current, sent?.object)
  const {object: known, unknown} = sent ? {object: edited, unknown: sent.unknown} : knownFields(edited)
  const warnings = fieldWarnings(known, unknown, options.fieldValidation)
  const {status: _, ...wanted} = known
  const draft = admitted(store, row, row.status ? wanted : known, current)
  if (!call.target.subresource) warnings.push(...warningsOf(store, key, draft, current))
  const next = isApply(call)
    ? draft
    : tracked(key, current, withFields(draft, current), {manager: options.manager, now: now()})
  if (options.dryRun) return {...answer(current, rehearsed(key, next, current, now())), warnings}
  const object = current ? store.update(key, next) : store.create(key, next)
  await store.flush()
  return {...answer(current, object), warnings}
}

const answer = (current: KubeObject | undefined, object: KubeObject) => ({code: current ? 200 : 201, object})

/** Ownership is the server's to write down: what a client sends of it does not count. */
function withFields(draft: KubeObject, current: KubeObject | undefined): KubeObject {
  const {managedFields: _, ...metadata} = draft.metadata
  const managedFields = current?.metadata.managedFields
  return {...draft, metadata: {...metadata, ...(managedFields && {managedFields})}}
}

function rehearsed(key: string, next: KubeObject, current: KubeObject | undefined, now: Date): KubeObject {
  if (!current) return sealed(born(key, next, randomUUID(), now))
  const object = sealed(revised(key, current, sealed(next)))
  return isDeepStrictEqual(object, current) ? current : object
}

function fieldWarnings(
  {kind, apiVersion}: KubeObject,
  unknown: readonly string[],
  mode: 'Strict' | 'Warn' | 'Ignore',
): string[] {
  const warnings = unknown.map((path) => `unknown field "${path}"`)
  if (mode === 'Strict' && warnings.length > 0) {
    const version = apiVersion.split('/').at(-1)
    const why = `strict decoding error: ${warnings.join(', ')}`
    throw new ApiError('BadRequest', `${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`)
  }
  return mode === 'Ignore' ? [] : warnings
}
