/** Managed zones and their records, and what Cloud DNS asks of both. */
import {createHash} from 'node:crypto'
import {GoogleError} from '../compute/google.ts'
import type {CheckFailure, Props, Records} from '../contract.ts'

export const ZONE_TOKEN = 'gcp:dns/managedZone:ManagedZone'
export const RECORD_TOKEN = 'gcp:dns/recordSet:RecordSet'

/** https://cloud.google.com/dns/docs/reference/rest/v1/managedZones */
export interface Zone extends Props {
  readonly project: string
  readonly name: string
  readonly dnsName: string
  readonly visibility: 'public' | 'private'
  readonly creationTime: string
  readonly forceDestroy: boolean
}

/** https://cloud.google.com/dns/docs/reference/rest/v1/resourceRecordSets */
export interface RecordSet extends Props {
  readonly project: string
  readonly managedZone: string
  readonly name: string
  readonly type: string
  readonly ttl?: number
  readonly rrdatas?: readonly string[]
}

export const zoneId = ({project, name}: Pick<Zone, 'project' | 'name'>) => `projects/${project}/managedZones/${name}`
export const recordId = ({
  project,
  managedZone,
  name,
  type,
}: Pick<RecordSet, 'project' | 'managedZone' | 'name' | 'type'>) =>
  `projects/${project}/managedZones/${lastOf(managedZone)}/rrsets/${name}/${type}`
export const lastOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** A decimal id, the same for the same zone. */
export const numberOf = (text: string) =>
  BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 15)}`).toString()

/** https://cloud.google.com/dns/docs/records-overview#supported_dns_record_types */
const TYPES = 'A AAAA ALIAS CAA CNAME DNSKEY DS HTTPS IPSECKEY MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT'.split(
  ' ',
)
/** RFC 1035; Cloud DNS allows underscores and a leading wildcard. */
const DNS_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$/i
/** https://cloud.google.com/dns/docs/reference/rest/v1/managedZones#resource:-managedzone (name) */
const ZONE_NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

export function zoneProblems({name, dnsName, visibility = 'public', privateVisibilityConfig}: Props): CheckFailure[] {
  const networks = (privateVisibilityConfig as {networks?: unknown[]} | undefined)?.networks
  return [
    ...when(
      !ZONE_NAME.test(String(name)),
      'name',
      `${name}: 1 to 63 lowercase letters, digits and hyphens, a letter first`,
    ),
    ...when(!isDnsName(dnsName), 'dnsName', `${dnsName} is not a DNS name: it ends with a dot, like example.com.`),
    ...when(
      visibility !== 'public' && visibility !== 'private',
      'visibility',
      `${visibility} is not public or private`,
    ),
    ...when(
      visibility === 'public' && networks !== undefined,
      'privateVisibilityConfig',
      'only a private zone has one',
    ),
  ]
}

export function recordProblems({name, type, ttl, rrdatas, routingPolicy}: Props): CheckFailure[] {
  const data = rrdatas as readonly string[] | undefined
  return [
    ...when(!isDnsName(name), 'name', `${name} is not a DNS name: it ends with a dot, like www.example.com.`),
    ...when(!TYPES.includes(String(type)), 'type', `${type} is not one of ${TYPES.join(', ')}`),
    ...when(
      ttl !== undefined && !(Number(ttl) >= 0 && Number(ttl) <= 2_147_483_647),
      'ttl',
      `${ttl} is not a number of seconds`,
    ),
    ...when(
      data === undefined && routingPolicy === undefined,
      'rrdatas',
      'one of rrdatas and routingPolicy is required',
    ),
    ...when(data?.length === 0, 'rrdatas', 'a record set has at least one record'),
    ...(type === 'TXT' ? (data ?? []).flatMap(textProblems) : []),
  ]
}

/** A TXT record is one or more strings of at most 255 bytes (RFC 1035, 3.3.14). */
function textProblems(text: string, index: number): CheckFailure[] {
  const long = stringsOf(text).some((part) => Buffer.byteLength(part) > 255)
  return when(long, `rrdatas[${index}]`, 'a string of a TXT record has at most 255 bytes: split it by ""')
}

function isDnsName(name: unknown): boolean {
  return typeof name === 'string' && name.length <= 254 && DNS_NAME.test(name)
}

const when = (broken: boolean, property: string, reason: string): CheckFailure[] => (broken ? [{property, reason}] : [])

/** The strings of a TXT record's data: quoted ones as they are, unquoted text at its spaces, as Cloud DNS reads it. */
export function stringsOf(text: string): string[] {
  const parts = text.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s"]+)/g)
  return [...parts].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1') ?? plain!)
}

/** How Cloud DNS gives it back: every string quoted. */
export function canonicalText(text: string): string {
  return stringsOf(text)
    .map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`)
    .join(' ')
}

