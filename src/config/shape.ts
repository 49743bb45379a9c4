/** The shape of one environment's settings: zod's issues as faults with places, and what remains when the misshapen is left out. */
import type {core} from 'zod/mini'
import {type Environment, placeOf} from './environments.ts'
import {expectationOf} from './expected.ts'
import {type Located, offsetOf, type Path, plain} from './located.ts'
import {nearest} from './nearest.ts'
import type {Fault} from './problems.ts'
import {Settings} from './schema.ts'
import {kebab, oneOf, show, suggestion, where} from './show.ts'

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
export function checkShape(environment: Environment): Shape {
  const {root} = environment
  const value = plain(root)
  const result = Settings.safeParse(value)
  if (result.success) return {draft: result.data, settings: result.data, faults: [], broken: []}
  const faults: Fault[] = []
  const broken: Path[] = []
  for (const issue of result.error.issues) {
    for (const [path, fault] of faultsOf(environment, value, issue)) {
      faults.push(fault)
      broken.push(path)
      removeAt(value, path)
    }
  }
  return {draft: value as Draft, faults, broken}
}

function faultsOf(environment: Environment, value: unknown, issue: core.$ZodIssue): [Path, Fault][] {
  const {root} = environment
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
  if (found === undefined) return [[path, missing(environment, path, issue)]]
  return [[path, invalid(root, path, issue, found)]]
}

function unknownKey(root: Located, path: Path, known: readonly string[]): Fault {
  const key = String(path.at(-1))
  const meant = nearest(key, known)
  const choices = known.length > 0 ? ` It takes ${known.join(', ')}.` : ''
  const message = `${where(path)} is not a setting.${meant ? ` Did you mean ${meant}?` : choices}`
  return {code: 'KEY_UNKNOWN', message, offset: offsetOf(root, path, 'key'), ...(meant && {instead: meant})}
}

function missing(environment: Environment, path: Path, issue: core.$ZodIssue): Fault {
  const key = path.at(-1)
  const expected = expectationOf(issue.message)
  const choices = issue.code === 'invalid_value' ? `: ${issue.values.join(' or ')}` : ''
  const message = `${where(path)} is missing; it must be ${expected?.what ?? 'a map'}${choices}.`
  const value = issue.code === 'invalid_value' ? issue.values[0] : (expected?.instead ?? '…')
  return {code: 'KEY_MISSING', message, offset: placeOf(environment, path), instead: `${String(key)}: ${String(value)}`}
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
  const bound = boundOf(issue)
  const what = `${expected?.what ?? 'a map'}${expected?.code === 'VALUE_OUT_OF_RANGE' ? (bound?.text ?? '') : ''}`
  const isWrongKind = issue.code === 'invalid_type' && expected?.code === 'VALUE_OUT_OF_RANGE'
  const instead = suggestion(found, expected) ?? bound?.nearest
  return {
    code: isWrongKind ? 'VALUE_INVALID' : (expected?.code ?? 'VALUE_INVALID'),
    message: `${where(path)} is ${show(found)}; it must be ${what}.`,
    offset,
    ...(instead !== undefined && {instead}),
  }
}

function boundOf(issue: core.$ZodIssue): {text: string; nearest: string} | undefined {
  if (issue.code === 'too_small') return {text: ` from ${issue.minimum}`, nearest: String(issue.minimum)}
  if (issue.code === 'too_big') return {text: ` up to ${issue.maximum}`, nearest: String(issue.maximum)}
  return undefined
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (at && typeof at === 'object' && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined),
    value,
  )
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
