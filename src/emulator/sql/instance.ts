/** One Cloud SQL instance in its region: a server, its record, and everything that is done to them. */
import {rm} from 'node:fs/promises'
import type pg from 'pg'
import type {Log} from '../contract.ts'
import {type AdminOptions, asAdmin, createBuiltInRoles, dropSlots, putSlot, readPosition} from './admin.ts'
import {
  archiveDirOf,
  type Backup,
  backupsEnded,
  forgetBackups,
  listBackups,
  scheduleBackups,
  takeBackup,
} from './backups.ts'
import type {Upstream} from './base-backup.ts'
import {becomeStandby, cloneFrom, initialise, ownedFolder} from './build.ts'
import {type ControlData, readControlFile} from './control-file.ts'
import {clearUp} from './leftovers.ts'
import {type Observed, observed} from './observed.ts'
import {
  type InstanceRecord,
  type InstanceSpec,
  inOtherZone,
  type Primary,
  saveRecord,
  type ZoneChange,
} from './record.ts'
import {checkSettings, dataDirOf, type ServerPlace, startServer} from './server.ts'
import {ADMIN, type ServerSettings, settingsOf} from './settings.ts'
import {type Supervisor, supervise} from './supervisor.ts'
import {checkpoint, promoteServer, streaming} from './waits.ts'

/** What the server says when its slot or the log it needs is gone; only a new clone helps. */
const CUT_OFF =
  /requested WAL segment \S+ has already been removed|replication slot "[^"]*" (does not exist|has been invalidated)|can no longer (access|get changes from) replication slot/

export class Instance {
  #record: InstanceRecord
  readonly #place: ServerPlace
  readonly #log: Log
  readonly #supervisor: Supervisor
  #queue: Promise<unknown> = Promise.resolve()
  #endBackups = () => {}
  #cutOff = false

