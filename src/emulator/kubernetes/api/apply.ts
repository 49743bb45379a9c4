/** Server-side apply: who owns which field. https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import {type FieldTree, fieldsOf, itemKey, pathsOf, readable, treeOf} from './fields.ts'
import {isMap} from './json-patch.ts'
import {isAtomic, listShape} from './lists.ts'
import {type Json, type KubeObject, type ManagedFields, timestamp} from './objects.ts'
import {ApiError} from './status.ts'

export interface Applier {
  readonly manager: string
  /** Takes fields over from other managers instead of refusing. */
  readonly force?: boolean
  readonly now: Date
}

type Entry = {entry: ManagedFields; paths: Set<string>}

/** `live` with what `config` says. Throws ApiError Conflict when another manager owns a field that would change. */
export function applied(resource: string, live: KubeObject, config: KubeObject, applier: Applier): KubeObject {
  const {entries, own} = ownership(live, applier.manager, 'Apply')
  const wanted = new Set(fieldsOf(resource, config).keys())
  const others = entries.filter((each) => each !== own)
  const merged = merge(resource, live, config, [])
  const ours = new Set([...(own?.paths ?? [])].filter((path) => !wanted.has(path)))
  const theirs = treeOf(others.flatMap(({paths}) => [...paths]))
  const next = prune(resource, merged, treeOf(ours), treeOf(wanted), theirs, [])
  const disputed = disputes(resource, live, next, wanted, others)
  if (disputed.length > 0 && !applier.force) throw conflicts(disputed)
  for (const {path, owner} of disputed) owner.paths.delete(path)
  const mine = {entry: entryFor(config, 'Apply', applier), paths: wanted}
  const metadata = {...next.metadata, ...managed(live, [mine, ...others])}
  return {...next, apiVersion: live.apiVersion, kind: live.kind, metadata}
}

/** The managedFields of `next`, which replaces `current` by something other than an apply. */
export function tracked(
  resource: string,
  current: KubeObject | undefined,
  next: KubeObject,
  applier: Applier,
): KubeObject {
  const before = current ? fieldsOf(resource, current) : new Map<string, string>()
  const after = fieldsOf(resource, next)
  const changed = [...after.keys()].filter((path) => before.get(path) !== after.get(path))
  const gone = [...before.keys()].filter((path) => !after.has(path))
  const {entries, own} = ownership(current, applier.manager, 'Update')
  for (const {paths} of entries) for (const path of [...changed, ...gone]) paths.delete(path)
  const paths = new Set([...(own?.paths ?? []), ...changed])
  const mine = {entry: entryFor(next, 'Update', applier), paths}
  const all = changed.length > 0 || own ? [...entries.filter((each) => each !== own), mine] : entries
  return {...next, metadata: {...next.metadata, ...managed(current, all)}}
}

function ownership(object: KubeObject | undefined, manager: string, operation: 'Apply' | 'Update') {
  const entries: Entry[] = (object?.metadata.managedFields ?? []).map((entry) => ({
    entry,
    paths: pathsOf(entry.fieldsV1),
  }))
  const own = entries.find(({entry}) => entry.manager === manager && entry.operation === operation)
  return {entries, own}
}

function entryFor(object: KubeObject, operation: 'Apply' | 'Update', {manager, now}: Applier): ManagedFields {
  const {apiVersion} = object
  return {manager, operation, apiVersion, time: timestamp(now), fieldsType: 'FieldsV1', fieldsV1: {}}
}

/** An entry that stayed the same keeps its time, so that applying the same again changes nothing. */
function managed(live: KubeObject | undefined, entries: readonly Entry[]): {managedFields?: ManagedFields[]} {
  const before = live?.metadata.managedFields ?? []
  const managedFields = entries
    .filter(({paths}) => paths.size > 0)
    .map(({entry, paths}) => {
      const old = before.find((each) => each.manager === entry.manager && each.operation === entry.operation)
      const same = old && sameSet(pathsOf(old.fieldsV1), paths)
      return same ? old : {...entry, fieldsV1: treeOf([...paths].sort())}
    })
    .sort((a, b) =>
      a.operation === b.operation ? (a.manager < b.manager ? -1 : 1) : a.operation < b.operation ? -1 : 1,
    )
  return managedFields.length > 0 ? {managedFields} : {}
}

