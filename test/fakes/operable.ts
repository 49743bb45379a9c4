/** A cloud in memory, as far as operations look: instances with a role, a log position and rows; records; shares of traffic. */
import type {InstanceFacts, Operable, Position, Rotation, SqlDeed, SqlOperation} from '../../src/cloud/operable.ts'
import {HaError} from '../../src/errors.ts'
import type {Topology} from '../../src/topology/topology.ts'

interface Server {
  facts: InstanceFacts
  inRecovery: boolean
  timeline: number
  lsn: number
  /** Ends with a shutdown's checkpoint. */
  shutDown: boolean
  readonly rows: Map<string, string>
}

export interface FakeCloud extends Operable {
  readonly servers: Map<string, Server>
  readonly records: Map<string, string>
  readonly shares: Map<string, number>
  readonly begun: SqlDeed[]
  /** Regions that do not answer. */
  readonly gone: Set<string>
  /** Instances that take writes now. */
  writable(): readonly string[]
}

const refused = (status: number, message: string) => new HaError('CLOUD_REFUSED', message, {data: {status}})

export function fakeCloud(topology: Topology): FakeCloud {
  const database = topology.database!
  const servers = new Map<string, Server>()
  const records = new Map<string, string>()
  const shares = new Map<string, number>(topology.regions.map(({name}) => [name, 1]))
  const begun: SqlDeed[] = []
  const gone = new Set<string>()
  const operations = new Map<string, SqlOperation>()
  let fingerprint = 1

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
    if (gone.has(server.facts.region) || !server.facts.active)
      throw new HaError('CLOUD_UNREACHABLE', `${name} is silent`)
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
  const facts = (server: Server, change: Partial<InstanceFacts>) => {
    server.facts = {...server.facts, ...change}
  }

  const deeds: {readonly [D in SqlDeed['deed']]: (deed: Extract<SqlDeed, {deed: D}>) => void} = {
    stop({instance}) {
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
    backup: ({instance}) => void reach(instance),
    promote({instance}) {
      const server = reach(instance)
      if (!server.inRecovery) throw refused(400, `${instance} is not a read replica`)
      const {primary: _, ...rest} = server.facts
      Object.assign(server, {
        facts: {...rest, role: 'primary', backups: true},
        inRecovery: false,
        timeline: server.timeline + 1,
      })
    },
    switchover({instance}) {
      const server = reach(instance)
      const old = serverOf(server.facts.primary!)
      replicate(old)
      deeds.promote({deed: 'promote', instance, failover: false})
      Object.assign(old, {
        facts: {...old.facts, role: 'replica', primary: instance},
        inRecovery: true,
        timeline: server.timeline,
      })
    },
    replicate({instance, region, primary, like}) {
      if (servers.has(instance)) throw refused(409, `${instance} exists`)
      const upstream = reach(primary)
      servers.set(instance, {
        facts: {
          ...serverOf(like).facts,
          name: instance,
          region,
          role: 'replica',
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
    if (sql.includes('pg_control_checkpoint')) return [[server.shutDown ? 't' : 'f']]
    if (sql.includes('pg_snapshot_xmax')) return [[String(server.lsn), '777']]
    return []
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
      ...{streaming: streams(server), lagSeconds: server.inRecovery ? 0.4 : 0, oldestTransactionSeconds: 0},
      contactSeconds: streams(server) ? 0.1 : null,
    }
  }

  const rotation = (): Rotation => ({
    fingerprint: String(fingerprint),
    groups: topology.regions.map(({name}) => ({group: `neg-${name}`, region: name, share: shares.get(name)!})),
  })

  return {
    ...{servers, records, shares, begun, gone},
    writable: () => [...servers.values()].filter((it) => !it.inRecovery && it.facts.active).map((it) => it.facts.name),
    instances: async () =>
      [...servers.values()].map((it) => (gone.has(it.facts.region) ? {...it.facts, state: 'UNKNOWN'} : it.facts)),
    position: async (name) => position(name),
    query: async (name, sql) => query(name, sql),
    async begin(deed) {
      begun.push(deed)
      deeds[deed.deed](deed as never)
      const operation = {id: `op-${begun.length}`, type: deed.deed, done: true}
      operations.set(operation.id, operation)
      return {...operation, done: false}
    },
    operation: async (id) => operations.get(id)!,
    running: async () => [],
    record: async (name) => records.get(name),
    async moveRecord(name, from, to) {
      if (records.get(name) !== from) throw refused(412, `${name} says something else`)
      records.set(name, to)
    },
    rotation: async () => rotation(),
    async setRotation(_, wanted) {
      if (wanted.fingerprint !== String(fingerprint)) throw refused(412, 'changed meanwhile')
      fingerprint += 1
      for (const {region, share} of wanted.groups) shares.set(region, share)
    },
    health: async () =>
      Object.fromEntries(topology.regions.map(({name}) => [name, {healthy: gone.has(name) ? 0 : 3, total: 3}])),
    workloads: async (region) =>
      gone.has(region)
        ? {unseen: 'silent'}
        : {
            seen: topology.services.map(({name}) => ({
              name,
              image: '',
              ready: 3,
              desired: 3,
              updated: 3,
              restarts: 0,
              reasons: [],
            })),
          },
  }
}
