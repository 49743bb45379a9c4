/**
 * Which fields an object has, as server-side apply counts them (FieldsV1): one path per leaf. A path is the FieldsV1 keys joined by NUL,
 * `f:spec␀f:containers␀k:{"name":"a"}␀f:image`; the item of a keyed list itself is the path that ends in `.`.
 */
import {isMap} from './json-patch.ts'
import {isAtomic, type ListShape, listShape} from './lists.ts'
import type {Json, KubeObject} from './objects.ts'

export const SEPARATOR = '\0'

/** Nobody owns what the server itself sets. */
const UNOWNED = new Set([
  'apiVersion',
  'kind',
  'status',
  ...['name', 'namespace', 'generateName', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'selfLink']
    .concat('deletionTimestamp', 'deletionGracePeriodSeconds', 'managedFields')
    .map((field) => `metadata.${field}`),
])

/** Leaf path → value as JSON. */
export function fieldsOf(resource: string, object: KubeObject | Json): Map<string, string> {
  const fields = new Map<string, string>()
  visit(resource, object, [], [], fields)
  return fields
}

function visit(
  resource: string,
  value: Json,
  path: readonly string[],
  keys: readonly string[],
  into: Map<string, string>,
) {
  const at = keys.join(SEPARATOR)
  if (isMap(value) && !isAtomic(path) && Object.keys(value).length > 0) {
    for (const [field, part] of Object.entries(value)) {
      const next = [...path, field]
      if (!UNOWNED.has(next.join('.'))) visit(resource, part, next, [...keys, `f:${field}`], into)
    }
    return
  }
  const shape = Array.isArray(value) ? listShape(resource, path) : undefined
  if (shape?.set) {
    for (const item of value) into.set([...keys, `v:${JSON.stringify(item)}`].join(SEPARATOR), '')
  } else if (shape?.applyKeys) {
    for (const item of value) {
      const inner = [...keys, itemKey(shape, item)]
      into.set([...inner, '.'].join(SEPARATOR), '')
      visit(resource, item, path, inner, into)
    }
  } else if (at !== '') into.set(at, stable(value))
}

/** `k:{"containerPort":80,"protocol":"TCP"}` */
export function itemKey({applyKeys = [], keyDefaults = {}}: ListShape, item: Json): string {
  const keys = [...applyKeys].sort().map((key) => [key, item[key] ?? keyDefaults[key]])
  return `k:${JSON.stringify(Object.fromEntries(keys))}`
}

/** JSON with sorted keys, so that equal values are equal texts. */
function stable(value: Json): string {
  return JSON.stringify(value, (_, part) =>
    isMap(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

export type FieldTree = {[key: string]: FieldTree}

/** FieldsV1 of a set of paths. */
export function treeOf(paths: Iterable<string>): FieldTree {
  const root: FieldTree = {}
  for (const path of paths) {
    let node = root
    for (const key of path.split(SEPARATOR)) node = node[key] ??= {}
  }
  return root
}

/** The paths of a FieldsV1. */
export function pathsOf(tree: FieldTree, prefix: readonly string[] = []): Set<string> {
  const paths = new Set<string>()
  for (const [key, inner] of Object.entries(tree)) {
    const path = [...prefix, key]
    if (Object.keys(inner).length === 0) paths.add(path.join(SEPARATOR))
    for (const deeper of pathsOf(inner, path)) paths.add(deeper)
  }
  return paths
}

/** A path as conflicts print it: `.spec.template.spec.containers[name="api"].image`. */
export function readable(path: string): string {
  const parts = path.split(SEPARATOR).map((key) => {
    if (key.startsWith('f:')) return `.${key.slice(2)}`
    if (key.startsWith('v:')) return `[=${key.slice(2)}]`
    if (!key.startsWith('k:')) return ''
    const entries = Object.entries(JSON.parse(key.slice(2))).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    return `[${entries.join(',')}]`
  })
  return parts.join('')
}
