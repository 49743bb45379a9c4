/** What a refresh makes of the inputs: the same fields as before, with the values found in the cloud. */
import {isObject, mapValues} from './values.ts'

/**
 * `live` cut down to the fields that `old` has. A list of the same length is compared element by element, since the cloud fills in
 * fields nobody asked for; one of another length is taken as it is.
 */
export function refreshInputs(old: unknown, live: unknown): unknown {
  if (live === undefined) return undefined
  if (isObject(old) && isObject(live)) {
    return mapValues(old, (value, key) => (key.startsWith('__') ? value : refreshInputs(value, live[key])))
  }
  if (Array.isArray(old) && Array.isArray(live) && old.length === live.length) {
    return old.map((value, index) => refreshInputs(value, live[index]))
  }
  return isSameReference(old, live) ? old : live
}

/** Google answers with whole links what may be asked for by id or name alone. */
function isSameReference(old: unknown, live: unknown): boolean {
  if (typeof old !== 'string' || typeof live !== 'string' || !live.includes('projects/')) return false
  return live.endsWith(`/${old.replace(/^.*(?=projects\/)/, '')}`)
}
