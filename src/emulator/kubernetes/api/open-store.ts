/** The object store: in memory for reading, in a journal for the next start. */
import {randomUUID} from 'node:crypto'
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {isDeepStrictEqual} from 'node:util'
import {createDeletion} from './deletion.ts'
import {createFeed} from './feed.ts'
import {type Change, openJournal, readJournal} from './journal.ts'
import type {KubeObject} from './objects.ts'
import {born, revised, sealed} from './revision.ts'
import {matchesSelector} from './selectors.ts'
import {ApiError, alreadyExists, notFound} from './status.ts'
import type {ObjectStore, StoreOptions} from './store.ts'
import {createTables} from './tables.ts'

/** What a crash may have forgotten of the version counter: watchers must never see one version twice. */
const VERSIONS_LOST_IN_A_CRASH = 10_000

/** Opens the store below `dir`, as it was left. */
export async function openStore({dir, now = () => new Date(), log = () => {}}: StoreOptions): Promise<ObjectStore> {
  mkdirSync(dir, {recursive: true})
  const path = join(dir, 'objects.ndjson')
  const tables = createTables()
  let version = 0
  for (const change of readJournal(path)) {
    version = Math.max(version, change.version)
    if (change.object) tables.set(change.resource, change.key, sealed(change.object))
    else tables.delete(change.resource, change.key)
  }
  version += VERSIONS_LOST_IN_A_CRASH
  const journal = await openJournal(path, snapshot, (error) => log('error', `objects cannot be written: ${error}`))
  const feed = createFeed(version, (error) => log('error', `a watcher of the store failed: ${error}`))

  function* snapshot(): Iterable<Change> {
    // An empty change carries the version, which may be ahead of every object's.
    yield {resource: '', key: '', object: null, version}
    for (const {resource, key, object} of tables.entries()) yield {resource, key, object, version}
  }

  /** Stores `object` (or that it is gone) under a new version and tells the watchers. */
  function commit(resource: string, object: KubeObject, previous: KubeObject | undefined, gone = false): KubeObject {
    version += 1
    const stored = sealed({...object, metadata: {...object.metadata, resourceVersion: String(version)}})
    const key = keyOf(object.metadata.namespace, object.metadata.name)
    if (gone) tables.delete(resource, key)
    else tables.set(resource, key, stored)
    journal.append({resource, key, object: gone ? null : stored, version})
    const type = gone ? 'DELETED' : previous ? 'MODIFIED' : 'ADDED'
    feed.publish({type, resource, object: stored, ...(previous && {previous})}, version)
    return stored
  }

  const find = (resource: string, namespace: string | undefined, name: string) =>
    tables.get(resource, keyOf(namespace, name))

  const deletion = createDeletion({tables, now, commit})

  const store: ObjectStore = {
    get: find,
    list(resource, {namespace, labels} = {}) {
      const objects = tables.list(resource, namespace)
      return labels ? objects.filter((object) => matchesSelector(labels, object.metadata.labels)) : objects
    },
    create(resource, object) {
      const {namespace, name} = object.metadata
      if (find(resource, namespace, name)) throw alreadyExists(resource, name)
      if (namespace && find('namespaces', undefined, namespace)?.metadata.deletionTimestamp) {
        const why = `unable to create new content in namespace ${namespace} because it is being terminated`
        throw new ApiError('Forbidden', `${resource.split('/').reverse().join('.')} "${name}" is forbidden: ${why}`)
      }
      return commit(resource, born(resource, object, object.metadata.uid ?? randomUUID(), now()), undefined)
    },
    update(resource, object) {
      const {namespace, name} = object.metadata
      const current = find(resource, namespace, name)
      if (!current) throw notFound(resource, name)
      const next = sealed(revised(resource, current, sealed(object)))
      if (isDeepStrictEqual(next, current)) return current
      const stored = commit(resource, next, current)
      deletion.finishDeleted(resource, stored)
      return stored
    },
    updateStatus(resource, namespace, name, status) {
      const current = find(resource, namespace, name)
      if (!current) return undefined
      const next = sealed(typeof status === 'function' ? status(current) : status)
      if (isDeepStrictEqual(next, current.status)) return current
      return commit(resource, {...current, status: next}, current)
    },
    delete(resource, namespace, name, options = {}) {
      const current = find(resource, namespace, name)
      if (!current) throw notFound(resource, name)
      return deletion.request(resource, current, options)
    },
    remove(resource, namespace, name) {
      const current = find(resource, namespace, name)
      if (current) deletion.drop(resource, current)
    },
    watch: feed.watch,
    since: (resourceVersion, resource) => feed.since(Number(resourceVersion), resource),
    get resourceVersion() {
      return String(version)
    },
    flush: journal.flush,
    close: journal.close,
  }
  deletion.resume()
  return store
}

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`
