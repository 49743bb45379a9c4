/**
 * Property values on Pulumi's wire: plain JSON, in which an object with a signature is something else and certain strings stand for
 * values that are not known yet. Source: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go
 */
import type {Props} from '../contract.ts'

const SIGNATURE = '4dabf18193072939515e22adb298388d'
const SECRET = '1b47061264138c4ac30d75fd1eb44270'
const ASSETS = ['c44067f5952c0a294b673a41bacd8c17', '0def7320c3a5731c473e5ecbe6d01bc7']

/** What stands for a value that is known only after the deployment. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'

/** One per kind of value; engines send UNKNOWN for strings and the others where they know the kind. */
const UNKNOWNS = new Set([
  UNKNOWN,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
])

export type Path = readonly (string | number)[]

export const isUnknown = (value: unknown): boolean => typeof value === 'string' && UNKNOWNS.has(value)

export const isObject = (value: unknown): value is Props =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isAsset = (value: unknown): boolean => isObject(value) && ASSETS.includes(value[SIGNATURE] as string)

export const hasUnknown = (value: unknown): boolean =>
  isUnknown(value) ||
  (Array.isArray(value) && value.some(hasUnknown)) ||
  (isObject(value) && Object.values(value).some(hasUnknown))

/** Takes secrets out of their wrapping; `secrets` tells where they were. Everything else stays as it is. */
export function unwrap(wire: Props): {readonly value: Props; readonly secrets: readonly Path[]} {
  const secrets: Path[] = []
  const plain = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => plain(item, [...path, index]))
    if (!isObject(value)) return value
    if (value[SIGNATURE] === SECRET) {
      secrets.push(path)
      return plain(value.value, path)
    }
    return mapValues(value, (item, key) => plain(item, [...path, key]))
  }
  return {value: plain(wire, []) as Props, secrets}
}

/** Marks as secret what lies at `secrets`; paths that lead nowhere are left out. */
export function wrap(value: Props, secrets: readonly Path[]): Props {
  return secrets.reduce<Props>((all, path) => wrapAt(all, path) as Props, value)
}

function wrapAt(value: unknown, path: Path): unknown {
  const [key, ...rest] = path
  if (value === undefined || value === null) return value
  if (key === undefined) {
    const already = isObject(value) && value[SIGNATURE] === SECRET
    return already ? value : {[SIGNATURE]: SECRET, value}
  }
  if (isObject(value) && value[SIGNATURE] === SECRET) return value
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? wrapAt(item, rest) : item))
  if (!isObject(value) || !(key in value)) return value
  return {...value, [key]: wrapAt(value[key], rest)}
}

export function mapValues(object: Props, change: (value: unknown, key: string) => unknown): Props {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}

/** Without undefined members, which JSON and Pulumi's wire cannot hold. */
export function compact(value: Props): Props {
  const keep = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(keep)
    return isObject(item) ? compact(item) : item
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, keep(item)]])),
  )
}

/** The value at a dotted path (`a.b[0].c`), or undefined. */
export function valueAt(root: unknown, path: string): unknown {
  const keys = path.split(/[.[\]]+/).filter(Boolean)
  return keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Props)[key] : undefined),
    root,
  )
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => equal(a[key], b[key]))
}
