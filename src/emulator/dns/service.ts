/** Cloud DNS: managed zones and record sets, and the answers a resolver inside the network would get. */
import {asProviderError} from '../compute/google.ts'
import type {Props, ResourceType, Service, World} from '../contract.ts'
import {mountRoutes, nameServersOf} from './rest.ts'
import {
  lastOf,
  numberOf,
  RECORD_TOKEN,
  type RecordSet,
  recordId,
  recordProblems,
  ZONE_TOKEN,
  type Zone,
  Zones,
  zoneId,
  zoneProblems,
} from './zones.ts'

export function createDnsService({records}: World): Service {
  const zones = new Zones(records)
  const now = () => new Date().toISOString()
  return {
    name: 'dns',
    resources: [
      zoneType(zones, now, (id) => records.get(ZONE_TOKEN, id)),
      recordType(zones, (id) => records.get(RECORD_TOKEN, id)),
    ],
    routes: (server) => mountRoutes(server, zones, now),
  }
}

/** https://www.pulumi.com/registry/packages/gcp/api-docs/dns/managedzone/ */
function zoneType(zones: Zones, now: () => string, find: (id: string) => Props | undefined): ResourceType {
  const outputsOf = (zone: Zone): Props => ({
    ...zone,
    managedZoneId: numberOf(zoneId(zone)),
    nameServers: nameServersOf(zone),
  })
  const read = async (id: string) => {
    const zone = find(id) as Zone | undefined
    return zone && outputsOf(zone)
  }
  const zoneFrom = (inputs: Props, creationTime: string) =>
    ({
      deletionPolicy: 'DELETE',
      description: 'Managed by Pulumi',
      forceDestroy: false,
      visibility: 'public',
      ...inputs,
      creationTime,
    }) as unknown as Zone
  return {
    token: ZONE_TOKEN,
    check: zoneProblems,
    known: ({project, name}) => ({id: `projects/${project}/managedZones/${name}`}),
    create: worded('creating ManagedZone', async (inputs) => {
      const zone = zones.putZone(zoneFrom(inputs, now()), true)
      return {id: zoneId(zone), outputs: outputsOf(zone)}
    }),
    read,
    update: async (id, _outputs, inputs) => {
      const {creationTime} = find(id) as Zone
      return outputsOf(zones.putZone(zoneFrom(inputs, creationTime), false))
    },
    delete: worded('deleting ManagedZone', async (id, {deletionPolicy}) => {
      const zone = find(id) as Zone | undefined
      if (zone && deletionPolicy !== 'ABANDON') zones.deleteZone(zone)
    }),
  }
}

/** https://www.pulumi.com/registry/packages/gcp/api-docs/dns/recordset/ */
function recordType(zones: Zones, find: (id: string) => Props | undefined): ResourceType {
  const put = (inputs: Props, isNew: boolean) => {
    const record = {deletionPolicy: 'DELETE', ...inputs} as unknown as RecordSet
    const zone = zones.zone(record.project, lastOf(record.managedZone))
    return zones.putRecord(zone, record, isNew)
  }
  return {
    token: RECORD_TOKEN,
    check: recordProblems,
    known: (inputs) => ({id: recordId(inputs as unknown as RecordSet)}),
    create: worded('creating RecordSet', async (inputs) => {
      const record = put(inputs, true)
      return {id: recordId(record), outputs: record}
    }),
    read: async (id) => find(id),
    update: worded('updating RecordSet', async (_id, _outputs, inputs) => put(inputs, false)),
    delete: worded('deleting RecordSet', async (id, {deletionPolicy}) => {
      const record = find(id) as RecordSet | undefined
      if (record && deletionPolicy !== 'ABANDON') zones.deleteRecord(record)
    }),
  }
}

/** The same, its refusals worded as the provider words them. */
function worded<A extends unknown[], T>(deed: string, work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return async (...args) => {
    try {
      return await work(...args)
    } catch (error) {
      throw asProviderError(deed, error)
    }
  }
}
