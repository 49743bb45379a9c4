/** The SQL host of a region: its Cloud SQL instances as PostgreSQL servers in the region's process group. */
import {randomBytes} from 'node:crypto'
import {readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {FastifyInstance} from 'fastify'
import type {RegionPart, RegionWorld} from '../contract.ts'
import {type Account, instancesFolder, makeFolder, serverAccount, sweepElsewhere} from './account.ts'
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
import {type Binaries, findBinaries} from './binaries.ts'
import {type ExecuteRequest, executeSql} from './execute.ts'
import {Instance} from './instance.ts'
import {processesOf} from './leftovers.ts'
import {type InstanceRecord, type InstanceSpec, loadRecord, type Primary} from './record.ts'
import {recoverTo} from './recover.ts'
import {dataDirOf} from './server.ts'

export interface CreateRequest {
  readonly project: string
  readonly spec: InstanceSpec
  readonly rootPassword?: string
  /** A replica of this primary. */
  readonly primary?: Primary
  /** A clone of this instance of the same region, as it was at `at` (RFC 3339; as it is now when absent). */
  readonly source?: {readonly name: string; readonly at?: string}
}

/** What the global process may say of an instance when its region comes back: it was demoted while the region was away. */
interface Intent {
  readonly primary?: Primary
}

export function createSqlHost(world: RegionWorld): RegionPart {
  return new SqlHost(world)
}

class SqlHost implements RegionPart {
  readonly name = 'sql'
  readonly #world: RegionWorld
  readonly #account: Account | undefined = serverAccount()
  readonly #instances = new Map<string, Instance>()
  readonly #home: string
  /** Where the instances are; elsewhere than home when their account cannot get there. */
  #folder = ''
  #binaries: Promise<Binaries> | undefined

  constructor(world: RegionWorld) {
    this.#world = world
    this.#home = join(world.dir, 'sql')
  }

  /** Brings every instance back that ran; one that cannot start is logged and does not hold up the others. */
  async start(): Promise<void> {
    this.#folder = await instancesFolder(this.#home, this.#account)
    if (this.#account) await sweepElsewhere()
    const names = await readdir(this.#folder, {withFileTypes: true}).catch(() => [])
    await Promise.all(names.filter((entry) => entry.isDirectory()).map(({name}) => this.#bringBack(name)))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#instances.values()].map((instance) => instance.close()))
  }

  async #bringBack(name: string): Promise<void> {
    const folder = join(this.#folder, name)
    const record = await loadRecord(folder)
    // Its creation never ended, so nobody was promised anything.
    if (!record) return rm(folder, {recursive: true, force: true})
    const instance = await this.#register(record)
    try {
      const primary = record.primary ? undefined : (await this.#intentOf(name)).primary
      await (primary ? instance.follow(primary, true) : instance.open())
    } catch (error) {
      this.#world.log('error', `SQL instance ${name} did not come back`, {error: String(error)})
    }
  }

  /** The global process may be down: then things stay as they were. */
  async #intentOf(name: string): Promise<Intent> {
    try {
      const response = await fetch(`${this.#world.googleapis}/emulator/v1/sql/instances/${name}/intent`, {
        signal: AbortSignal.timeout(1_000),
      })
      return response.ok ? ((await response.json()) as Intent) : {}
    } catch {
      return {}
    }
  }

  async #register(record: InstanceRecord): Promise<Instance> {
    this.#binaries ??= findBinaries(this.#account)
    this.#binaries.catch(() => {
      this.#binaries = undefined
    })
    const binaries = await this.#binaries
    const folder = join(this.#folder, record.name)
    const instance = new Instance({binaries, account: this.#account, folder}, record, this.#world.log)
    this.#instances.set(record.name, instance)
    return instance
  }

  /** Idempotent: an instance that is there already is left as it is. */
  async #create(name: string, request: CreateRequest): Promise<Instance> {
    const existing = this.#instances.get(name)
    if (existing) return existing
    const source = request.source && this.#get(request.source.name)
    const instance = await this.#register(await this.#newRecord(name, request, source))
    const place = {binaries: await this.#binaries!, account: this.#account, folder: await this.#newFolder(name)}
    try {
      if (request.primary) await instance.clone()
      else if (source) {
        await recoverTo(place, instance.record, source, request.source?.at)
        await instance.open()
      } else await instance.create(request.rootPassword)
    } catch (error) {
      await this.#remove(name)
      throw error
    }
    return instance
  }

  async #newRecord(name: string, request: CreateRequest, source: Instance | undefined): Promise<InstanceRecord> {
    const {spec, project, primary} = request
    const [first, second] = this.#world.zones as [string, string]
    const zone = spec.zone ?? first
    const other = spec.secondaryZone ?? (zone === first ? second : first)
    return {
      name,
      project,
      spec,
      port: await this.#world.ports.claim(`sql:${name}`),
      // A clone keeps the passwords of what it was cloned from.
      password: primary?.password ?? source?.record.password ?? randomBytes(18).toString('hex'),
      zone,
      ...(spec.availability === 'REGIONAL' ? {secondaryZone: other} : {}),
      ...(primary ? {primary} : {}),
      quiesced: false,
      zoneChanges: [],
    }
  }

  async #newFolder(name: string): Promise<string> {
    await rm(join(this.#folder, name), {recursive: true, force: true})
    return makeFolder(this.#home, this.#folder, name)
  }

  async #remove(name: string): Promise<void> {
    const instance = this.#instances.get(name)
    this.#instances.delete(name)
    await instance?.delete()
    this.#world.ports.release(`sql:${name}`)
    if (this.#folder !== this.#home) await sweepElsewhere()
  }

  #get(name: string): Instance {
    const instance = this.#instances.get(name)
    if (!instance) throw Object.assign(new Error(`No SQL instance ${name} in ${this.#world.region}`), {statusCode: 404})
    return instance
  }

  /** Control routes, for the global process only. Every one is idempotent. */
  routes(server: FastifyInstance): void {
    type Named = {Params: {name: string; item: string}}
    const at = '/sql/instances/:name'
    const instance = (request: {params: {name: string}}) => this.#get(request.params.name)
    const seen = async (found: Instance) => found.observe()

    server.get('/sql/instances', () => Promise.all([...this.#instances.values()].map(seen)))
    server.get<Named>(at, (request) => seen(instance(request)))
    server.put<Named & {Body: CreateRequest}>(at, async (request) =>
      seen(await this.#create(request.params.name, request.body)),
    )
    server.delete<Named>(at, async (request) => this.#remove(request.params.name).then(() => ({})))
    server.get<Named>(`${at}/upstream`, async (request) => {
      const {host, port, password} = instance(request).upstream
      return {name: request.params.name, host, port, password} satisfies Primary
    })
    server.put<Named & {Body: InstanceSpec}>(`${at}/spec`, async (request) => {
      await instance(request).configure(request.body)
      return seen(instance(request))
    })
    server.post<Named>(`${at}/restart`, (request) =>
      instance(request)
        .restart()
        .then(() => ({})),
    )
    server.post<Named>(`${at}/failover`, async (request) => {
      await instance(request).failover()
      return seen(instance(request))
    })
    server.post<Named & {Body: {afterLsn?: number; withinMs?: number}}>(`${at}/promote`, async (request) => ({
      promoted: await instance(request).promote(request.body ?? {}),
    }))
    server.post<Named & {Body: {replica: string; withinMs: number}}>(`${at}/quiesce`, async (request) => ({
      control: await instance(request).quiesce(request.body),
    }))
    server.post<Named>(`${at}/resume`, (request) =>
      instance(request)
        .resume()
        .then(() => ({})),
    )
    server.post<Named & {Body: {primary: Primary; rebuild: boolean}}>(`${at}/follow`, async (request) => {
      await instance(request).follow(request.body.primary, request.body.rebuild)
      return {}
    })
    server.post<Named>(`${at}/backups`, (request) => instance(request).backup())
    server.post<Named & {Body: ExecuteRequest}>(`${at}/execute`, (request) =>
      executeSql(instance(request), request.body),
    )
    this.#catalogRoutes(server, at, instance)
    server.get('/sql/processes', async () => ({
      pids: [...this.#instances.keys()].flatMap((name) => this.#pidsOf(name)),
    }))
  }

  #catalogRoutes(server: FastifyInstance, at: string, instance: (request: {params: {name: string}}) => Instance): void {
    type Named = {Params: {name: string; item: string}}
    const slow = {timeoutMs: 60_000}
    server.get<Named>(`${at}/databases`, (request) => instance(request).admin(listDatabases))
    server.put<Named>(`${at}/databases/:item`, async (request) => {
      await instance(request).admin((client) => putDatabase(client, request.params.item), slow)
      return {}
    })
    server.delete<Named>(`${at}/databases/:item`, async (request) => {
      await instance(request).admin((client) => dropDatabase(client, request.params.item), slow)
      return {}
    })
    server.get<Named>(`${at}/users`, (request) => instance(request).admin(listUsers))
    server.put<Named & {Body: UserSpec}>(`${at}/users/:item`, async (request) => {
      await instance(request).admin((client) => putUser(client, request.body), slow)
      return {}
    })
    server.delete<Named>(`${at}/users/:item`, async (request) => {
      await instance(request).admin((client) => dropUser(client, request.params.item), slow)
      return {}
    })
    server.delete<Named>(`${at}/slots/:item`, async (request) => {
      await instance(request).admin((client) => dropSlots(client, request.params.item))
      return {}
    })
  }

  /** Backends are outside the region's process group, so whoever pauses a region needs their ids. */
  #pidsOf(name: string): number[] {
    return processesOf(dataDirOf(join(this.#folder, name)))
  }
}
