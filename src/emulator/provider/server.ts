/** Serves a Provider over gRPC to any number of engines at once: each connection has its own session, known by its peer address. */
import {
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type {Log} from '../contract.ts'
import {
  Empty,
  EngineClient,
  LogRequest,
  LogSeverity,
  messages,
  PluginInfo,
  ResourceProviderService,
} from './protocol.ts'
import type {Operation, Provider, Resource, Session} from './session.ts'
import {checkResponse, diffResponse, errorReply, keepSecrets, read, write} from './wire.ts'

interface Connection {
  readonly session: Session
  readonly cancelled: AbortController
  engine?: InstanceType<typeof EngineClient>
}

/** Connections remembered; the oldest are forgotten. An engine opens one per provider resource. */
const MAX_CONNECTIONS = 1_000

export interface ServeOptions {
  readonly port: number
  readonly log: Log
  /** Told of every call that was answered. */
  readonly worked?: () => void
}

/** Listens on 127.0.0.1:`port`. `stop` ends at once; calls under way fail at the engine's side. */
export async function serveProvider(provider: Provider, options: ServeOptions): Promise<{stop(): void}> {
  const server = new Server({'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1})
  server.addService(ResourceProviderService, implementation(provider, options))
  await new Promise<void>((done, fail) => {
    const listening = (error: Error | null) => (error ? fail(error) : done())
    server.bindAsync(`127.0.0.1:${options.port}`, ServerCredentials.createInsecure(), listening)
  })
  return {stop: () => server.forceShutdown()}
}

// biome-ignore lint/suspicious/noExplicitAny: one shape for twelve generated request types
type AnyCall = ServerUnaryCall<any, any>

function implementation(provider: Provider, {log, worked}: ServeOptions): UntypedServiceImplementation {
  const connections = new Map<string, Connection>()
  const connectionOf = (call: AnyCall): Connection => {
    const peer = call.getPeer()
    const known = connections.get(peer)
    if (known) return known
    const fresh: Connection = {session: provider.connect(), cancelled: new AbortController()}
    connections.set(peer, fresh)
    if (connections.size > MAX_CONNECTIONS) connections.delete(connections.keys().next().value!)
    return fresh
  }
  const unary =
    (name: string, answer: (call: AnyCall, connection: Connection) => unknown) =>
    async (call: AnyCall, reply: sendUnaryData<unknown>) => {
      try {
        reply(null, await answer(call, connectionOf(call)))
      } catch (error) {
        const {message} = error as Error
        log('warn', `${provider.name} ${name} failed`, {urn: call.request.getUrn?.(), reason: message})
        reply(errorReply(error as Error))
      } finally {
        worked?.()
      }
    }
  const methods: Record<string, (call: AnyCall, connection: Connection) => unknown> = {
    ...configMethods(provider),
    ...resourceMethods,
    cancel: (_, {cancelled}) => {
      cancelled.abort(new Error('The engine cancelled the operation.'))
      return new Empty()
    },
    attach: ({request}, connection) => {
      connection.engine = new EngineClient(request.getAddress(), credentials.createInsecure())
      return new Empty()
    },
    invoke: ({request}) => {
      throw new Error(`The emulator does not know the function ${request.getTok()}.`)
    },
    getMapping: () => new messages.GetMappingResponse(),
    getMappings: () => new messages.GetMappingsResponse(),
  }
  return Object.fromEntries(Object.entries(methods).map(([name, answer]) => [name, unary(name, answer)]))
}

function configMethods(provider: Provider): Record<string, (call: AnyCall, connection: Connection) => unknown> {
  return {
    getPluginInfo: () => {
      const info = new PluginInfo()
      info.setVersion(provider.version)
      return info
    },
    checkConfig: ({request}, {session}) => {
      const news = read(request.getNews())
      return checkResponse(news.value, news.secrets, session.checkConfig(news.value))
    },
    diffConfig: ({request}, {session}) => {
      const olds = read(request.getOldInputs() ?? request.getOlds()).value
      const replaces = session.diffConfig(olds, read(request.getNews()).value)
      const response = new messages.DiffResponse()
      response.setReplacesList([...replaces])
      // Anything else is an update: the engine compares for itself.
      response.setChanges(
        replaces.length > 0
          ? messages.DiffResponse.DiffChanges.DIFF_SOME
          : messages.DiffResponse.DiffChanges.DIFF_UNKNOWN,
      )
      return response
    },
    configure: async ({request}, {session}) => {
      await session.configure(read(request.getArgs()).value)
      const response = new messages.ConfigureResponse()
      response.setAcceptsecrets(true)
      response.setSupportspreview(true)
      response.setAcceptresources(false)
      response.setAcceptoutputs(false)
      return response
    },
  }
}

const resourceMethods: Record<string, (call: AnyCall, connection: Connection) => unknown> = {
  check: async ({request}, {session}) => {
    const news = read(request.getNews())
    const {inputs, failures} = await session.check({
      ...resourceOf(request),
      olds: request.getOlds() && read(request.getOlds()).value,
      news: news.value,
      seed: request.getRandomseed_asU8(),
    })
    return checkResponse(inputs, news.secrets, failures)
  },
  diff: async ({request}, {session}) =>
    diffResponse(
      await session.diff({
        ...resourceOf(request),
        id: request.getId(),
        outputs: read(request.getOlds()).value,
        olds: read(request.getOldInputs()).value,
        news: read(request.getNews()).value,
        ignoreChanges: request.getIgnorechangesList(),
      }),
    ),
  create: async (call, connection) => {
    const {value: inputs, secrets} = read(call.request.getProperties())
    const {id, outputs} = await connection.session
      .create({...operationOf(call, connection), inputs})
      .catch(keepSecrets(secrets))
    const response = new messages.CreateResponse()
    response.setId(id)
    response.setProperties(write(outputs, secrets))
    return response
  },
  read: async ({request}, {session}) => {
    const outputs = read(request.getProperties())
    const inputs = read(request.getInputs())
    const found = await session.read({
      ...resourceOf(request),
      id: request.getId(),
      outputs: outputs.value,
      inputs: inputs.value,
    })
    const response = new messages.ReadResponse()
    if (!found) return response
    response.setId(found.id)
    response.setProperties(write(found.outputs, outputs.secrets))
    response.setInputs(write(found.inputs, inputs.secrets))
    return response
  },
  update: async (call, connection) => {
    const {request} = call
    const {value: inputs, secrets} = read(request.getNews())
    const outputs = await connection.session
      .update({
        ...operationOf(call, connection),
        id: request.getId(),
        outputs: read(request.getOlds()).value,
        inputs,
      })
      .catch(keepSecrets(secrets))
    const response = new messages.UpdateResponse()
    response.setProperties(write(outputs, secrets))
    return response
  },
  delete: async (call, connection) => {
    const {request} = call
    const outputs = read(request.getProperties()).value
    await connection.session.delete({...operationOf(call, connection), id: request.getId(), outputs})
    return new Empty()
  },
}

function resourceOf(request: {getUrn(): string}): Resource {
  const urn = request.getUrn()
  const [, , types, name] = urn.split('::') as [string, string, string, string]
  return {urn, token: types.split('$').at(-1)!, name}
}

function operationOf(call: AnyCall, {cancelled, engine}: Connection): Operation {
  const {request} = call
  const left = new AbortController()
  call.on('cancelled', () => left.abort(new Error('The engine went away.')))
  const resource = resourceOf(request)
  return {
    ...resource,
    preview: request.getPreview?.() ?? false,
    ...(request.getTimeout() > 0 && {timeoutMs: request.getTimeout() * 1_000}),
    signal: AbortSignal.any([cancelled.signal, left.signal]),
    say: (message) => {
      const line = new LogRequest()
      line.setSeverity(LogSeverity.INFO)
      line.setUrn(resource.urn)
      line.setMessage(message)
      line.setEphemeral(true)
      // Only a courtesy: an engine that no longer listens is no failure.
      engine?.log(line, () => {})
    },
  }
}
