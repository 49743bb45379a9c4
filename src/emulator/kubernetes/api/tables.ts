/** The objects in memory, and who owns whom. */
import type {KubeObject} from './objects.ts'

export interface Located {
  readonly resource: string
  readonly key: string
  readonly object: KubeObject
}

export interface Tables {
  get(resource: string, key: string): KubeObject | undefined
  set(resource: string, key: string, object: KubeObject): void
  delete(resource: string, key: string): void
  /** Ordered by namespace and name. */
  list(resource: string, namespace?: string): KubeObject[]
  entries(): Iterable<Located>
  byUid(uid: string): Located | undefined
  /** Objects with an ownerReference to this uid. */
  dependentsOf(uid: string): Located[]
}

export function createTables(): Tables {
  const tables = new Map<string, Map<string, KubeObject>>()
  const places = new Map<string, {resource: string; key: string}>()
  const dependents = new Map<string, Set<string>>()

  const get = (resource: string, key: string) => tables.get(resource)?.get(key)

  function forget(object: KubeObject) {
    places.delete(object.metadata.uid!)
    for (const {uid} of object.metadata.ownerReferences ?? []) {
      const owned = dependents.get(uid)
      owned?.delete(object.metadata.uid!)
      if (owned?.size === 0) dependents.delete(uid)
    }
  }

  function learn(resource: string, key: string, object: KubeObject) {
    places.set(object.metadata.uid!, {resource, key})
    for (const {uid} of object.metadata.ownerReferences ?? []) {
      const owned = dependents.get(uid) ?? new Set()
      dependents.set(uid, owned.add(object.metadata.uid!))
    }
  }

  function byUid(uid: string): Located | undefined {
    const place = places.get(uid)
    const object = place && get(place.resource, place.key)
    return object && {...place, object}
  }

  return {
    get,
    set(resource, key, object) {
      const table = tables.get(resource) ?? new Map()
      const previous = table.get(key)
      if (previous) forget(previous)
      learn(resource, key, object)
      tables.set(resource, table.set(key, object))
    },
    delete(resource, key) {
      const object = get(resource, key)
      if (!object) return
      forget(object)
      tables.get(resource)?.delete(key)
    },
    list(resource, namespace) {
      const keys = [...(tables.get(resource)?.keys() ?? [])].sort()
      const wanted = namespace === undefined ? keys : keys.filter((key) => key.startsWith(`${namespace}/`))
      return wanted.map((key) => get(resource, key)!)
    },
    *entries() {
      for (const [resource, table] of tables) for (const [key, object] of table) yield {resource, key, object}
    },
    byUid,
    dependentsOf: (uid) => [...(dependents.get(uid) ?? [])].map((dependent) => byUid(dependent)!),
  }
}
