/**
 * What Google's provider refuses before it calls anything, beyond names and kinds: values outside a set or a range, inputs that
 * exclude or need each other. constraints.json holds it as data and says which version of the provider it was read from.
 */
import {readFileSync} from 'node:fs'
import type {CheckFailure, Props} from '../contract.ts'
import {isObject, isUnknown, valueAt} from './values.ts'

export interface Constraints {
  /** Inputs whose change forces a replacement, as in ResourceType. */
  readonly immutable?: readonly string[]
  /** Dotted path, `[]` for every element of a list → the values it may have. */
  readonly oneOf?: Readonly<Record<string, readonly string[]>>
  /** Likewise → the least and the most it may be; null: no bound. */
  readonly between?: Readonly<Record<string, readonly [least: number | null, most: number | null]>>
  /** Of the inputs listed, at most one, exactly one, at least one; `needs`: the first only with all the others. */
  readonly groups?: readonly Group[]
}

interface Group {
  readonly rule: 'atMostOne' | 'exactlyOne' | 'atLeastOne' | 'needs'
  /** Dotted paths; they are held only when the object around the first one is given. */
  readonly of: readonly string[]
}

export function loadConstraints(): Readonly<Record<string, Constraints>> {
  const file = new URL('./constraints.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')).resources
}

/** Every breach. What is not known yet passes. Pure. */
export function breaches({oneOf = {}, between = {}, groups = []}: Constraints, inputs: Props): CheckFailure[] {
  return [
    ...Object.entries(oneOf).flatMap(([path, allowed]) =>
      placesOf(inputs, path)
        .filter(({value}) => !allowed.includes(value as string))
        .map(({property, value}) => ({
          property,
          reason: `expected ${property} to be one of ${quote(allowed)}, got ${value}`,
        })),
    ),
    ...Object.entries(between).flatMap(([path, [least, most]]) =>
      placesOf(inputs, path)
        .filter(({value}) => Number(value) < (least ?? -Infinity) || Number(value) > (most ?? Infinity))
        .map(({property, value}) => ({
          property,
          reason: `expected ${property} to be ${rangeOf(least, most)}, got ${value}`,
        })),
    ),
    ...groups.flatMap((group) => groupBreach(group, inputs)),
  ]
}

const quote = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`

function rangeOf(least: number | null, most: number | null): string {
  if (most === null) return `at least (${least})`
  return least === null ? `at most (${most})` : `in the range (${least} - ${most})`
}

/** Known values at a path in which `[]` stands for every element. */
function placesOf(root: unknown, path: string): {property: string; value: unknown}[] {
  const [head, ...rest] = path.split('[]')
  const value = valueAt(root, head!.replace(/^\./, ''))
  if (value === undefined || value === null || isUnknown(value)) return []
  if (rest.length === 0) return [{property: head!, value}]
  if (!Array.isArray(value)) return []
  return value.flatMap((item, index) => {
    const inner = rest.join('[]')
    if (inner === '') return isUnknown(item) ? [] : [{property: `${head}[${index}]`, value: item}]
    return placesOf(item, inner.slice(1)).map((found) => ({...found, property: `${head}[${index}].${found.property}`}))
  })
}

function groupBreach({rule, of}: Group, inputs: Props): CheckFailure[] {
  const around = of[0]!.split('.').slice(0, -1).join('.')
  if (around !== '' && !isObject(valueAt(inputs, around))) return []
  const isGiven = (path: string) => (valueAt(inputs, path) ?? null) !== null
  const given = of.filter(isGiven)
  const words = of.join(', ')
  const wrong = (property: string, reason: string) => [{property, reason}]
  if (rule === 'needs') {
    const missing = of.filter((path) => !isGiven(path))
    return isGiven(of[0]!) && missing.length > 0
      ? wrong(of[0]!, `all of ${words} must be given, ${missing.join(', ')} is missing`)
      : []
  }
  if (given.length === 0 && rule === 'exactlyOne') return wrong(of[0]!, `one of ${words} must be given`)
  if (given.length === 0 && rule === 'atLeastOne') return wrong(of[0]!, `at least one of ${words} must be given`)
  const known = given.filter((path) => !isUnknown(valueAt(inputs, path)))
  const isOver = known.length > 1 && rule !== 'atLeastOne'
  return isOver ? wrong(known[0]!, `only one of ${words} can be given, but ${known.join(', ')} were`) : []
}
