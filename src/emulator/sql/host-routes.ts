/** Control routes of a region's SQL host, for the global process only. Every one is idempotent. */
import type {FastifyInstance} from 'fastify'
import {
  dropDatabase,
  dropSlots,
  dropUser,
  listDatabases,
  listUsers,
  putDatabase,
  putUser,
  type UserSpec,
} from './admin.ts'
import {type ExecuteRequest, executeSql} from './execute.ts'
import type {Instance} from './instance.ts'
import type {InstanceSpec, Primary} from './record.ts'

export interface CreateRequest {
  readonly project: string
  readonly spec: InstanceSpec
  readonly rootPassword?: string
  /** A replica of this primary. */
  readonly primary?: Primary
  /** A clone of this instance of the same region, as it was at `at` (RFC 3339; as it is now when absent). */
  readonly source?: {readonly name: string; readonly at?: string}
}

export interface HostDeeds {
  /** Throws 404. */
  get(name: string): Instance
  list(): readonly Instance[]
  create(name: string, request: CreateRequest): Promise<Instance>
  remove(name: string): Promise<void>
}

type On<Body = unknown> = {Params: {name: string; item: string}; Body: Body}
type Request<Body = unknown> = {params: {name: string; item: string}; body: Body}

const AT = '/sql/instances/:name'

export function mountHost(server: FastifyInstance, host: HostDeeds): void {
  server.get('/sql/instances', () => Promise.all(host.list().map((instance) => instance.observe())))
  server.get<On>(AT, ({params}) => host.get(params.name).observe())
  server.put<On<CreateRequest>>(AT, async ({params, body}) => (await host.create(params.name, body)).observe())
  server.delete<On>(AT, async ({params}) => {
    await host.remove(params.name)
    return {}
  })
  server.get<On>(`${AT}/upstream`, async ({params}) => {
    const {host: address, port, password} = host.get(params.name).upstream
    return {name: params.name, host: address, port, password} satisfies Primary
  })
  server.put<On<InstanceSpec>>(`${AT}/spec`, async ({params, body}) => {
    await host.get(params.name).configure(body)
    return {}
  })
  roleRoutes(server, host)
  catalogRoutes(server, host)
  server.post<On>(`${AT}/backups`, ({params}) => host.get(params.name).backup())
  server.post<On<ExecuteRequest>>(`${AT}/execute`, ({params, body}) => executeSql(host.get(params.name), body))
}

function roleRoutes(server: FastifyInstance, host: HostDeeds): void {
  for (const deed of ['restart', 'failover', 'resume'] as const) {
    server.post<On>(`${AT}/${deed}`, async ({params}) => {
      await host.get(params.name)[deed]()
      return {}
    })
  }
  server.post<On<{afterLsn?: number; withinMs?: number}>>(`${AT}/promote`, async ({params, body}) => ({
    promoted: await host.get(params.name).promote(body),
  }))
  server.post<On<{replica: string; withinMs: number}>>(`${AT}/quiesce`, async ({params, body}) => ({
    control: await host.get(params.name).quiesce(body),
  }))
  server.post<On<{primary: Primary; rebuild: boolean}>>(`${AT}/follow`, async ({params, body}) => {
    await host.get(params.name).follow(body.primary, body.rebuild)
    return {}
  })
}

function catalogRoutes(server: FastifyInstance, host: HostDeeds): void {
  const slow = {timeoutMs: 60_000}
  const change =
    <Body>(work: (client: Parameters<typeof putUser>[0], request: Request<Body>) => Promise<unknown>) =>
    async (request: Request<Body>) => {
      await host.get(request.params.name).admin((client) => work(client, request), slow)
      return {}
    }
  server.get<On>(`${AT}/databases`, ({params}) => host.get(params.name).admin(listDatabases))
  server.put<On>(
    `${AT}/databases/:item`,
    change((client, {params}) => putDatabase(client, params.item)),
  )
  server.delete<On>(
    `${AT}/databases/:item`,
    change((client, {params}) => dropDatabase(client, params.item)),
  )
  server.get<On>(`${AT}/users`, ({params}) => host.get(params.name).admin(listUsers))
  server.put<On<UserSpec>>(
    `${AT}/users/:item`,
    change<UserSpec>((client, {body}) => putUser(client, body)),
  )
  server.delete<On>(
    `${AT}/users/:item`,
    change((client, {params}) => dropUser(client, params.item)),
  )
  server.delete<On>(
    `${AT}/slots/:item`,
    change((client, {params}) => dropSlots(client, params.item)),
  )
}
