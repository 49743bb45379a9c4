import type {Props, Records, ResourceType} from '../../contract.ts'
import type {Broker, SchemaRevision} from '../broker.ts'
import {projectOf, shortName} from '../names.ts'
import {commitSchema, createSchema, deleteSchema, schemaProblem} from '../schemas.ts'
import {checkAll, named, oneOf, type Rule} from './rules.ts'
import {drifted, idOf, mayDelete} from './shape.ts'

const TOKEN = 'gcp:pubsub/schema:Schema'

const definitionFits: Rule = ({type, definition}) => {
  const problem =
    typeof definition === 'string' && typeof type === 'string' ? schemaProblem(type, definition) : undefined
  return problem ? {property: 'definition', reason: problem} : undefined
}

/** https://www.pulumi.com/registry/packages/gcp/api-docs/pubsub/schema/ */
export function schemaType(broker: () => Broker, records: Records): ResourceType {
  const given = (inputs: Props) => ({
    name: idOf(inputs, 'schemas'),
    type: String(inputs.type),
    definition: String(inputs.definition),
  })
  return {
    token: TOKEN,
    check: checkAll([
      named,
      oneOf('type', ['AVRO', 'PROTOCOL_BUFFER']),
      oneOf('deletionPolicy', ['DELETE', 'PREVENT', 'ABANDON']),
      definitionFits,
    ]),
    create: async (inputs) => {
      const {name} = await createSchema(broker(), given(inputs))
      return {id: name, outputs: record(name, inputs)}
    },
    read: async (id) => {
      const schema = broker().schemas.get(id)?.at(-1)
      if (!schema) return undefined
      const recorded = records.get(TOKEN, id)
      return recorded ? drifted(recorded, recorded, {...recorded, definition: schema.definition}) : observed(schema)
    },
    update: async (id, outputs, inputs) => {
      // A changed definition is a new revision of the same schema.
      if (inputs.definition !== outputs.definition) await commitSchema(broker(), given(inputs))
      return record(id, inputs)
    },
    delete: async (id, outputs) => {
      if (mayDelete(id, outputs) && broker().schemas.has(id)) await deleteSchema(broker(), id)
      records.delete(TOKEN, id)
    },
  }

  function record(id: string, inputs: Props): Props {
    const outputs = {deletionPolicy: 'DELETE', ...inputs}
    records.put(TOKEN, id, outputs)
    return outputs
  }
}

const observed = ({name, type, definition}: SchemaRevision): Props => ({
  ...{name: shortName(name), project: projectOf(name), type, definition},
  deletionPolicy: 'DELETE',
})
