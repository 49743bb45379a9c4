/** Fields that a kind does not have, and values of the wrong type, from the schema the provider plugin checks with too. */
import {existsSync, readFileSync} from 'node:fs'
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
  schema ??= existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).kubernetes : {resources: {}, types: {}}
  return schema!
}

/** The SDK has no programs that create bare pods, but it knows what is in one. */
const fieldsOf = (apiVersion: string, kind: string): Fields | undefined =>
  kind === 'Pod'
    ? {spec: '@core.v1.PodSpec'}
    : loaded().resources[`kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${kind}`]?.inputs

/** A quantity may be written as a number. */
const QUANTITY = /\.(limits|requests)\.[^.]+$|\.(sizeLimit|averageValue|divisor)$/

/** Dotted paths, as `strict decoding error: unknown field "spec.foo"` names them. Throws ApiError BadRequest for a value of the wrong type. */
export function unknownFields(object: KubeObject): string[] {
  const {apiVersion, kind, status: _, ...rest} = object
  const inputs = fieldsOf(apiVersion, kind)
  if (!inputs) return []
  const {metadata, ...fields} = rest
  const unknown: string[] = []
  const wrong = (path: string, wanted: string, value: Json): never => {
    const version = apiVersion.split('/').at(-1)
    throw new ApiError(
      'BadRequest',
      `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${typeOf(value)} into Go struct field ${kind}.${path} of type ${wanted}`,
    )
  }

  function visit(type: string, value: Json, path: string) {
    if (value === null || type === '*' || type.startsWith('"')) return
    if (type.includes('|') || (QUANTITY.test(path) && typeof value === 'number')) return
    const code = type[0]
    if (code === 's' && typeof value !== 'string') wrong(path, 'string', value)
    else if (code === 'n' && typeof value !== 'number') wrong(path, 'int32', value)
    else if (code === 'b' && typeof value !== 'boolean') wrong(path, 'bool', value)
    else if (code === '[') {
      if (!Array.isArray(value)) wrong(path, 'slice', value)
      for (const [index, item] of value.entries()) visit(type.slice(1), item, `${path}[${index}]`)
    } else if (code === '{') {
      if (typeOf(value) !== 'object') wrong(path, 'map', value)
      for (const [key, item] of Object.entries(value)) visit(type.slice(1), item, `${path}.${key}`)
    } else if (code === '@') visitObject(loaded().types[type.slice(1)] ?? {}, value, path)
  }

  function visitObject(known: Fields, value: Json, path: string) {
    if (typeOf(value) !== 'object') wrong(path, 'struct', value)
    for (const [field, inner] of Object.entries<Json>(value)) {
      const at = path ? `${path}.${field}` : field
      const type = known[field] ?? known[`${field}!`]
      if (type === undefined) unknown.push(at)
      else visit(type, inner, at)
    }
  }

  visitObject(inputs, fields, '')
  visit('{s', metadata.labels ?? {}, 'metadata.labels')
  visit('{s', metadata.annotations ?? {}, 'metadata.annotations')
  return unknown
}

const typeOf = (value: Json): string => (Array.isArray(value) ? 'array' : typeof value)
