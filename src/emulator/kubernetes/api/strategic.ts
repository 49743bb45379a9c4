/** Strategic merge patch: lists merged by key, with directives. https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md */
import {isMap} from './json-patch.ts'
import {type ListShape, listShape} from './lists.ts'
import type {Json} from './objects.ts'
import {ApiError} from './status.ts'

const ORDER = '$setElementOrder/'
const DELETE = '$deleteFromPrimitiveList/'

/** `target` with `patch`, both of the resource `resource` (store's key). Does not change its input. Throws ApiError BadRequest. */
export function strategicMerge(resource: string, target: Json, patch: Json, path: readonly string[] = []): Json {
  const {$patch: directive, $retainKeys: retained, ...fields} = patch
  if (directive === 'replace') return fields
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') unknown(directive)
  const merged: Json = {...target}
  if (retained) for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key]
  for (const [key, value] of Object.entries<Json>(fields)) {
    if (key.startsWith(ORDER)) continue
    if (key.startsWith(DELETE)) {
      const field = key.slice(DELETE.length)
      if (merged[field]) merged[field] = merged[field].filter((each: Json) => !value.includes(each))
    } else if (value === null) delete merged[key]
    else merged[key] = mergeValue(resource, merged[key], value, [...path, key])
  }
  for (const [key, order] of Object.entries<Json>(fields)) {
    if (key.startsWith(ORDER))
      reorder(merged, key.slice(ORDER.length), order, listShape(resource, [...path, key.slice(ORDER.length)]))
  }
  return merged
}

function mergeValue(resource: string, target: Json, value: Json, path: readonly string[]): Json {
  if (isMap(value)) return strategicMerge(resource, isMap(target) ? target : {}, value, path)
  if (!Array.isArray(value)) return value
  const shape = listShape(resource, path)
  if (shape?.set) return [...new Set([...(target ?? []), ...value])]
  if (!shape?.patchKey) return value
  return mergeList(resource, target ?? [], value, path, shape.patchKey)
}

function mergeList(resource: string, target: Json[], patch: Json[], path: readonly string[], key: string): Json[] {
  if (patch.some((item) => item?.$patch === 'replace')) return patch.filter((item) => item.$patch !== 'replace')
  let merged = [...target]
  for (const item of patch) {
    if (item?.[key] === undefined)
      throw new ApiError('BadRequest', `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    const index = merged.findIndex((each) => each[key] === item[key])
    if (item.$patch === 'delete') merged = merged.filter((each) => each[key] !== item[key])
    else if (index < 0) merged.push(strategicMerge(resource, {}, item, path))
    else merged[index] = strategicMerge(resource, merged[index], item, path)
  }
  return merged
}

/** The listed items first and in that order; what the patch did not know stays behind them. */
function reorder(merged: Json, field: string, order: Json[], shape: ListShape | undefined) {
  const key = shape?.patchKey
  if (!Array.isArray(merged[field]) || !(key || shape?.set)) return
  const wanted = key ? order.map((each) => each[key]) : order
  const rank = (item: Json) => {
    const at = wanted.indexOf(key ? item[key] : item)
    return at < 0 ? wanted.length : at
  }
  merged[field] = merged[field].toSorted((a: Json, b: Json) => rank(a) - rank(b))
}

function unknown(directive: string): never {
  throw new ApiError('BadRequest', `unknown patch type: ${directive}`)
}
