import {type handleUnaryCall, Metadata, Server, ServerCredentials, type ServerUnaryCall} from '@grpc/grpc-js'
import {
  createSubscription,
  createTopic,
  deleteSubscription,
  deleteTopic,
  detachSubscription,
  subscriptionNamed,
  topicNamed,
  updateSubscription,
  updateTopic,
} from '../admin.ts'
import type {Broker} from '../broker.ts'
import {wireMs} from '../durations.ts'
import {CODE, PubSubError} from '../failures.ts'
import {LIMITS} from '../limits.ts'
import {publish} from '../publish.ts'
import {acknowledge, modifyAckDeadline, pull} from '../pull.ts'
import {createSnapshot, deleteSnapshot, seek, snapshotNamed} from '../replay.ts'
import {commitSchema, createSchema, deleteSchema, schemaNamed} from '../schemas.ts'
import * as views from '../views.ts'
import {loadServices} from './protos.ts'
import {streamingPull} from './streaming-pull.ts'
import {fromWire, maskPaths, receivedMessage, toWire} from './wire.ts'

/** A decoded request; its fields are checked by what they are given to. */
// biome-ignore lint/suspicious/noExplicitAny: the loader gives no types, and each method has its own message
type Request = any
type Answer = (request: Request, call: ServerUnaryCall<Request, unknown>) => unknown

/** Broken-off clients (a stopped process, too) are noticed within the sum of both: https://grpc.io/docs/guides/keepalive/ */
const KEEPALIVE = {'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 20_000}
/** A full publish request and its envelope; the limit itself is Pub/Sub's to refuse. */
const LARGEST_REQUEST = LIMITS.publishBytes * 2

export function createServer(broker: Broker): Server {
  const services = loadServices()
  const server = new Server({
    'grpc.max_receive_message_length': LARGEST_REQUEST,
    'grpc.max_send_message_length': -1,
    ...KEEPALIVE,
  })
  server.addService(services.Publisher.service, unary(broker, publisher(broker)))
  server.addService(services.Subscriber.service, {
    ...unary(broker, subscriber(broker)),
    StreamingPull: (call: Parameters<typeof streamingPull>[1]) => streamingPull(broker, call),
  })
  server.addService(services.SchemaService.service, unary(broker, schemaService(broker)))
  return server
}

/** Resolves when it listens on 127.0.0.1:`port`. */
export function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => (error ? fail(error) : done()))
  })
}

function publisher(broker: Broker): Record<string, Answer> {
  return {
    CreateTopic: (request) => createTopic(broker, fromWire(request)).then(views.topicView),
    UpdateTopic: ({topic, updateMask}) =>
      updateTopic(broker, fromWire(topic ?? {}), maskPaths(updateMask)).then(views.topicView),
    GetTopic: ({topic}) => views.topicView(topicNamed(broker, topic).config),
    ListTopics: ({project, ...page}) => views.listTopics(broker, project, page),
    ListTopicSubscriptions: ({topic, ...page}) => views.topicSubscriptions(broker, topic, page),
    ListTopicSnapshots: ({topic, ...page}) => views.topicSnapshots(broker, topic, page),
    DeleteTopic: ({topic}) => deleteTopic(broker, topic),
    DetachSubscription: ({subscription}) => detachSubscription(broker, subscription),
    Publish: async ({topic, messages}) => ({
      messageIds: await publish(
        broker,
        topic,
        (messages as Request[]).map(({data = new Uint8Array(), attributes = {}, orderingKey = ''}) => ({
          data,
          attributes,
          orderingKey,
        })),
      ),
    }),
  }
}

function subscriber(broker: Broker): Record<string, Answer> {
  const view = (config: Parameters<typeof views.subscriptionView>[1]) => views.subscriptionView(broker, config)
  return {
    CreateSubscription: (request) => createSubscription(broker, fromWire(request)).then(view),
    UpdateSubscription: ({subscription, updateMask}) =>
      updateSubscription(broker, fromWire(subscription ?? {}), maskPaths(updateMask)).then(view),
    GetSubscription: ({subscription}) => view(subscriptionNamed(broker, subscription).config),
    ListSubscriptions: ({project, ...page}) => views.listSubscriptions(broker, project, page),
    DeleteSubscription: ({subscription}) => deleteSubscription(broker, subscription),
    Acknowledge: ({subscription, ackIds}) => acknowledge(broker, subscription, ackIds),
    ModifyAckDeadline: ({subscription, ackIds, ackDeadlineSeconds = 0}) =>
      modifyAckDeadline(broker, subscription, ackIds, ackDeadlineSeconds),
    Pull: async ({subscription, maxMessages = 0, returnImmediately = false}, call) => {
      const gone = new AbortController()
      call.on('cancelled', () => gone.abort())
      const batch = await pull(broker, {subscription, maxMessages, returnImmediately, signal: gone.signal})
      return {receivedMessages: batch.map(receivedMessage)}
    },
    Seek: ({subscription, time, snapshot}) => seek(broker, subscription, {...(time && {time: wireMs(time)}), snapshot}),
    CreateSnapshot: ({name, subscription, labels}) =>
      createSnapshot(broker, name, subscription, labels).then(views.snapshotView),
    GetSnapshot: ({snapshot}) => views.snapshotView(snapshotNamed(broker, snapshot)),
    ListSnapshots: ({project, ...page}) => views.listSnapshots(broker, project, page),
    DeleteSnapshot: ({snapshot}) => deleteSnapshot(broker, snapshot),
  }
}

function schemaService(broker: Broker): Record<string, Answer> {
  return {
    CreateSchema: ({parent, schema, schemaId}) =>
      createSchema(broker, {...schema, name: `${parent}/schemas/${schemaId}`}),
    GetSchema: ({name}) => schemaNamed(broker, name),
    ListSchemas: ({parent, ...page}) => views.listSchemas(broker, parent, page),
    ListSchemaRevisions: ({name}) => ({schemas: broker.schemas.get(schemaNamed(broker, name).name)}),
    CommitSchema: ({name, schema}) => commitSchema(broker, {...schema, name}),
    DeleteSchema: ({name}) => deleteSchema(broker, name),
  }
}

function unary(broker: Broker, answers: Record<string, Answer>): Record<string, handleUnaryCall<Request, unknown>> {
  const entries = Object.entries(answers).map(([method, answer]): [string, handleUnaryCall<Request, unknown>] => [
    method,
    async (call, respond) => {
      try {
        respond(null, toWire((await answer(call.request, call)) ?? {}))
      } catch (error) {
        respond(statusOf(broker, method, error))
      }
    },
  ])
  return Object.fromEntries(entries)
}

/** What is not a refusal is the emulator's own trouble (a full disk): clients are told to try again, the log is told why. */
function statusOf(broker: Broker, method: string, error: unknown) {
  if (error instanceof PubSubError) return {code: error.code, details: error.message, metadata: new Metadata()}
  broker.log('error', `${method} failed`, {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return {
    code: CODE.unavailable,
    details: `The emulated Pub/Sub could not do it: ${error instanceof Error ? error.message : error}`,
  }
}
