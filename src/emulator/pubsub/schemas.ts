/** Schemas are kept with their revisions; messages are not checked against them. */
import type {Broker, SchemaRevision} from './broker.ts'
import {alreadyExists, invalid, notFound} from './failures.ts'
import {LIMITS} from './limits.ts'
import {checkName} from './names.ts'

export interface SchemaInput {
  readonly name?: string
  readonly type?: string
  readonly definition?: string
}

/** The newest revision, or the one after `@`. Throws NOT_FOUND. */
export function schemaNamed(broker: Broker, name: string): SchemaRevision {
  const [base, revision] = name.split('@') as [string, string?]
  const revisions = broker.schemas.get(base) ?? []
  const schema = revision ? revisions.find(({revisionId}) => revisionId === revision) : revisions.at(-1)
  if (!schema) throw notFound(name)
  return schema
}

export async function createSchema(broker: Broker, given: SchemaInput): Promise<SchemaRevision> {
  const name = given.name ?? ''
  checkName(name, 'schemas')
  if (broker.schemas.has(name)) throw alreadyExists(name)
  return await append(broker, name, given, [])
}

/** A new revision. Throws INVALID_ARGUMENT when the type changes. */
export async function commitSchema(broker: Broker, given: SchemaInput): Promise<SchemaRevision> {
  const {name, type} = schemaNamed(broker, given.name ?? '')
  if (given.type && given.type !== type) throw invalid(`A schema's type cannot change (it is ${type}).`)
  return await append(broker, name, {...given, type}, broker.schemas.get(name)!)
}

export async function deleteSchema(broker: Broker, name: string): Promise<void> {
  schemaNamed(broker, name)
  broker.schemas.delete(name)
  broker.store.write('dropDocument', 'schema', name)
  await broker.store.durable()
}

/** What is wrong with a definition, in one sentence. */
export function schemaProblem(type: string | undefined, definition: string): string | undefined {
  if (type !== 'AVRO' && type !== 'PROTOCOL_BUFFER') return 'the type must be AVRO or PROTOCOL_BUFFER'
  if (definition === '') return 'the definition is empty'
  if (Buffer.byteLength(definition) > LIMITS.schemaBytes) return `the definition is over ${LIMITS.schemaBytes} bytes`
  if (type === 'PROTOCOL_BUFFER')
    return /\bmessage\s+\w+/.test(definition) ? undefined : 'the definition has no message'
  try {
    JSON.parse(definition)
    return undefined
  } catch {
    return 'the definition is not JSON'
  }
}

async function append(
  broker: Broker,
  name: string,
  given: SchemaInput,
  earlier: readonly SchemaRevision[],
): Promise<SchemaRevision> {
  const {type = '', definition = ''} = given
  const problem = schemaProblem(type, definition)
  if (problem) throw invalid(`Invalid schema: ${problem}.`)
  const revision: SchemaRevision = {
    ...{name, type, definition},
    revisionId: broker.nextSerial().toString(16).slice(-8),
    revisionCreateTime: new Date(broker.clock.now()).toISOString(),
  }
  broker.schemas.set(name, [...earlier, revision])
  broker.store.write('putDocument', 'schema', name, JSON.stringify([...earlier, revision]))
  await broker.store.durable()
  return revision
}
