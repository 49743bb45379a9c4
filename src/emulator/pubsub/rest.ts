/**
 * Pub/Sub's REST API, v1, as far as gcloud and people use it, and the emulator's own figures.
 * https://cloud.google.com/pubsub/docs/reference/rest
 */
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify'
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
} from './admin.ts'
import type {Broker} from './broker.ts'
import {timestampMs, timestampText} from './durations.ts'
import {httpError, notFound} from './failures.ts'
import {LIMITS} from './limits.ts'
import {publish} from './publish.ts'
import {acknowledge, modifyAckDeadline, pull, type Received} from './pull.ts'
import {createSnapshot, deleteSnapshot, seek, snapshotNamed, updateSnapshot} from './replay.ts'
import {commitSchema, createSchema, deleteSchema, schemaNamed} from './schemas.ts'
import * as views from './views.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON from outside; its fields are checked by what they are given to
type Body = any
interface Input {
  /** Full name of the resource, or `projects/P` for a list. */
  readonly name: string
  readonly body: Body
  readonly query: Record<string, string>
}
type Answer = (broker: Broker, input: Input) => unknown

const paging = ({query}: Input) => ({
  ...(query.pageSize && {pageSize: Number(query.pageSize)}),
  ...(query.pageToken && {pageToken: query.pageToken}),
})
/** `ackDeadlineSeconds,retryPolicy.minimumBackoff`; gcloud sends it in the body. */
const maskOf = ({body, query}: Input): string[] =>
  (body.updateMask ?? query.updateMask ?? '').split(',').filter(Boolean)

/** `VERB collection[:custom]`; an item's answers first, then a list's. */
const ITEMS: Record<string, Answer> = {
  'PUT topics': (broker, {name, body}) => createTopic(broker, {...body, name}).then(views.topicView),
  'PATCH topics': (broker, input) =>
    updateTopic(broker, {...input.body.topic, name: input.name}, maskOf(input)).then(views.topicView),
  'GET topics': (broker, {name}) => views.topicView(topicNamed(broker, name).config),
  'DELETE topics': (broker, {name}) => deleteTopic(broker, name),
  'POST topics:publish': async (broker, {name, body}) => ({
    messageIds: await publish(broker, name, (body.messages ?? []).map(outgoing)),
  }),
  'PUT subscriptions': async (broker, {name, body}) =>
    views.subscriptionView(broker, await createSubscription(broker, {...body, name})),
  'PATCH subscriptions': async (broker, input) =>
    views.subscriptionView(
      broker,
      await updateSubscription(broker, {...input.body.subscription, name: input.name}, maskOf(input)),
    ),
  'GET subscriptions': (broker, {name}) => views.subscriptionView(broker, subscriptionNamed(broker, name).config),
  'DELETE subscriptions': (broker, {name}) => deleteSubscription(broker, name),
  'POST subscriptions:detach': (broker, {name}) => detachSubscription(broker, name),
  'POST subscriptions:acknowledge': (broker, {name, body}) => acknowledge(broker, name, body.ackIds ?? []),
  'POST subscriptions:modifyAckDeadline': (broker, {name, body}) =>
    modifyAckDeadline(broker, name, body.ackIds ?? [], body.ackDeadlineSeconds ?? 0),
  'POST subscriptions:pull': async (broker, {name, body}) => {
    const {maxMessages = 0, returnImmediately = false} = body
    return {
      receivedMessages: (await pull(broker, {subscription: name, maxMessages, returnImmediately})).map(receivedJson),
    }
  },
  'POST subscriptions:seek': (broker, {name, body}) =>
    seek(broker, name, {...(body.time && {time: timestampMs(body.time, 'time')}), snapshot: body.snapshot}),
  'PUT snapshots': (broker, {name, body}) =>
    createSnapshot(broker, name, body.subscription, body.labels).then(views.snapshotView),
  'PATCH snapshots': (broker, input) =>
    updateSnapshot(broker, input.name, input.body.snapshot ?? {}, maskOf(input)).then(views.snapshotView),
  'GET snapshots': (broker, {name}) => views.snapshotView(snapshotNamed(broker, name)),
  'DELETE snapshots': (broker, {name}) => deleteSnapshot(broker, name),
  'GET schemas': (broker, {name}) => schemaNamed(broker, name),
  'DELETE schemas': (broker, {name}) => deleteSchema(broker, name),
  'POST schemas:commit': (broker, {name, body}) => commitSchema(broker, {...body.schema, name}),
}

