import type {Props, Records, ResourceType} from '../../contract.ts'
import {createTopic, deleteTopic, updateTopic} from '../admin.ts'
import type {Broker} from '../broker.ts'
import type {TopicConfig} from '../config.ts'
import {LIMITS} from '../limits.ts'
import {projectOf, qualified, shortName} from '../names.ts'
import {checkAll, durationIn, named, notEmulated, oneOf} from './rules.ts'
import {defined, drifted, idOf, labelOutputs, mayDelete} from './shape.ts'

const TOKEN = 'gcp:pubsub/topic:Topic'
const MUTABLE = ['labels', 'messageRetentionDuration', 'messageStoragePolicy', 'schemaSettings']

/** https://www.pulumi.com/registry/packages/gcp/api-docs/pubsub/topic/ */
export function topicType(broker: () => Broker, records: Records): ResourceType {
  return {
    token: TOKEN,
    check: checkAll([
      named,
      durationIn('messageRetentionDuration', LIMITS.retentionMs.min, LIMITS.retentionMs.max),
      oneOf('schemaSettings.encoding', ['ENCODING_UNSPECIFIED', 'JSON', 'BINARY']),
      oneOf('deletionPolicy', ['DELETE', 'PREVENT', 'ABANDON']),
      notEmulated('ingestionDataSourceSettings', 'publish to the topic instead'),
      notEmulated('messageTransforms', 'transform in the publisher instead'),
    ]),
    create: async (inputs) => {
      const config = await createTopic(broker(), toConfig(inputs))
      return {id: config.name, outputs: record(config.name, outputsOf(inputs, config))}
    },
    read: async (id) => {
      const config = broker().topics.get(id)?.config
      if (!config) return undefined
      const recorded = records.get(TOKEN, id)
      return recorded
        ? drifted(recorded, observed(toConfig(recorded)), observed(config))
        : outputsOf(observed(config), config)
    },
    update: async (id, _, inputs) => {
      const config = await updateTopic(broker(), {...toConfig(inputs), name: id}, MUTABLE)
      return record(id, outputsOf(inputs, config))
    },
    delete: async (id, outputs) => {
      if (mayDelete(id, outputs) && broker().topics.has(id)) await deleteTopic(broker(), id)
      records.delete(TOKEN, id)
    },
  }

  function record(id: string, outputs: Props): Props {
    records.put(TOKEN, id, outputs)
    return outputs
  }
}

function toConfig(inputs: Props): TopicConfig {
  const given = inputs as unknown as TopicConfig
  const {labels, kmsKeyName, messageRetentionDuration, messageStoragePolicy, schemaSettings, tags} = given
  const schema = schemaSettings && {
    ...schemaSettings,
    schema: qualified(String(inputs.project), 'schemas', schemaSettings.schema),
  }
  return defined({
    name: idOf(inputs, 'topics'),
    ...{
      labels,
      kmsKeyName,
      messageRetentionDuration: messageRetentionDuration || undefined,
      messageStoragePolicy,
      schemaSettings: schema,
      tags,
    },
  }) as TopicConfig
}

const observed = ({name, ...config}: TopicConfig): Props => ({
  ...config,
  name: shortName(name),
  project: projectOf(name),
})

const outputsOf = (inputs: Props, config: TopicConfig): Props => ({
  deletionPolicy: 'DELETE',
  ...inputs,
  ...labelOutputs(config.labels),
})
