/**
 * google.pubsub.v1's services, from the protos inside Google's own client package, without the types of what is not emulated (export,
 * ingestion, transforms), which would cost megabytes of memory.
 */
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {loadPackageDefinition, type ServiceDefinition} from '@grpc/grpc-js'
import {fromJSON} from '@grpc/proto-loader'

interface ProtoNode {
  options?: unknown
  fields?: Record<string, {type: string; options?: unknown}>
  methods?: Record<string, {requestType: string; responseType: string; options?: unknown}>
  nested?: Record<string, ProtoNode>
}

export const SERVICES = ['Publisher', 'Subscriber', 'SchemaService'] as const
type Services = Record<(typeof SERVICES)[number], {service: ServiceDefinition}>

/** Not emulated. They arrive undecoded, so that they are still seen, and refused: see `known` in config.ts. */
const UNDECODED: Record<string, readonly string[]> = {
  Topic: ['ingestionDataSourceSettings', 'messageTransforms'],
  Subscription: [
    'bigqueryConfig',
    'cloudStorageConfig',
    'bigtableConfig',
    'analyticsHubSubscriptionInfo',
    'messageTransforms',
  ],
}

const WELL_KNOWN = 'google.protobuf.'

export function loadServices(): Services {
  const file = createRequire(import.meta.url).resolve('@google-cloud/pubsub/build/protos/protos.json')
  const google = (JSON.parse(readFileSync(file, 'utf8')) as ProtoNode).nested!.google!.nested!
  const definition = fromJSON(pruned(google.pubsub!.nested!.v1!.nested!, google.protobuf!.nested!) as never, {
    longs: Number,
    enums: String,
    arrays: true,
  })
  const loaded = loadPackageDefinition(definition) as unknown as {google: {pubsub: {v1: Services}}}
  return loaded.google.pubsub.v1
}

/** Only what the services reach. */
function pruned(v1: Record<string, ProtoNode>, protobuf: Record<string, ProtoNode>): ProtoNode {
  const kept: Record<string, ProtoNode> = {}
  const known: Record<string, ProtoNode> = {}
  const keep = (type: string) => {
    const [from, to] = type.startsWith(WELL_KNOWN) ? [protobuf, known] : [v1, kept]
    const name = type.replace(WELL_KNOWN, '').split('.')[0]!
    if (!from[name] || to[name]) return
    to[name] = from[name]
    walk(from[name])
  }
  const walk = (node: ProtoNode) => {
    delete node.options
    for (const field of Object.values(node.fields ?? {})) {
      delete field.options
      keep(field.type)
    }
    for (const method of Object.values(node.methods ?? {})) {
      delete method.options
      keep(method.requestType)
      keep(method.responseType)
    }
    for (const inner of Object.values(node.nested ?? {})) walk(inner)
  }
  for (const [type, fields] of Object.entries(UNDECODED)) {
    for (const field of fields) v1[type]!.fields![field]!.type = 'bytes'
  }
  for (const service of SERVICES) keep(service)
  const nested = (inner: Record<string, ProtoNode>): ProtoNode => ({nested: inner})
  return nested({google: nested({pubsub: nested({v1: nested(kept)}), protobuf: nested(known)})})
}
