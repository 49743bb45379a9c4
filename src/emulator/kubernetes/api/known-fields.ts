/** Fields that a kind does not have, and values of the wrong type, from the schema the provider plugin checks with too. */
import {existsSync, readFileSync} from 'node:fs'
import {withCustomKinds} from '../../provider/kubernetes/custom-kinds.ts'
import type {Json, KubeObject} from './objects.ts'
import {ApiError} from './status.ts'

/** Field (with `!` when required) → `s` `n` `b` `*`, `[T` list, `{T` map, `@name` object, `A|B` either. */
type Fields = Readonly<Record<string, string>>
interface Schema {
  readonly resources: Readonly<Record<string, {readonly inputs: Fields}>>
  readonly types: Readonly<Record<string, Fields>>
}

const FILE = new URL('../../provider/schemas.generated.json', import.meta.url)
let schema: Schema | undefined

function loaded(): Schema {
  // Read at the first write only: listing pods needs none of it.
  schema ??= existsSync(FILE)
    ? withCustomKinds(JSON.parse(readFileSync(FILE, 'utf8')).kubernetes)
    : {resources: {}, types: {}}
  return schema!
}

/** The SDK has no programs that create bare pods, but it knows what is in one. */
const fieldsOf = (apiVersion: string, kind: string): Fields | undefined =>
  kind === 'Pod'
    ? {spec: '@core.v1.PodSpec'}
    : loaded().resources[`kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${kind}`]?.inputs

/** A quantity may be written as a number. */
const QUANTITY = /\.(limits|requests)\.[^.]+$|\.(sizeLimit|averageValue|divisor)$/

export interface Known {
  /** Without the unknown fields: the API server does not keep them. */
  readonly object: KubeObject
  /** Dotted paths, as `unknown field "spec.foo"` names them. */
  readonly unknown: readonly string[]
}

/** Throws ApiError BadRequest for a value of the wrong type. A kind without a schema is taken as it is. */
export function knownFields(object: KubeObject): Known {
  const {apiVersion, kind, metadata, status, ...fields} = object
  const inputs = fieldsOf(apiVersion, kind)
  if (!inputs) return {object, unknown: []}
  const unknown: string[] = []

  function wrong(path: string, wanted: string, value: Json): never {
    const version = apiVersion.split('/').at(-1)
    const why = `json: cannot unmarshal ${typeOf(value)} into Go struct field ${kind}.${path} of type ${wanted}`
    throw new ApiError('BadRequest', `${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`)
  }

  function visit(type: string, value: Json, path: string): Json {
    if (value === null || (QUANTITY.test(path) && typeof value === 'number')) return value
    if (type === '*' || type.startsWith('"') || /^[^[{].*\|/.test(type)) return value
    const wanted = GO_TYPES[type[0]!]!
    const isFraction = type === 'n' && !Number.isInteger(value)
    if (typeOf(value) !== wanted.json || isFraction) wrong(path, wanted.go, value)
    if (type[0] === '[')
      return value.map((item: Json, index: number) => visit(type.slice(1), item, `${path}[${index}]`))
    if (type[0] === '{') return mapped(value, (key, item) => visit(type.slice(1), item, `${path}.${key}`))
    return type[0] === '@' ? visitObject(loaded().types[type.slice(1)] ?? {}, value, path) : value
  }

  function visitObject(known: Fields, value: Json, path: string): Json {
    return mapped(value, (field, inner) => {
      const at = path ? `${path}.${field}` : field
      const type = known[field] ?? known[`${field}!`]
      if (type !== undefined) return visit(type, inner, at)
      unknown.push(at)
      return undefined
    })
  }

  const place = visit('@meta.v1.ObjectMeta', metadata, 'metadata')
  const pruned = visitObject(inputs, fields, '')
  return {object: {apiVersion, kind, metadata: place, ...pruned, ...(status !== undefined && {status})}, unknown}
}

const GO_TYPES: Readonly<Record<string, {json: string; go: string}>> = {
  s: {json: 'string', go: 'string'},
  n: {json: 'number', go: 'int32'},
  b: {json: 'boolean', go: 'bool'},
  '[': {json: 'array', go: 'slice'},
  '{': {json: 'object', go: 'map'},
  '@': {json: 'object', go: 'struct'},
}

/** `value` with each field as `change` has it; undefined leaves it out. */
function mapped(value: Json, change: (field: string, inner: Json) => Json): Json {
  const entries = Object.entries<Json>(value).map(([field, inner]) => [field, change(field, inner)])
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined))
}

const typeOf = (value: Json): string => (Array.isArray(value) ? 'array' : typeof value)
