/** The SQL host of a region: its Cloud SQL instances as PostgreSQL servers in the region's process group. */
import {randomBytes} from 'node:crypto'
import {readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {FastifyInstance} from 'fastify'
import type {RegionPart, RegionWorld} from '../contract.ts'
import {type Account, instancesFolder, makeFolder, serverAccount, sweepElsewhere} from './account.ts'
import {type Binaries, findBinaries} from './binaries.ts'
import {type CreateRequest, mountHost} from './host-routes.ts'
import {Instance} from './instance.ts'
import {processesOf} from './leftovers.ts'
import {type InstanceRecord, loadRecord, type Primary} from './record.ts'
import {recoverTo} from './recover.ts'
import {dataDirOf} from './server.ts'

/** An instance that did not come back is tried again after this. */
const RETRY_MS = 5_000

/** What the global process may say of an instance when its region comes back: it was demoted while the region was away. */
interface Intent {
  readonly demoted?: boolean
  /** Absent when the new primary does not answer either. */
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
  readonly #creating = new Map<string, Promise<Instance>>()
  readonly #retries = new Set<NodeJS.Timeout>()
  #stopping = false

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
    this.#stopping = true
    for (const timer of this.#retries) clearTimeout(timer)
    await Promise.all([...this.#instances.values()].map((instance) => instance.close()))
  }

  async #bringBack(name: string): Promise<void> {
    const folder = join(this.#folder, name)
    const record = await loadRecord(folder)
    // Its creation never ended, so nobody was promised anything.
    if (!record) return rm(folder, {recursive: true, force: true})
    const instance = await this.#register(record)
    try {
      const {demoted, primary} = record.primary ? {} : await this.#intentOf(name)
      if (primary) await instance.follow(primary, true)
      // A second primary would be worse than none; the global process sends for it when the first one answers.
      else if (!demoted) await instance.open()
    } catch (error) {
      this.#world.log('error', `SQL instance ${name} did not come back; it is tried again`, {error: String(error)})
      if (!this.#stopping) this.#retries.add(setTimeout(() => this.#bringBack(name), RETRY_MS))
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

  /** Idempotent: an instance that is there already is left as it is, one that is being made is waited for. */
  async #create(name: string, request: CreateRequest): Promise<Instance> {
    const existing = this.#creating.get(name) ?? this.#instances.get(name)
    if (existing) return existing
    const creating = this.#make(name, request).finally(() => this.#creating.delete(name))
    this.#creating.set(name, creating)
    return creating
  }

  async #make(name: string, request: CreateRequest): Promise<Instance> {
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
    return {
      name,
      project,
      spec,
      port: await this.#world.ports.claim(`sql:${name}`),
      // A clone keeps the passwords of what it was cloned from.
      password: primary?.password ?? source?.record.password ?? randomBytes(18).toString('hex'),
      zone,
      secondaryZone: spec.secondaryZone ?? (zone === first ? second : first),
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
    mountHost(server, {
      get: (name) => this.#get(name),
      list: () => [...this.#instances.values()],
      create: (name, request) => this.#create(name, request),
      remove: (name) => this.#remove(name),
    })
    server.get('/sql/processes', async () => ({
      pids: [...this.#instances.keys()].flatMap((name) => this.#pidsOf(name)),
    }))
  }

  /** Backends are outside the region's process group, so whoever pauses a region needs their ids. */
  #pidsOf(name: string): number[] {
    return processesOf(dataDirOf(join(this.#folder, name)))
  }
}