const LISTS: Record<string, Answer> = {
  'GET topics': (broker, input) => views.listTopics(broker, input.name, paging(input)),
  'GET subscriptions': (broker, input) => views.listSubscriptions(broker, input.name, paging(input)),
  'GET snapshots': (broker, input) => views.listSnapshots(broker, input.name, paging(input)),
  'GET schemas': (broker, input) => views.listSchemas(broker, input.name, paging(input)),
  'POST schemas': (broker, {name, body, query}) =>
    createSchema(broker, {...body, name: `${name}/schemas/${query.schemaId}`}),
}

/** A full publish request in base64, and its envelope. */
const LARGEST_BODY = LIMITS.publishBytes * 2

export function mountRoutes(server: FastifyInstance, broker: () => Broker): void {
  const answer = async (reply: FastifyReply, run: () => unknown) => {
    try {
      return (await run()) ?? {}
    } catch (error) {
      const {status, body} = httpError(error)
      return reply.code(status).send(body)
    }
  }
  const inputOf = ({body, query}: FastifyRequest, name: string): Input => ({
    name,
    body: body ?? {},
    query: query as Input['query'],
  })

  for (const collection of ['topics', 'subscriptions', 'snapshots', 'schemas']) {
    server.route({
      method: ['GET', 'POST'],
      url: `/v1/projects/:project/${collection}`,
      handler: (request, reply) =>
        answer(reply, () => {
          const {project} = request.params as {project: string}
          return chosen(LISTS, `${request.method} ${collection}`)(broker(), inputOf(request, `projects/${project}`))
        }),
    })
    server.route({
      method: ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'],
      url: `/v1/projects/:project/${collection}/:item`,
      bodyLimit: LARGEST_BODY,
      handler: (request, reply) =>
        answer(reply, () => {
          const {project, item} = request.params as {project: string; item: string}
          const [id, verb] = item.split(':') as [string, string?]
          const key = `${request.method} ${collection}${verb ? `:${verb}` : ''}`
          return chosen(ITEMS, key)(broker(), inputOf(request, `projects/${project}/${collection}/${id}`))
        }),
    })
  }
  server.get('/v1/projects/:project/topics/:topic/:what', (request, reply) =>
    answer(reply, () => {
      const {project, topic, what} = request.params as {project: string; topic: string; what: string}
      const input = inputOf(request, `projects/${project}/topics/${topic}`)
      if (what === 'subscriptions') return views.topicSubscriptions(broker(), input.name, paging(input))
      if (what === 'snapshots') return views.topicSnapshots(broker(), input.name, paging(input))
      throw notFound(what)
    }),
  )
}

function chosen(answers: Record<string, Answer>, key: string): Answer {
  const answer = Object.hasOwn(answers, key) ? answers[key] : undefined
  if (!answer) throw notFound(key)
  return answer
}

const outgoing = ({data = '', attributes = {}, orderingKey = ''}: Body) => ({
  data: Buffer.from(data, 'base64'),
  attributes,
  orderingKey,
})

const receivedJson = ({ackId, message, content, deliveryAttempt}: Received) => ({
  ackId,
  ...(deliveryAttempt > 0 && {deliveryAttempt}),
  message: {
    ...(content.data.length > 0 && {data: Buffer.from(content.data).toString('base64')}),
    ...(Object.keys(content.attributes).length > 0 && {attributes: content.attributes}),
    ...(message.key && {orderingKey: message.key}),
    messageId: String(message.id),
    publishTime: timestampText(message.published),
  },
})
