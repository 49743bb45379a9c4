/** The generated schemas, read when the providers start. */
import {readFileSync} from 'node:fs'
import type {PackageSchema} from './generate-schemas.ts'
import {withCustomKinds} from './kubernetes/custom-kinds.ts'
import {createSchema, type Schema} from './schema.ts'

export interface Loaded {
  readonly version: string
  readonly schema: Schema
}

export function loadSchemas(): Record<'gcp' | 'kubernetes', Loaded> {
  const file = new URL('./schemas.generated.json', import.meta.url)
  const {gcp, kubernetes} = JSON.parse(readFileSync(file, 'utf8')) as Record<'gcp' | 'kubernetes', PackageSchema>
  const load = (each: PackageSchema) => ({version: each.version, schema: createSchema(each)})
  return {gcp: load(gcp), kubernetes: load(withCustomKinds(kubernetes))}
}
