/** Cloud DNS' REST API: https://cloud.google.com/dns/docs/reference/rest/v1 */
import type {FastifyInstance} from 'fastify'
import {GoogleError} from '../compute/google.ts'
import type {Props} from '../contract.ts'
import {refuse} from '../sql/rest.ts'
import {canonicalText, numberOf, type RecordSet, type Zone, type Zones, zoneId, zoneProblems} from './zones.ts'

type InProject<B = unknown> = {Params: {project: string}; Body: B}
type InZone<B = unknown> = {
  Params: {project: string; zone: string}
  Body: B
  Querystring: {name?: string; type?: string}
}
type OnRecord<B = unknown> = {Params: {project: string; zone: string; name: string; type: string}; Body: B}

export function mountRoutes(root: FastifyInstance, zones: Zones, now: () => string): void {
  root.register(async (server) => {
    server.setErrorHandler(refuse)
    const base = '/dns/v1/projects/:project/managedZones'
    zoneRoutes(server, base, zones, now)
    recordRoutes(server, `${base}/:zone/rrsets`, zones)
    changeRoutes(server, `${base}/:zone/changes`, zones, now)
    server.get<{Querystring: {name?: string; type?: string}}>('/emulator/v1/dns/resolve', async ({query}) => {
      const rrdatas = zones.resolve(query.name ?? '', query.type ?? 'A')
      if (!rrdatas) throw new GoogleError(404, 'notFound', `${query.name} has no ${query.type} record`)
      return {rrdatas}
    })
  })
}

/** A zone as the API shows it. */
function zoneView(zone: Zone): Props {
  const {project: _, forceDestroy: __, pulumiLabels: ___, effectiveLabels: ____, deletionPolicy: _____, ...rest} = zone
  return {...rest, kind: 'dns#managedZone', id: numberOf(zoneId(zone)), nameServers: nameServersOf(zone)}
}

export function nameServersOf({visibility}: Pick<Zone, 'visibility'>): string[] {
  if (visibility === 'private') return ['ns-gcp-private.googledomains.com.']
  return [1, 2, 3, 4].map((number) => `ns-cloud-a${number}.googledomains.com.`)
}

function recordView({name, type, ttl, rrdatas, routingPolicy}: RecordSet): Props {
  return {
    kind: 'dns#resourceRecordSet',
    name,
    type,
    ttl: ttl ?? 0,
    ...(rrdatas ? {rrdatas: type === 'TXT' ? rrdatas.map(canonicalText) : rrdatas} : {}),
    ...(routingPolicy ? {routingPolicy} : {}),
  }
}

/** Every zone has these two, and nobody deletes them. */
function ownRecords(zone: Zone): RecordSet[] {
  const at = {project: zone.project, managedZone: zone.name, name: zone.dnsName, ttl: 21_600}
  const servers = nameServersOf(zone)
  const authority = `${servers[0]} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300`
  return [
    {...at, type: 'NS', rrdatas: servers},
    {...at, type: 'SOA', rrdatas: [authority]},
  ]
}

function zoneRoutes(server: FastifyInstance, base: string, zones: Zones, now: () => string): void {
  server.get<InProject>(base, async ({params}) => ({
    kind: 'dns#managedZonesListResponse',
    managedZones: zones.zones(params.project).map(zoneView),
  }))
  server.get<InZone>(`${base}/:zone`, async ({params}) => zoneView(zones.zone(params.project, params.zone)))
  server.post<InProject<Props>>(base, async ({params, body}) => {
    const problem = zoneProblems(body)[0]
    if (problem)
      throw new GoogleError(
        400,
        'invalid',
        `Invalid value for 'entity.managedZone.${problem.property}': ${problem.reason}`,
      )
    const zone = {visibility: 'public', ...body, project: params.project, creationTime: now(), forceDestroy: false}
    return zoneView(zones.putZone(zone as unknown as Zone, true))
  })
  server.delete<InZone>(`${base}/:zone`, async ({params}, reply) => {
    zones.deleteZone({...zones.zone(params.project, params.zone), forceDestroy: false})
    return reply.code(204).send()
  })
}

