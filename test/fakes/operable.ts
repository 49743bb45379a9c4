/**
 * A cloud in memory, as far as operations look: instances with a role, a log position and rows; records; shares of traffic. What it
 * refuses, Google refuses: test/cloud/operable-contract.ts holds it, the emulator and Google to the same rules.
 */
import type {
  GateWord,
  InstanceFacts,
  Operable,
  Position,
  Rotation,
  SqlDeed,
  SqlOperation,
} from '../../src/cloud/operable.ts'
import {HaError} from '../../src/errors.ts'
import type {Facts} from '../../src/facts.ts'
import type {Topology} from '../../src/topology/topology.ts'

interface Server {
  facts: InstanceFacts
  inRecovery: boolean
  timeline: number
  lsn: number
  /** Ends with a shutdown's checkpoint. */
  shutDown: boolean
  rows: Map<string, string>
}

export interface FakeCloud extends Operable {
  readonly servers: Map<string, Server>
  readonly records: Map<string, string>
  readonly shares: Map<string, number>
  readonly begun: SqlDeed[]
  /** What each region's observer knows. */
  readonly observers: Map<string, Facts>
  /** Regions that do not answer. */
  readonly gone: Set<string>
  /** How often an operation is looked at before it has happened; 0: it happens at once. */
  looks: number
  /** When each instance was backed up last, milliseconds since the epoch. */
  readonly lastBackups: Map<string, number>
  /** Rows of `public.bookings` that only this instance has. */
  readonly orphans: Map<string, readonly object[]>
  /** Instances that take writes now. */
  writable(): readonly string[]
}

/** https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/operations#SqlOperationType */
const TYPES: Readonly<Record<SqlDeed['deed'], string>> = {
  ...{stop: 'UPDATE', start: 'UPDATE', protect: 'UPDATE', designate: 'UPDATE', unprotect: 'UPDATE'},
  ...{backup: 'BACKUP_VOLUME'},
  ...{promote: 'PROMOTE_REPLICA', switchover: 'SWITCHOVER', replicate: 'CREATE_REPLICA'},
}

const refused = (status: number, message: string) => new HaError('CLOUD_REFUSED', message, {data: {status}})

/** https://cloud.google.com/compute/docs/reference/rest/v1/backendServices (backends[].capacityScaler) */
function refuseShares(shares: readonly number[]): void {
  if (shares.some((share) => share !== 0 && !(share >= 0.1 && share <= 1)))
    throw refused(400, 'capacityScaler: 0, or 0.1 to 1')
  if (shares.every((share) => share === 0)) throw refused(400, 'capacityScaler: not 0 on every backend')
}

/** What the Admin API refuses before it begins. The emulator's rules, with their sources: src/emulator/sql/roles.ts and api.ts */
function refuseDeed(servers: ReadonlyMap<string, Server>, deed: SqlDeed): void {
  const known = servers.get(deed.instance)?.facts
  if (deed.deed === 'replicate') {
    if (known) throw refused(409, `${deed.instance} exists`)
    if (servers.get(deed.primary)?.facts.role !== 'primary') throw refused(400, `${deed.primary} is no primary`)
    return
  }
  if (!known) throw refused(404, `no ${deed.instance}`)
  const isReplica = known.role === 'replica'
  const primary = servers.get(known.primary ?? '')?.facts
  const wrong = {
    stop: isReplica && 'a read replica cannot be stopped',
    start: false,
    unprotect: false,
    backup: isReplica && 'a read replica has no backups',
    protect: isReplica && 'a read replica has no backups',
    designate: known.edition !== 'ENTERPRISE_PLUS' && 'it needs ENTERPRISE_PLUS',
    promote:
      !isReplica || (deed.deed === 'promote' && deed.failover && primary?.drReplica !== known.name)
        ? 'it is not a (designated) read replica'
        : false,
    switchover:
      (!isReplica && 'it is not a read replica') ||
      (known.edition !== 'ENTERPRISE_PLUS' && 'it needs ENTERPRISE_PLUS') ||
      (primary?.drReplica !== known.name && 'it is not the designated replica'),
  }[deed.deed]
  if (wrong) throw refused(400, `Invalid request: ${deed.deed} of ${deed.instance}: ${wrong}`)
}

