/** The shape of one environment's settings: zod's issues as faults with places, and what remains when the misshapen is left out. */
import type {core} from 'zod/mini'
import {expectationOf} from './expected.ts'
import {type Located, offsetOf, type Path, plain} from './located.ts'
import {nearest} from './nearest.ts'
import type {Fault} from './problems.ts'
import {Settings} from './schema.ts'

export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly (DeepPartial<Item> | undefined)[]
  : T extends object
    ? {[K in keyof T]?: DeepPartial<T[K]> | undefined}
    : T

/** Settings with what was misshapen left out; what is there has its right shape. */
export type Draft = DeepPartial<Settings>

export interface Shape {
  readonly draft: Draft
  /** The whole, when nothing was misshapen. */
  readonly settings?: Settings
  readonly faults: readonly Fault[]
  /** Where something was misshapen or missing. */
  readonly broken: readonly Path[]
}

/** Checks one environment's settings against the schema. */
export function checkShape(root: Located): Shape {
  const value = plain(root)
  const result = Settings.safeParse(value)
  if (result.success) return {draft: result.data, settings: result.data, faults: [], broken: []}
  const faults: Fault[] = []
  const broken: Path[] = []
  for (const issue of result.error.issues) {
    for (const [path, fault] of faultsOf(root, value, issue)) {
      faults.push(fault)
      broken.push(path)
      removeAt(value, path)
    }
  }
  return {draft: value as Draft, faults, broken}
}

function faultsOf(root: Located, value: unknown, issue: core.$ZodIssue): [Path, Fault][] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path)
    return issue.keys.map((key) => [[...path, key], unknownKey(root, [...path, key], known)])
  }
  if (issue.code === 'invalid_key') {
    const expected = expectationOf(issue.issues[0]?.message ?? '')
    const message = `"${path.at(-1)}" must be ${expected?.what ?? 'a name'}.`
    const instead = kebab(String(path.at(-1)))
    return [[path, {code: 'NAME_INVALID', message, offset: offsetOf(root, path, 'key'), ...(instead && {instead})}]]
  }
  const found = valueAt(value, path)
  if (found === undefined) return [[path, missing(root, path, issue)]]
  return [[path, invalid(root, path, issue, found)]]
}

function unknownKey(root: Located, path: Path, known: readonly string[]): Fault {
  const key = String(path.at(-1))
  const meant = nearest(key, known)
  const choices = known.length > 0 ? ` It takes ${known.join(', ')}.` : ''
  const message = `${where(path)} is not a setting.${meant ? ` Did you mean ${meant}?` : choices}`
  return {code: 'KEY_UNKNOWN', message, offset: offsetOf(root, path, 'key'), ...(meant && {instead: meant})}
}

function missing(root: Located, path: Path, issue: core.$ZodIssue): Fault {
  const key = path.at(-1)
  const expected = expectationOf(issue.message)
  const choices = issue.code === 'invalid_value' ? `: ${issue.values.join(' or ')}` : ''
  const message = `${where(path)} is missing; it must be ${expected?.what ?? 'a map'}${choices}.`
  const value = issue.code === 'invalid_value' ? issue.values[0] : (expected?.instead ?? '…')
  return {code: 'KEY_MISSING', message, offset: offsetOf(root, path), instead: `${String(key)}: ${String(value)}`}
}

function invalid(root: Located, path: Path, issue: core.$ZodIssue, found: unknown): Fault {
  const expected = expectationOf(issue.message)
  const offset = offsetOf(root, path)
  if (issue.code === 'invalid_value') {
    const choices = issue.values.map(String)
    const meant = typeof found === 'string' ? nearest(found, choices) : undefined
    const message = `${where(path)} is ${show(found)}; it must be ${oneOf(choices)}.`
    return {code: 'VALUE_NOT_ALLOWED', message, offset, ...(meant && {instead: meant})}
  }
  const bound =
    issue.code === 'too_small' && issue.origin !== 'string'
      ? ` from ${issue.minimum}`
      : issue.code === 'too_big' && issue.origin !== 'string'
        ? ` up to ${issue.maximum}`
        : ''
  const what = `${expected?.what ?? 'a map'}${expected?.code === 'VALUE_OUT_OF_RANGE' ? bound : ''}`
  const isWrongKind = issue.code === 'invalid_type' && expected?.code === 'VALUE_OUT_OF_RANGE'
  const instead = suggestion(found, expected)
  return {
    code: isWrongKind ? 'VALUE_INVALID' : (expected?.code ?? 'VALUE_INVALID'),
    message: `${where(path)} is ${show(found)}; it must be ${what}.`,
    offset,
    ...(instead !== undefined && {instead}),
  }
}

/** A likely repair of the value itself, or else an example of what is expected. */
function suggestion(found: unknown, expected: ReturnType<typeof expectationOf>): string | undefined {
  if (expected?.code === 'DURATION_INVALID') {
    const number = /^(\d+)\s*(s|m|h|d)?/.exec(String(found))
    if (number) return `${number[1]}${number[2] ?? 's'}`
  }
  if (expected?.what.startsWith('text;')) return `"${String(found)}"`
  if (expected?.what === 'a list' && typeof found === 'string') return `[${found}]`
  return expected?.instead
}

/** `services.api.replicas.min`, as `--set` takes it. */
export const where = (path: Path): string => (path.length === 0 ? 'ha.yaml' : path.join('.'))

export function show(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const oneOf = (choices: readonly string[]) =>
  choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`

const kebab = (name: string) => {
  const made = name
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
  return made === name ? '' : made.slice(0, 40)
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at && typeof at === 'object' ? Reflect.get(at, step) : undefined), value)
}

function removeAt(value: unknown, path: Path): void {
  const parent = valueAt(value, path.slice(0, -1))
  const key = path.at(-1)
  if (key === undefined || !parent || typeof parent !== 'object') return
  if (Array.isArray(parent)) parent[Number(key)] = undefined
  else Reflect.deleteProperty(parent, key)
}

/** Keys the schema knows in the map at `path`. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = Settings
  for (const step of path) schema = childSchema(schema, step)
  const def = defOf(schema)
  const keys = def?.type === 'object' ? Object.keys((def as core.$ZodObjectDef).shape) : []
  return path.length === 0 ? ['version', ...keys, 'environments'] : keys
}

function childSchema(schema: unknown, step: string | number): unknown {
  const def = defOf(schema)
  if (def?.type === 'object') return (def as core.$ZodObjectDef).shape[step]
  if (def?.type === 'record') return (def as core.$ZodRecordDef).valueType
  if (def?.type === 'array') return (def as core.$ZodArrayDef).element
  return undefined
}

function defOf(schema: unknown): core.$ZodTypeDef | undefined {
  const def = (schema as core.$ZodType | undefined)?._zod?.def
  return def?.type === 'optional' ? defOf((def as core.$ZodOptionalDef).innerType) : def
}
export type ServiceDraft = NonNullable<NonNullable<Draft['services']>[string]>