function recordRoutes(server: FastifyInstance, path: string, zones: Zones): void {
  const zoneOf = ({project, zone}: {project: string; zone: string}) => zones.zone(project, zone)
  const given = (zone: Zone, body: Props) =>
    ({...pick(body), project: zone.project, managedZone: zone.name}) as RecordSet
  server.get<InZone>(path, async ({params, query}) => {
    const zone = zoneOf(params)
    const all = [...ownRecords(zone), ...zones.recordsIn(zone)]
    const wanted = all.filter(({name, type}) => (query.name ?? name) === name && (query.type ?? type) === type)
    return {kind: 'dns#resourceRecordSetsListResponse', rrsets: wanted.map(recordView)}
  })
  server.post<InZone<Props>>(path, async ({params, body}) => {
    const zone = zoneOf(params)
    return recordView(zones.putRecord(zone, given(zone, body), true))
  })
  server.get<OnRecord>(`${path}/:name/:type`, async ({params}) => {
    const zone = zoneOf(params)
    const own = ownRecords(zone).find(({name, type}) => name === params.name && type === params.type)
    return recordView(own ?? zones.record(zone, params.name, params.type))
  })
  server.patch<OnRecord<Props>>(`${path}/:name/:type`, async ({params, body}) => {
    const zone = zoneOf(params)
    const before = zones.record(zone, params.name, params.type)
    const {name: _, type: __, ...change} = pick(body)
    return recordView(zones.putRecord(zone, {...before, ...change}, false))
  })
  server.delete<OnRecord>(`${path}/:name/:type`, async ({params}) => {
    zones.deleteRecord(zones.record(zoneOf(params), params.name, params.type))
    return {}
  })
}

const FIELDS = ['name', 'type', 'ttl', 'rrdatas', 'routingPolicy']
const pick = (body: Props): Props =>
  Object.fromEntries(FIELDS.filter((key) => body[key] !== undefined).map((key) => [key, body[key]]))

interface ChangeRequest {
  readonly additions?: readonly Props[]
  readonly deletions?: readonly Props[]
}

/** All or nothing: https://cloud.google.com/dns/docs/reference/rest/v1/changes/create. Done when it is answered. */
function changeRoutes(server: FastifyInstance, path: string, zones: Zones, now: () => string): void {
  const kept = new Map<string, Props>()
  server.post<InZone<ChangeRequest>>(path, async ({params, body}) => {
    const zone = zones.zone(params.project, params.zone)
    const {additions = [], deletions = []} = body
    const removed = deletions.map((entry, index) => exactly(zones, zone, entry, index))
    for (const record of removed) zones.deleteRecord(record)
    const added: RecordSet[] = []
    try {
      for (const entry of additions) {
        const record = {...pick(entry), project: zone.project, managedZone: zone.name} as RecordSet
        added.push(zones.putRecord(zone, record, true))
      }
    } catch (error) {
      for (const record of added) zones.deleteRecord(record)
      for (const record of removed) zones.putRecord(zone, record, false)
      throw error
    }
    const id = String(kept.size + 1)
    const change = {
      kind: 'dns#change',
      id,
      status: 'done',
      startTime: now(),
      additions: added.map(recordView),
      deletions: removed.map(recordView),
    }
    kept.set(`${zoneId(zone)}/${id}`, change)
    return change
  })
  server.get<{Params: {project: string; zone: string; id: string}}>(`${path}/:id`, async ({params}) => {
    const zone = zones.zone(params.project, params.zone)
    const found = kept.get(`${zoneId(zone)}/${params.id}`)
    if (!found)
      throw new GoogleError(404, 'notFound', `The 'parameters.changeId' resource named '${params.id}' does not exist.`)
    return found
  })
}

/** A deletion names the whole record, so that nobody deletes what somebody else has just changed. */
function exactly(zones: Zones, zone: Zone, entry: Props, index: number): RecordSet {
  const found = zones.find(zone, String(entry.name), String(entry.type))
  const at = `entity.change.deletions[${index}]`
  if (!found)
    throw new GoogleError(404, 'notFound', `The '${at}' resource named '${entry.name} (${entry.type})' does not exist.`)
  const {kind: _, ...now} = recordView(found)
  const {kind: __, ...asked} = recordView({...found, ...pick(entry)})
  if (JSON.stringify(now) === JSON.stringify(asked)) return found
  throw new GoogleError(412, 'conditionNotMet', `Precondition not met for '${at}'`)
}
