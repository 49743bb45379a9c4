/** The JSON Schema of ha.yaml for editors, made from the schema that checks it. Loaded by `ha schema` alone. */
import * as z from 'zod/mini'
import {ENVIRONMENT_NAME, identity, placement, settings} from './schema.ts'

export type JsonSchema = {readonly [key: string]: unknown}

/**
 * Draft 7, which YAML language servers read best. It accepts every file that `ha validate` accepts: since environments may give
 * what the rest leaves out, only `version` and `app` are required in it; rules between settings are `ha validate`'s.
 */
export function configJsonSchema(): JsonSchema {
  const base = relaxed(schemaOf(z.strictObject(settings)))
  const override = nullable(relaxed(schemaOf(z.strictObject({...settings, ...placement}))))
  const top = schemaOf(z.strictObject(identity))
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'ha.yaml',
    description: 'A platform that survives the loss of a region: see `ha validate` for what a file must hold.',
    type: 'object',
    properties: {
      ...(top.properties as object),
      environments: {
        description: 'Where the platform runs, the default first. Each may override any setting; null removes one.',
        type: 'object',
        minProperties: 1,
        propertyNames: {pattern: ENVIRONMENT_NAME.source},
        additionalProperties: {...override, required: ['target']},
      },
      ...(base.properties as object),
    },
    required: ['version', 'app'],
    additionalProperties: false,
  }
}

function schemaOf(schema: z.ZodMiniType): JsonSchema {
  const {$schema, ...rest} = z.toJSONSchema(schema, {target: 'draft-7', io: 'input'})
  return rest
}

/** Without `required`, at every depth. */
function relaxed(schema: JsonSchema): JsonSchema {
  const {required, ...rest} = schema
  return overChildren(rest, relaxed)
}

/** Every property may also be null, which removes what it overrides. */
function nullable(schema: JsonSchema): JsonSchema {
  const orNull = (child: JsonSchema): JsonSchema => {
    const {description, examples, ...rest} = nullable(child)
    return {
      ...(description !== undefined && {description}),
      anyOf: [{...rest, ...(examples !== undefined && {examples})}, {type: 'null'}],
    }
  }
  return overChildren(schema, orNull)
}

function overChildren(schema: JsonSchema, change: (child: JsonSchema) => JsonSchema): JsonSchema {
  const {properties, additionalProperties} = schema
  return {
    ...schema,
    ...(isObject(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, child]) => [key, change(child as JsonSchema)]),
      ),
    }),
    ...(isObject(additionalProperties) && {additionalProperties: change(additionalProperties)}),
  }
}

const isObject = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null