export class Zones {
  readonly #records: Records

  constructor(records: Records) {
    this.#records = records
  }

  zones(project?: string): Zone[] {
    const all = this.#records.list(ZONE_TOKEN).map(({outputs}) => outputs as Zone)
    return project === undefined ? all : all.filter((zone) => zone.project === project)
  }

  /** By name or by number, as the API takes both. Throws 404. */
  zone(project: string, name: string): Zone {
    const found = this.zones(project).find((zone) => zone.name === name || numberOf(zoneId(zone)) === name)
    if (found) return found
    throw new GoogleError(404, 'notFound', `The 'parameters.managedZone' resource named '${name}' does not exist.`)
  }

  putZone(zone: Zone, isNew: boolean): Zone {
    if (isNew && this.#records.get(ZONE_TOKEN, zoneId(zone))) {
      throw new GoogleError(
        409,
        'alreadyExists',
        `The resource 'entity.managedZone' named '${zone.name}' already exists`,
      )
    }
    this.#records.put(ZONE_TOKEN, zoneId(zone), zone)
    return zone
  }

  deleteZone(zone: Zone): void {
    const records = this.recordsIn(zone)
    if (records.length > 0 && !zone.forceDestroy) {
      throw new GoogleError(
        400,
        'containerNotEmpty',
        "The resource named 'managedZone' cannot be deleted because it is not empty",
      )
    }
    for (const record of records) this.#records.delete(RECORD_TOKEN, recordId(record))
    this.#records.delete(ZONE_TOKEN, zoneId(zone))
  }

  recordsIn({project, name}: Zone): RecordSet[] {
    const all = this.#records.list(RECORD_TOKEN).map(({outputs}) => outputs as RecordSet)
    return all.filter((record) => record.project === project && lastOf(record.managedZone) === name)
  }

  find(zone: Zone, name: string, type: string): RecordSet | undefined {
    return this.recordsIn(zone).find((record) => sameName(record.name, name) && record.type === type)
  }

  /** Throws 404. */
  record(zone: Zone, name: string, type: string): RecordSet {
    const found = this.find(zone, name, type)
    if (found) return found
    throw new GoogleError(404, 'notFound', `The 'parameters.name' resource named '${name} (${type})' does not exist.`)
  }

  /** Throws 400 for a name outside the zone, 409 when it exists and should not. */
  putRecord(zone: Zone, record: RecordSet, isNew: boolean): RecordSet {
    const problem = recordProblems(record)[0]
    if (problem)
      throw new GoogleError(
        400,
        'invalid',
        `Invalid value for 'entity.change.additions[0].${problem.property}': ${problem.reason}`,
      )
    if (!sameName(record.name, zone.dnsName) && !record.name.toLowerCase().endsWith(`.${zone.dnsName.toLowerCase()}`)) {
      throw new GoogleError(
        400,
        'invalid',
        `Invalid value for 'entity.change.additions[0].name': '${record.name}' is not in the zone ${zone.dnsName}`,
      )
    }
    if (isNew && this.find(zone, record.name, record.type)) {
      throw new GoogleError(
        409,
        'alreadyExists',
        `The resource 'entity.change.additions[0]' named '${record.name} (${record.type})' already exists`,
      )
    }
    this.#records.put(RECORD_TOKEN, recordId(record), record)
    return record
  }

  deleteRecord(record: RecordSet): void {
    this.#records.delete(RECORD_TOKEN, recordId(record))
  }

  /** What a resolver inside the network is told: TXT without quotes, its strings joined. Undefined: no such record. */
  resolve(name: string, type: string): string[] | undefined {
    const wanted = name.endsWith('.') ? name : `${name}.`
    const owners = this.zones().filter(({dnsName}) => `.${wanted.toLowerCase()}`.endsWith(`.${dnsName.toLowerCase()}`))
    const zone = owners.sort((a, b) => b.dnsName.length - a.dnsName.length)[0]
    const data = zone && this.find(zone, wanted, type)?.rrdatas
    return type === 'TXT' ? data?.map((text) => stringsOf(text).join('')) : data && [...data]
  }
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
