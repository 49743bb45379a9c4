/** RFC 6902 (JSON Patch) and RFC 7386 (JSON Merge Patch). Neither changes its input. */
import type {Json} from './objects.ts'
import {ApiError} from './status.ts'

/** `null` removes a field, objects merge, everything else replaces. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isMap(patch)) return patch
  const merged: Json = isMap(target) ? {...target} : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

export const isMap = (value: Json): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

const refuse = (message: string): never => {
  throw new ApiError('Invalid', `the server rejected our request due to an error in our request: ${message}`, {})
}

/** Throws ApiError Invalid when an operation does not fit or a `test` fails, and leaves nothing half done. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations)) throw new ApiError('BadRequest', 'a JSON patch is a list of operations')
  const document = {root: structuredClone(target)}
  for (const operation of operations) applyOperation(document, operation)
  return document.root
}

function applyOperation(document: Json, {op, path, from, value}: Json) {
  if (op === 'add') return add(document, path, structuredClone(value))
  if (op === 'remove') return remove(document, path)
  if (op === 'copy') return add(document, path, structuredClone(read(document, from)))
  if (op === 'move') return add(document, path, remove(document, from))
  if (op === 'test') {
    if (JSON.stringify(read(document, path)) !== JSON.stringify(value)) refuse(`testing path ${path} failed`)
    return
  }
  if (op !== 'replace') return refuse(`unexpected kind: ${op}`)
  read(document, path)
  remove(document, path)
  add(document, path, structuredClone(value))
}

function locate(document: Json, pointer: string): {parent: Json; key: string} {
  const keys = ['root', ...String(pointer).split('/').slice(1)].map((key) =>
    key.replaceAll('~1', '/').replaceAll('~0', '~'),
  )
  const key = keys.pop()!
  let parent = document
  for (const step of keys) {
    parent = parent[step]
    if (typeof parent !== 'object' || parent === null) return refuse(`missing path: ${pointer}`)
  }
  return {parent, key}
}

function read(document: Json, pointer: string): Json {
  const {parent, key} = locate(document, pointer)
  if (!Object.hasOwn(parent, key)) refuse(`missing value: ${pointer}`)
  return parent[key]
}

function add(document: Json, pointer: string, value: Json) {
  const {parent, key} = locate(document, pointer)
  if (!Array.isArray(parent)) {
    parent[key] = value
    return
  }
  const index = key === '-' ? parent.length : Number(key)
  if (!(index >= 0 && index <= parent.length)) refuse(`index out of bounds: ${pointer}`)
  parent.splice(index, 0, value)
}

function remove(document: Json, pointer: string): Json {
  const removed = read(document, pointer)
  const {parent, key} = locate(document, pointer)
  if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete parent[key]
  return removed
}