const sameSet = (a: Set<string>, b: Set<string>) => a.size === b.size && [...a].every((each) => b.has(each))

function merge(resource: string, live: Json, config: Json, path: readonly string[]): Json {
  if (isMap(config) && isMap(live) && !isAtomic(path)) {
    const merged: Json = {...live}
    for (const [field, value] of Object.entries(config)) {
      if (path.length === 0 && field === 'status') continue
      merged[field] = merge(resource, live[field], value, [...path, field])
    }
    return merged
  }
  if (!Array.isArray(config) || !Array.isArray(live)) return config
  const shape = listShape(resource, path)
  if (shape?.set) return [...new Set([...live, ...config])]
  if (!shape?.applyKeys) return config
  const merged = [...live]
  for (const item of config) {
    const at = merged.findIndex((each) => itemKey(shape, each) === itemKey(shape, item))
    if (at < 0) merged.push(item)
    else merged[at] = merge(resource, merged[at], item, path)
  }
  return merged
}

/** Takes away what only this manager had and no longer wants (`ours`), with everything in it that nobody owns. */
function prune(
  resource: string,
  value: Json,
  ours: FieldTree,
  wanted: FieldTree,
  theirs: FieldTree,
  path: readonly string[],
): Json {
  const fate = (key: string) => {
    if (!ours[key]) return 'keep'
    if (path.length === 0 && key === 'f:metadata') return 'look inside'
    if (!wanted[key] && !theirs[key]) return 'drop'
    return 'look inside'
  }
  const inside = (key: string, part: Json, next: readonly string[]) =>
    prune(resource, part, ours[key] ?? {}, wanted[key] ?? {}, theirs[key] ?? {}, next)
  if (isMap(value)) {
    const kept: Json = {}
    for (const [field, part] of Object.entries<Json>(value)) {
      const key = `f:${field}`
      if (fate(key) === 'drop') continue
      kept[field] = fate(key) === 'keep' ? part : inside(key, part, [...path, field])
    }
    return kept
  }
  const shape = Array.isArray(value) ? listShape(resource, path) : undefined
  if (!shape?.set && !shape?.applyKeys) return value
  const keyOf = (item: Json) => (shape.set ? `v:${JSON.stringify(item)}` : itemKey(shape, item))
  return value
    .filter((item: Json) => fate(keyOf(item)) !== 'drop')
    .map((item: Json) => (fate(keyOf(item)) === 'keep' ? item : inside(keyOf(item), item, path)))
}

function disputes(resource: string, live: KubeObject, next: KubeObject, wanted: Set<string>, others: readonly Entry[]) {
  const before = fieldsOf(resource, live)
  const after = fieldsOf(resource, next)
  const changed = [...wanted].filter((path) => before.get(path) !== after.get(path))
  return changed.flatMap((path) => others.filter(({paths}) => paths.has(path)).map((owner) => ({path, owner})))
}

/** Worded as the API server words it. */
function conflicts(disputed: readonly {path: string; owner: Entry}[]): ApiError {
  const causes = disputed.map(({path, owner}) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${described(owner.entry)}`,
    field: readable(path),
  }))
  if (causes.length === 1) {
    const {message, field} = causes[0]!
    return new ApiError('Conflict', `Apply failed with 1 conflict: ${message}: ${field}`, {causes})
  }
  const lines = [...new Set(causes.map(({message}) => message))].flatMap((message) => [
    `${message.replace('conflict', 'conflicts')}:`,
    ...causes.filter((cause) => cause.message === message).map(({field}) => `- ${field}`),
  ])
  return new ApiError('Conflict', `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`, {causes})
}

const described = ({manager, operation, apiVersion, time}: ManagedFields): string =>
  operation === 'Apply' ? `"${manager}"` : `"${manager}" using ${apiVersion} at ${time}`
