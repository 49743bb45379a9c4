/** Checks inputs against the SDK's schema, as strictly as the real providers check against theirs: names, presence and kinds, at any depth. */
import type {CheckFailure, Props} from '../contract.ts'
import type {PackageSchema, ResourceSchema} from './generate-schemas.ts'
import {isAsset, isObject, isUnknown} from './values.ts'

export interface Schema {
  /** undefined: the emulator does not know the type. */
  resource(token: string): ResourceSchema | undefined
  /** Every problem; the bookkeeping property `__defaults` is no input. */
  check(token: string, inputs: Props): CheckFailure[]
  checkConfig(config: Props): CheckFailure[]
  /** Whether a type has an input at this dotted path; `[]` stands for a list's element. */
  accepts(token: string, path: string): boolean
  tokens(): readonly string[]
}

export function createSchema({resources, types, config}: PackageSchema): Schema {
  const checkObject = (expected: Readonly<Record<string, string>>, value: Props, path: string): CheckFailure[] => {
    const names = Object.keys(expected).map((name) => name.replace(/!$/, ''))
    const at = (name: string) => (path ? `${path}.${name}` : name)
    const missing = Object.keys(expected)
      .filter((name) => name.endsWith('!') && value[name.slice(0, -1)] == null)
      .map((name) => ({
        property: at(name.slice(0, -1)),
        reason: `missing required property ${quote(name.slice(0, -1))}`,
      }))
    const others = Object.entries(value).flatMap(([name, inner]) => {
      const type = expected[name] ?? expected[`${name}!`]
      if (type !== undefined) return inner == null ? [] : checkType(type, inner, at(name))
      if (name.startsWith('__')) return []
      const near = nearest(name, names)
      const hint = near === undefined ? '' : `; did you mean ${quote(near)}?`
      return [{property: at(name), reason: `unknown property ${quote(name)}${hint}`}]
    })
    return [...missing, ...others]
  }

  const checkType = (type: string, value: unknown, path: string): CheckFailure[] => {
    if (isUnknown(value) || type === '*') return []
    // A union fits when one of its members does; if none does, the first that is no plain text says why.
    if (!type.startsWith('[') && !type.startsWith('{') && type.includes('|')) {
      const results = type.split('|').map((member) => checkType(member, value, path))
      return results.some((failures) => failures.length === 0) ? [] : results[0]!
    }
    const wrong = (wanted: string) => [{property: path, reason: `expected ${wanted}, got ${kindOf(value)}`}]
    switch (type[0]) {
      case 's':
        return typeof value === 'string' ? [] : wrong('a string')
      case 'n':
        return typeof value === 'number' ? [] : wrong('a number')
      case 'b':
        return typeof value === 'boolean' ? [] : wrong('true or false')
      case 'a':
        return isAsset(value) ? [] : wrong('an asset')
      case '"':
        return JSON.stringify(value) === type ? [] : [{property: path, reason: `must be ${type}, got ${quote(value)}`}]
      case '[':
        if (!Array.isArray(value)) return wrong('a list')
        return value.flatMap((item, index) => checkType(type.slice(1), item, `${path}[${index}]`))
      case '{':
        if (!isObject(value)) return wrong('a map')
        return Object.entries(value).flatMap(([key, item]) => checkType(type.slice(1), item, `${path}.${key}`))
      default:
        return isObject(value) && !isAsset(value) ? checkObject(types[type.slice(1)]!, value, path) : wrong('an object')
    }
  }

  /** The type of what lies at `path` below an object with these fields. */
  const typeAt = (fields: Readonly<Record<string, string>>, [name, ...rest]: readonly string[]): string | undefined => {
    const bare = name!.replace(/\[\]$/, '')
    const whole = fields[bare] ?? fields[`${bare}!`]
    const type = bare === name ? whole : whole?.replace(/^\[/, '')
    if (type === undefined || rest.length === 0) return type
    return type.startsWith('@') ? typeAt(types[type.slice(1)]!, rest) : undefined
  }

  return {
    resource: (token) => resources[token],
    accepts: (token, path) => typeAt(resources[token]!.inputs, path.split('.')) !== undefined,
    check: (token, inputs) => checkObject(resources[token]!.inputs, inputs, ''),
    checkConfig: (inputs) => checkObject({...config, version: 's'}, inputs, ''),
    tokens: () => Object.keys(resources),
  }
}

const quote = (value: unknown) => JSON.stringify(value)

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isAsset(value)) return 'an asset'
  if (isObject(value)) return 'an object'
  return `${typeof value} ${quote(value)}`
}

/** The name most like `wrong`, if any is like it: two slips (two letters swapped count as two), or a third of it mistyped. */
export function nearest(wrong: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({name, distance: distance(wrong.toLowerCase(), name.toLowerCase())}))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  const most = Math.min(Math.max(2, Math.floor(wrong.length / 3)), wrong.length - 1)
  return best && best.distance <= most ? best.name : undefined
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({length: b.length + 1}, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change)
    }
    row = next
  }
  return row[b.length]!
}