  constructor(place: Omit<ServerPlace, 'onLine'>, record: InstanceRecord, log: Log) {
    this.#record = record
    this.#log = log
    this.#place = {...place, onLine: (line) => this.#listen(line)}
    this.#supervisor = supervise({
      name: record.name,
      log,
      launch: () => startServer(this.#place, this.#settings()),
      died: () => this.#takeOver('crash'),
    })
  }

  get record(): InstanceRecord {
    return this.#record
  }

  /** How to reach it as the superuser. */
  get upstream(): Upstream {
    return {host: '127.0.0.1', port: this.#record.port, user: ADMIN, password: this.#record.password}
  }

  /** A new primary. */
  create(rootPassword: string | undefined): Promise<void> {
    return this.#exclusive(async () => {
      await initialise(this.#place, this.#record.password)
      await ownedFolder(this.#place, archiveDirOf(this.#place.folder))
      await this.#supervisor.start()
      await this.admin((client) => createBuiltInRoles(client, rootPassword))
      await saveRecord(this.#place.folder, this.#record)
      await this.#settle()
    })
  }

  /** A new replica of the primary in its record, or that instance rebuilt. */
  clone(): Promise<void> {
    return this.#exclusive(() => this.#clone())
  }

  /** Takes the data folder as it is: after a restart of the region, or one that was restored. */
  open(): Promise<void> {
    return this.#exclusive(async () => {
      await ownedFolder(this.#place, archiveDirOf(this.#place.folder))
      await saveRecord(this.#place.folder, this.#record)
      await this.#settle()
    })
  }

  restart(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#supervisor.stop()
      await this.#settle()
    })
  }

  /** The other zone takes over the same disk; the server in this one is given no time. */
  failover(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#supervisor.stop('immediate')
      await this.#takeOver('requested')
      await this.#settle()
    })
  }

  /** New settings; throws, and keeps the old ones, when PostgreSQL does not take them. Restarts only for those that PostgreSQL cannot change while it runs. */
  configure(spec: InstanceSpec): Promise<void> {
    return this.#exclusive(async () => {
      await checkSettings(this.#place, this.#settings(spec), this.#settings())
      if (this.#record.spec.archiving && !spec.archiving) await this.#forgetBackups()
      await this.#save({...this.#record, spec})
      const server = this.#supervisor.server()
      if (server && spec.active) {
        await server.reload(this.#settings())
        if (await this.#needsRestart()) await this.#supervisor.stop()
      }
      await this.#settle()
    })
  }

  /**
   * Makes a replica a primary. With `afterLsn` only once it has replayed beyond it; resolves with false, and leaves it a replica,
   * when that takes longer than `withinMs`.
   */
  promote({afterLsn, withinMs = 60_000}: {afterLsn?: number; withinMs?: number}): Promise<boolean> {
    return this.#exclusive(async () => {
      const timeoutMs = withinMs + 65_000
      const promoted = await this.admin((client) => promoteServer(client, afterLsn, withinMs), {timeoutMs})
      if (!promoted) return false
      const {primary: _, ...rest} = this.#record
      await this.#save({...rest, quiesced: false})
      await this.#supervisor.server()?.reload(this.#settings())
      return true
    })
  }

  /**
   * Stops a primary cleanly, so that connected replicas have received all of it; it stays down until `resume` or `follow`.
   * Resolves with undefined, and leaves it running, when `replica` does not stream from it within the time.
   */
  quiesce({replica, withinMs}: {replica: string; withinMs: number}): Promise<ControlData | undefined> {
    return this.#exclusive(async () => {
      if (this.#supervisor.server()) {
        const timeoutMs = withinMs + 60_000
        const streams = await this.admin(
          async (client) => (await streaming(client, replica, withinMs)) && checkpoint(client),
          {timeoutMs},
        )
        if (!streams) return undefined
      }
      await this.#save({...this.#record, quiesced: true})
      await this.#supervisor.stop()
      return readControlFile(dataDirOf(this.#place.folder))
    })
  }

  /** Undoes `quiesce`. */
  resume(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#save({...this.#record, quiesced: false})
      await this.#settle()
    })
  }

  /**
   * From now on a replica of `primary`. Without `rebuild` on the data it has: for a replica that changes its primary, and for a
   * primary that was quiesced before the other was promoted. With `rebuild` what it has is replaced by a clone.
   */
  follow(primary: Primary, rebuild: boolean): Promise<void> {
    return this.#exclusive(async () => {
      const {spec, name} = this.#record
      // From here on it takes no more writes, whatever becomes of the rest.
      if (rebuild && !this.#record.primary) await this.#supervisor.stop('immediate')
      await asAdmin({...primary, user: ADMIN}, (client) => putSlot(client, name))
      await this.#save({
        ...this.#record,
        spec: {...spec, archiving: false},
        primary,
        password: primary.password,
        quiesced: false,
      })
      await this.#forgetBackups()
      if (rebuild) return this.#clone()
      const server = this.#supervisor.server()
      if (server) return server.reload(this.#settings())
      await becomeStandby(this.#place)
      await this.#settle()
      // Slots of its own former replicas would keep the log for ever.
      if (spec.active) await this.admin((client) => dropSlots(client))
    })
  }

  async backup(): Promise<Backup> {
    return takeBackup(this.#place.folder, this.upstream)
  }

  /** Superuser session; rejects when the server does not answer. */
  admin<T>(work: (client: pg.Client) => Promise<T>, options?: AdminOptions): Promise<T> {
    return asAdmin(this.upstream, work, options)
  }

  /** What can be seen of it now; never rejects, and answers within two seconds. */
  async observe(): Promise<Observed> {
    const {spec, quiesced} = this.#record
    const wanted = spec.active && !quiesced
    const position = wanted ? await this.admin(readPosition, {timeoutMs: 2_000}).catch(() => undefined) : undefined
    return observed(this.#record, wanted, position, await listBackups(this.#place.folder))
  }

  /** Stops the server; the instance stays. */
  close(): Promise<void> {
    return this.#exclusive(() => this.#end('fast'))
  }

  /** Stops the server and deletes everything. */
  delete(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#end('immediate')
      await clearUp(dataDirOf(this.#place.folder))
      await rm(this.#place.folder, {recursive: true, force: true})
    })
  }

  async #end(mode: 'fast' | 'immediate'): Promise<void> {
    this.#endBackups()
    await this.#supervisor.stop(mode)
    await backupsEnded(this.#place.folder)
  }

  async #clone(): Promise<void> {
    const {primary} = this.#record
    if (!primary) throw new Error(`${this.#record.name} has no primary to be cloned from`)
    const upstream = {...primary, user: ADMIN}
    await asAdmin(upstream, (client) => putSlot(client, this.#record.name))
    await cloneFrom(this.#place, upstream, 'standby', () => this.#supervisor.stop('immediate'))
    await ownedFolder(this.#place, archiveDirOf(this.#place.folder))
    await saveRecord(this.#place.folder, this.#record)
    this.#cutOff = false
    await this.#settle()
  }

  /** Runs or not as the record says, and takes backups or not. */
  async #settle(): Promise<void> {
    const {spec, quiesced, primary} = this.#record
    if (spec.active && !quiesced) await this.#supervisor.start()
    else await this.#supervisor.stop()
    this.#endBackups()
    if (!spec.active || !spec.archiving || primary) return
    const problem = (error: string) => this.#log('warn', `No backup of ${this.#record.name}`, {error})
    this.#endBackups = scheduleBackups(this.#place.folder, this.upstream, problem)
  }

  /** A gap in the archive cannot be crossed, so what lies before it is worth nothing. */
  async #forgetBackups(): Promise<void> {
    await forgetBackups(this.#place.folder)
    await ownedFolder(this.#place, archiveDirOf(this.#place.folder))
  }

  async #takeOver(cause: ZoneChange['cause']): Promise<void> {
    const moved = inOtherZone(this.#record, cause, new Date().toISOString())
    if (moved) await this.#save(moved)
  }

  #listen(line: string): void {
    if (this.#cutOff || !this.#record.primary || !CUT_OFF.test(line)) return
    this.#cutOff = true
    this.#log('warn', `${this.#record.name} is too far behind its primary; cloning it again`)
    this.clone().catch((error) => {
      this.#cutOff = false
      this.#log('error', `${this.#record.name} was not cloned again`, {error: String(error)})
    })
  }

  #settings(spec = this.#record.spec): ServerSettings {
    return settingsOf({...this.#record, spec}, archiveDirOf(this.#place.folder))
  }

  async #needsRestart(): Promise<boolean> {
    return this.admin(async (client) => {
      // The postmaster has read its files once a session started after the signal says so; it handles signals first.
      const {rows} = await client.query('SELECT bool_or(pending_restart) AS pending FROM pg_settings')
      return rows[0].pending === true
    })
  }

  async #save(record: InstanceRecord): Promise<void> {
    await saveRecord(this.#place.folder, record)
    this.#record = record
  }

  /** One thing at a time, in the order asked. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }
}