export function fakeCloud(topology: Topology): FakeCloud {
  const database = topology.database!
  const servers = new Map<string, Server>()
  const records = new Map<string, string>()
  const shares = new Map<string, number>(topology.regions.map(({name}) => [name, 1]))
  const begun: SqlDeed[] = []
  const redeliveries = new Map<string, number>()
  const lastBackups = new Map(
    database.instances.filter(({role}) => role === 'primary').map(({name}) => [name, Date.now()]),
  )
  const gone = new Set<string>()
  const observers = new Map<string, Facts>()
  const operations = new Map<string, SqlOperation>()
  const orphans = new Map<string, readonly object[]>()
  const underWay = new Map<string, {readonly deed: SqlDeed; looks: number}>()
  let fingerprint = 1
  const word: {now: GateWord | undefined; generation: number} = {
    now: {epoch: 1, state: 'open', timeline: 0},
    generation: 1,
  }

  for (const instance of database.instances) {
    servers.set(instance.name, {
      facts: {
        ...{name: instance.name, region: instance.region, role: instance.role, state: 'RUNNABLE', active: true},
        ...{edition: instance.edition, availability: instance.availability, version: database.version},
        ...{tier: instance.tier, diskGiB: 100, sslMode: 'ENCRYPTED_ONLY', flags: {}},
        ...{backups: instance.role === 'primary', recovery: instance.role === 'primary'},
        ...(instance.replicaOf && {primary: instance.replicaOf}),
      },
      ...{inRecovery: instance.role === 'replica', timeline: 1, lsn: 1000, shutDown: false, rows: new Map()},
    })
    records.set(database.nearest[instance.region]!, instance.connectionName)
  }
  records.set(database.record, database.instances.find(({role}) => role === 'primary')!.connectionName)

  const serverOf = (name: string): Server => {
    const server = servers.get(name)
    if (!server) throw refused(404, `no ${name}`)
    return server
  }
  const reach = (name: string): Server => {
    const server = serverOf(name)
    if (gone.has(server.facts.region)) throw new HaError('CLOUD_UNREACHABLE', `${name} is silent`)
    if (!server.facts.active) throw refused(400, 'Invalid request: Invalid request since instance is not running.')
    return server
  }
  const upstreamOf = ({facts}: Server) => (facts.primary === undefined ? undefined : servers.get(facts.primary))
  const streams = (server: Server): boolean => {
    const upstream = upstreamOf(server)
    if (!server.inRecovery || !upstream) return false
    return upstream.facts.active && !upstream.inRecovery && !gone.has(upstream.facts.region)
  }
  const replicate = (primary: Server) => {
    for (const server of servers.values()) {
      if (upstreamOf(server) !== primary || !streams(server)) continue
      server.lsn = primary.lsn
      for (const [key, value] of primary.rows) server.rows.set(key, value)
    }
  }
  const facts = (server: Server, change: {readonly [K in keyof InstanceFacts]?: InstanceFacts[K] | undefined}) => {
    const entries = Object.entries({...server.facts, ...change}).filter(([, value]) => value !== undefined)
    server.facts = Object.fromEntries(entries) as unknown as InstanceFacts
  }
  /** The old primary becomes the designated replica of the new one. */
  const follow = (old: Server, primary: Server) => {
    const {name} = primary.facts
    facts(old, {role: 'replica', primary: name, drReplica: undefined, backups: false, recovery: false})
    facts(primary, {drReplica: old.facts.name})
    Object.assign(old, {inRecovery: true, timeline: primary.timeline, lsn: primary.lsn, rows: new Map(primary.rows)})
  }

  const deeds: {readonly [D in SqlDeed['deed']]: (deed: Extract<SqlDeed, {deed: D}>) => void} = {
    stop({instance}) {
      if (!serverOf(instance).facts.active) return
      const server = reach(instance)
      server.lsn += 100
      replicate(server)
      for (const it of servers.values()) if (it.facts.primary === instance && it.inRecovery) it.shutDown = true
      facts(server, {active: false})
    },
    start({instance}) {
      facts(serverOf(instance), {active: true})
      for (const it of servers.values()) if (it.facts.primary === instance) it.shutDown = false
    },
    backup: ({instance}) => void lastBackups.set(reach(instance).facts.name, Date.now()),
    // The flag is no part of what operations look at.
    unprotect: ({instance}) => void reach(instance),
    promote({instance, failover}) {
      const server = reach(instance)
      const {primary, ...rest} = server.facts
      Object.assign(server, {
        facts: {...rest, role: 'primary', backups: true},
        inRecovery: false,
        timeline: server.timeline + 1,
      })
      const old = servers.get(primary!)
      if (failover) follow(old!, server)
      else if (old?.facts.drReplica === instance) facts(old, {drReplica: undefined})
    },
    switchover({instance}) {
      const server = reach(instance)
      const old = reach(server.facts.primary!)
      replicate(old)
      const others = [...servers.values()].filter((it) => it !== server && upstreamOf(it) === old)
      deeds.promote({deed: 'promote', instance, failover: true})
      for (const it of others) facts(it, {primary: instance})
    },
    designate: ({instance, replica}) => facts(serverOf(instance), {drReplica: replica}),
    replicate({instance, region, primary, like}) {
      const upstream = reach(primary)
      servers.set(instance, {
        facts: {
          ...serverOf(like).facts,
          name: instance,
          region,
          role: 'replica',
          backups: false,
          recovery: false,
          primary,
          active: true,
          state: 'RUNNABLE',
        },
        ...{
          inRecovery: true,
          timeline: upstream.timeline,
          lsn: upstream.lsn,
          shutDown: false,
          rows: new Map(upstream.rows),
        },
      })
    },
    protect: ({instance, availability}) => facts(reach(instance), {availability, backups: true, recovery: true}),
  }

  /** Time passes by being looked at. */
  const look = () => {
    for (const [id, it] of underWay) {
      if (--it.looks > 0) continue
      underWay.delete(id)
      operations.set(id, {...operations.get(id)!, done: true, ...attempt(it.deed)})
    }
  }
  const attempt = (deed: SqlDeed): {error?: string} => {
    try {
      deeds[deed.deed](deed as never)
      return {}
    } catch (thrown) {
      return {error: (thrown as Error).message}
    }
  }
  const runningOn = (name: string) =>
    [...underWay].filter(([, {deed}]) => deed.instance === name).map(([id]) => operations.get(id)!)
  /** Every instance that nothing else may happen to meanwhile. */
  const touched = (deed: SqlDeed) =>
    [deed.instance, deed.deed === 'replicate' ? deed.primary : servers.get(deed.instance)?.facts.primary].filter(
      (it) => it !== undefined,
    )

  const begin = (deed: SqlDeed): SqlOperation => {
    refuseDeed(servers, deed)
    const busy = new Set([...underWay.values()].flatMap((it) => touched(it.deed)))
    if (touched(deed).some((name) => busy.has(name))) throw refused(409, `${deed.instance} is busy`)
    begun.push(deed)
    const operation = {id: `op-${begun.length}`, type: TYPES[deed.deed], done: cloud.looks === 0}
    if (operation.done) deeds[deed.deed](deed as never)
    else underWay.set(operation.id, {deed, looks: cloud.looks})
    operations.set(operation.id, operation)
    return {...operation, done: false}
  }

  const query = (instance: string, sql: string): (string | null)[][] => {
    const server = reach(instance)
    const inserted = /INSERT INTO (ha_fence|ha_canary) .*?VALUES \((?:(\d+), '[^']*', )?'([^']*)'\)/s.exec(sql)
    if (inserted) {
      if (server.inRecovery) throw refused(400, 'cannot execute INSERT in a read-only transaction')
      server.rows.set(`${inserted[1]}:${inserted[2] ?? ''}`, inserted[3]!)
      server.lsn += 10
      replicate(server)
      return []
    }
    const table = /to_regclass\('(\w+)'\)/.exec(sql)?.[1]
    if (table) return [[[...server.rows.keys()].some((key) => key.startsWith(table)) ? 't' : 'f']]
    const epoch = /FROM ha_fence WHERE epoch = (\d+) AND run = '([^']*)'/.exec(sql)
    if (epoch) return server.rows.get(`ha_fence:${epoch[1]}`) === epoch[2] ? [['1']] : []
    const canary = /FROM ha_canary WHERE run = '([^']*)'/.exec(sql)
    if (canary) return server.rows.get('ha_canary:') === canary[1] ? [['1']] : []
    if (sql.includes('pg_control_checkpoint')) {
      return [[server.inRecovery ? 't' : 'f', server.shutDown ? 't' : 'f', String(server.lsn), '777']]
    }
    if (sql.includes('FROM pg_class')) return orphans.has(instance) ? [['public.bookings']] : []
    if (sql.includes('FROM public.bookings')) return orphans.get(instance)!.map((row) => [JSON.stringify(row)])
    if (sql.includes('pg_stat_activity')) return [['0']]
    if (sql.includes('pg_snapshot_xmax')) return [[String(server.lsn), '777']]
    if (sql.includes('FROM public.ha_heartbeat') && observers.size > 0) return [['0.4']]
    if (sql === 'CHECKPOINT') return []
    throw refused(400, `ERROR: this server knows nothing of: ${sql}`)
  }

  const position = (name: string): Position => {
    const server = reach(name)
    return {
      ...{
        inRecovery: server.inRecovery,
        timeline: server.timeline,
        systemId: '1',
        lsn: server.lsn,
        replayed: server.lsn,
      },
      ...{
        streaming: streams(server),
        paused: false,
        lagSeconds: server.inRecovery ? 0.4 : 0,
        oldestTransactionSeconds: 0,
      },
      contactSeconds: streams(server) ? 0.1 : null,
    }
  }

  const rotation = (): Rotation => ({
    fingerprint: String(fingerprint),
    groups: topology.regions.map(({name}) => ({group: `neg-${name}`, region: name, share: shares.get(name)!})),
  })

  const cloud: FakeCloud = {
    ...{servers, records, shares, begun, observers, gone, lastBackups, orphans, looks: 0},
    writable: () => [...servers.values()].filter((it) => !it.inRecovery && it.facts.active).map((it) => it.facts.name),
    async instances() {
      look()
      return [...servers.values()].map((it) => (gone.has(it.facts.region) ? {...it.facts, state: 'UNKNOWN'} : it.facts))
    },
    position: async (name) => position(name),
    query: async (name, sql) => query(name, sql),
    begin: async (deed) => begin(deed),
    async operation(id) {
      look()
      const found = operations.get(id)
      if (!found) throw refused(404, 'The Cloud SQL operation does not exist.')
      return found
    },
    async running(name) {
      look()
      return runningOn(name)
    },
    lastBackup: async (name) => lastBackups.get(reach(name).facts.name),
    async recoveryWindow(name) {
      const at = reach(name).facts.recovery ? lastBackups.get(name) : undefined
      return at === undefined ? undefined : {earliest: at, latest: Math.max(at, Date.now())}
    },
    queue: async () => ({
      ...{attached: true, regions: topology.regions.map(({name}) => name), keptSeconds: 86_400},
      waiting: {backlog: 0, oldestSeconds: 0, dead: 0, ageSeconds: 0},
    }),
    async redeliver({since, mark}) {
      redeliveries.set(mark, since)
      return since
    },
    redelivered: async (mark) => redeliveries.get(mark),
    record: async (name) => records.get(name),
    async moveRecord(name, from, to) {
      if (records.get(name) === to) return
      if (records.get(name) !== from) throw refused(412, `${name} says something else`)
      records.set(name, to)
    },
    gate: async () => (word.now ? {word: word.now, generation: String(word.generation)} : undefined),
    async setGate(next, generation) {
      if (generation !== (word.now && String(word.generation))) throw refused(412, 'the word changed meanwhile')
      word.now = next
      word.generation += 1
    },
    rotation: async () => rotation(),
    async setRotation(_, wanted) {
      if (wanted.fingerprint !== String(fingerprint)) throw refused(412, 'changed meanwhile')
      refuseShares(wanted.groups.map(({share}) => share))
      fingerprint += 1
      for (const {region, share} of wanted.groups) shares.set(region, share)
    },
    health: async () =>
      Object.fromEntries(topology.regions.map(({name}) => [name, {healthy: gone.has(name) ? 0 : 3, total: 3}])),
    async observed(region) {
      const facts = gone.has(region) ? undefined : observers.get(region)
      return facts ? {seen: facts} : {unseen: 'no observer answers'}
    },
    workloads: async (region) =>
      !topology.regions.some(({name}) => name === region)
        ? {unseen: 'not deployed'}
        : gone.has(region)
          ? {unseen: 'silent'}
          : {
              seen: topology.services.map(({name, config}) => ({
                name,
                image: config.image,
                ready: 3,
                desired: 3,
                updated: 3,
                restarts: 0,
                reasons: [],
              })),
            },
  }
  return cloud
}
