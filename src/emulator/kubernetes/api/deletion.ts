/**
 * How objects go: grace, finalizers, and what they own.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
import {type DeleteOptions, type KubeObject, timestamp} from './objects.ts'
import {RESOURCES, resourceByKey, storeKey} from './resources.ts'
import {conflict} from './status.ts'
import type {Located, Tables} from './tables.ts'

const FOREGROUND = 'foregroundDeletion'

interface Means {
  readonly tables: Tables
  readonly now: () => Date
  commit(resource: string, object: KubeObject, previous: KubeObject | undefined, gone?: boolean): KubeObject
}

export interface Deletion {
  /** As a DELETE request. Returns the object as it was last. */
  request(resource: string, object: KubeObject, options: DeleteOptions): KubeObject
  /** Takes it away now, and then what it owns. */
  drop(resource: string, object: KubeObject): KubeObject
  /** Takes an object whose deletion was requested away if nothing holds it any more. */
  finishDeleted(resource: string, object: KubeObject): void
  /** Goes on with what a stop of the process interrupted. */
  resume(): void
}

export function createDeletion({tables, now, commit}: Means): Deletion {
  const current = (resource: string, {metadata}: KubeObject) =>
    tables.get(resource, `${metadata.namespace ?? ''}/${metadata.name}`)

  function request(resource: string, object: KubeObject, options: DeleteOptions): KubeObject {
    checkPreconditions(resource, object, options)
    const uid = object.metadata.uid!
    if (options.propagationPolicy === 'Orphan') for (const dependent of tables.dependentsOf(uid)) disown(dependent, uid)
    const foreground = options.propagationPolicy === 'Foreground' && tables.dependentsOf(uid).length > 0
    const grace = graceOf(resource, object, options)
    const marked = mark(resource, object, grace, foreground)
    if (foreground) for (const dependent of tables.dependentsOf(uid)) deleteDependent(dependent, 'Foreground')
    if (resource === 'namespaces') for (const content of contentsOf(object.metadata.name)) deleteDependent(content)
    const last = current(resource, marked)
    return last
      ? finishWhenFree(resource, last, Math.min(grace, last.metadata.deletionGracePeriodSeconds ?? grace))
      : marked
  }

  /** Sets the deletionTimestamp; a later request may only shorten the grace. */
  function mark(resource: string, object: KubeObject, grace: number, foreground: boolean): KubeObject {
    const {metadata} = object
    const finalizers = metadata.finalizers ?? []
    const held = foreground && !finalizers.includes(FOREGROUND)
    const shorter = grace < (metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY)
    if (!held && !shorter) return object
    if (grace === 0 && finalizers.length === 0 && !foreground && resource !== 'namespaces') return object
    const marked: KubeObject = {
      ...object,
      metadata: {
        ...metadata,
        deletionTimestamp: shorter ? timestamp(new Date(now().getTime() + grace * 1000)) : metadata.deletionTimestamp!,
        deletionGracePeriodSeconds: shorter ? grace : metadata.deletionGracePeriodSeconds!,
        ...(metadata.generation !== undefined && {generation: metadata.generation + 1}),
        ...(held && {finalizers: [...finalizers, FOREGROUND]}),
      },
    }
    if (resource === 'namespaces') marked.status = {...object.status, phase: 'Terminating'}
    return commit(resource, marked, object)
  }

  function deleteDependent({resource, key}: Located, propagationPolicy: 'Background' | 'Foreground' = 'Background') {
    const object = tables.get(resource, key)
    if (!object) return
    if (object.metadata.deletionTimestamp && propagationPolicy === 'Background') return
    request(resource, object, {propagationPolicy})
  }

  function finishWhenFree(resource: string, object: KubeObject, grace = 0): KubeObject {
    const {finalizers = [], name} = object.metadata
    const held = finalizers.some((finalizer) => finalizer !== FOREGROUND || blocks(object.metadata.uid!))
    if (held || grace > 0) return object
    if (resource === 'namespaces' && contentsOf(name).length > 0) return object
    return drop(resource, object)
  }

  function finishDeleted(resource: string, object: KubeObject) {
    const {deletionTimestamp, deletionGracePeriodSeconds} = object.metadata
    if (deletionTimestamp) finishWhenFree(resource, object, deletionGracePeriodSeconds)
  }

  /** Whether dependents that asked for it still hold their owner in a foreground deletion. */
  const blocks = (uid: string): boolean =>
    tables
      .dependentsOf(uid)
      .some(({object}) =>
        object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion),
      )

  function drop(resource: string, object: KubeObject): KubeObject {
    const {uid, namespace, ownerReferences = []} = object.metadata
    const gone = commit(resource, object, object, true)
    for (const dependent of tables.dependentsOf(uid!)) release(dependent, uid!)
    for (const owner of [...ownerReferences.map((reference) => tables.byUid(reference.uid)), namespaceOf(namespace)]) {
      const still = owner && tables.get(owner.resource, owner.key)
      if (still) finishDeleted(owner.resource, still)
    }
    return gone
  }

  /** A dependent goes with its last owner. */
  function release(dependent: Located, uid: string) {
    const others = (dependent.object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid)
    if (others.some((owner) => tables.byUid(owner.uid))) disown(dependent, uid)
    else deleteDependent(dependent)
  }

  function disown({resource, object}: Located, uid: string) {
    const {ownerReferences = [], ...metadata} = object.metadata
    const rest = ownerReferences.filter((owner) => owner.uid !== uid)
    commit(resource, {...object, metadata: {...metadata, ...(rest.length > 0 && {ownerReferences: rest})}}, object)
  }

  function namespaceOf(name: string | undefined): Located | undefined {
    const object = name === undefined ? undefined : tables.get('namespaces', `/${name}`)
    return object && {resource: 'namespaces', key: `/${name}`, object}
  }

  function contentsOf(namespace: string): Located[] {
    const kinds = new Set(RESOURCES.filter((row) => row.namespaced).map(storeKey))
    return [...kinds].flatMap((resource) =>
      tables
        .list(resource, namespace)
        .map((object) => ({resource, key: `${namespace}/${object.metadata.name}`, object})),
    )
  }

  function resume() {
    for (const {resource, object} of [...tables.entries()]) {
      const owners = object.metadata.ownerReferences ?? []
      if (!current(resource, object)) continue
      if (object.metadata.deletionTimestamp) finishDeleted(resource, object)
      else if (owners.length > 0 && !owners.some((owner) => tables.byUid(owner.uid))) request(resource, object, {})
    }
  }

  return {request, drop, resume, finishDeleted}
}

function checkPreconditions(resource: string, {metadata}: KubeObject, {preconditions = {}}: DeleteOptions) {
  const {uid, resourceVersion} = preconditions
  if (uid && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`
    throw conflict(resource, metadata.name, why)
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`
    throw conflict(resource, metadata.name, why)
  }
}

/** Seconds a pod may take to stop. One that has no node, or has ended, need not wait for a kubelet. */
function graceOf(resource: string, {spec, status}: KubeObject, {gracePeriodSeconds}: DeleteOptions): number {
  if (resource !== 'pods' || !resourceByKey(resource)) return 0
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
  return gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
}
