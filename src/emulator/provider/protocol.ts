/** Pulumi's provider protocol, the parts of it that are loaded: generated messages and nothing of the SDK itself. */
import {createRequire} from 'node:module'

const require = createRequire(import.meta.url)
/** google-protobuf belongs to the SDK, wherever npm put it. */
const fromSdk = createRequire(require.resolve('@pulumi/pulumi/package.json'))

export type ProviderMessages = typeof import('@pulumi/pulumi/proto/provider_pb.js')

export const messages: ProviderMessages = require('@pulumi/pulumi/proto/provider_pb.js')
export const {ResourceProviderService} =
  require('@pulumi/pulumi/proto/provider_grpc_pb.js') as typeof import('@pulumi/pulumi/proto/provider_grpc_pb.js')
export const {PluginInfo} =
  require('@pulumi/pulumi/proto/plugin_pb.js') as typeof import('@pulumi/pulumi/proto/plugin_pb.js')
export const {Status} =
  require('@pulumi/pulumi/proto/status_pb.js') as typeof import('@pulumi/pulumi/proto/status_pb.js')
export const {EngineClient} =
  require('@pulumi/pulumi/proto/engine_grpc_pb.js') as typeof import('@pulumi/pulumi/proto/engine_grpc_pb.js')
export const {LogRequest, LogSeverity} =
  require('@pulumi/pulumi/proto/engine_pb.js') as typeof import('@pulumi/pulumi/proto/engine_pb.js')

type StructModule = typeof import('google-protobuf/google/protobuf/struct_pb.js')

export const {Struct} = fromSdk('google-protobuf/google/protobuf/struct_pb.js') as StructModule
export const {Empty} = fromSdk(
  'google-protobuf/google/protobuf/empty_pb.js',
) as typeof import('google-protobuf/google/protobuf/empty_pb.js')
export const {Any} = fromSdk(
  'google-protobuf/google/protobuf/any_pb.js',
) as typeof import('google-protobuf/google/protobuf/any_pb.js')

export type Struct = InstanceType<StructModule['Struct']>
