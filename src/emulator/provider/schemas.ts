/** The generated schemas and the provider's own rules, read when the providers start. */
import {readFileSync} from 'node:fs'
import {type Constraints, loadConstraints} from './constraints.ts'
import type {PackageSchema} from './generate-schemas.ts'
import {withCustomKinds} from './kubernetes/custom-kinds.ts'
import {createSchema, type Schema} from './schema.ts'

export interface Loaded {
  readonly version: string
  readonly schema: Schema
}

interface LoadedGcp extends Loaded {
  /** By token. */
  readonly constraints: Readonly<Record<string, Constraints>>
}

export function loadSchemas(): {readonly gcp: LoadedGcp; readonly kubernetes: Loaded} {
  const file = new URL('./schemas.generated.json', import.meta.url)
  const {gcp, kubernetes} = JSON.parse(readFileSync(file, 'utf8')) as Record<'gcp' | 'kubernetes', PackageSchema>
  const load = (each: PackageSchema) => ({version: each.version, schema: createSchema(each)})
  return {gcp: {...load(gcp), constraints: loadConstraints()}, kubernetes: load(withCustomKinds(kubernetes))}
}
