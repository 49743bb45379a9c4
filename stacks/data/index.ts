import type {DatabaseTopology, Topology} from '../../src/topology/topology.ts'
import {labelsOf} from '../labels.ts'
import type {Stack, Step} from '../stack.ts'

const WEEK = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

export type DataInput = ReturnType<typeof dataInput>

export function dataInput(topology: Topology, database: DatabaseTopology, silent: readonly string[] = []) {
  const {project, prefix, network, dnsZone, terms, protect} = topology
  const {version, instances, record, nearest, config} = database
  const lost = new Set(topology.regions.filter((region) => region.lost).map(({name}) => name))
  const connectionOf = (name: string) => instances.find((instance) => instance.name === name)!.connectionName
  const primary = instances.find(({role}) => role === 'primary')!
  return {
    project,
    network,
    version,
    instances: instances.map((instance) => ({
      ...instance,
      lost: lost.has(instance.region) || silent.includes(instance.region),
    })),
    storageGiB: config.storageGiB,
    storageLimitGiB: database.storageLimitGiB,
    recoveryDays: database.recoveryDays,
    finalBackupDays: terms.database.finalBackupDays,
    flags: database.flags,
    allocatedRange: `${prefix}-services`,
    /** Region → weekday on which Google may restart its instance, 1 (Monday) to 7. */
    maintenanceDays: Object.fromEntries(
      topology.regions.map(({name, maintenanceDay}) => [name, WEEK.indexOf(maintenanceDay) + 1]),
    ),
    protect,
    zone: dnsZone.name,
    /** TXT records followed by the Auth Proxies: one for the primary, one per region for its own instance. */
    records: [
      {key: 'primary', name: record, target: primary.connectionName},
      ...instances.map(({region, name}) => ({key: region, name: nearest[region]!, target: connectionOf(name)})),
    ],
    labels: labelsOf(topology, 'data'),
  }
}

/**
 * Every database instance of the platform, in one stack since roles move between them, and the records that name them. Operations
 * change them, and Google counts up the version of an instance's settings with every replica; a change from an outdated one is refused (412).
 */
export const data = (topology: Topology, database: DatabaseTopology): Stack => ({
  kind: 'stack',
  name: 'data',
  needs: ['foundation'],
  looksFirst: true,
  input: (_recorded, silent) => dataInput(topology, database, silent),
  program: async (input: DataInput) => (await import('./program.ts')).program(input),
})

/**
 * Database, users and grants, by API: as Pulumi resources they belong to one instance by name and would be deleted and made
 * again on the other instance after a change of roles.
 */
export const prepareDatabase = (topology: Topology, database: DatabaseTopology): Step => ({
  kind: 'step',
  name: 'database',
  title: 'Prepare the database and its users',
  deed: 'prepare-database',
  // Cloud SQL does one thing on an instance at a time.
  needs: ['data', ...(hasStandby(database) ? ['standby'] : [])],
  input: () => ({
    project: topology.project,
    // The epoch is left out on purpose: users and grants are replicated, a new primary has them already.
    database: database.name,
    users: topology.services.map(({account}) => `${account}@${topology.project}.iam`),
    ...(topology.observer && {observer: topology.observer.user}),
    ...(database.gate && {gate: database.gate}),
  }),
})

export interface StandbyInput {
  /** Names of the instances that live, those of regions that came first in front. No roles: they swap, and the designation with them. */
  readonly instances: readonly string[]
}

/** Whether the edition can exchange a primary with a standby that was designated beforehand, and there is one. */
export const hasStandby = ({instances}: DatabaseTopology): boolean =>
  instances.length > 1 && instances.every(({edition}) => edition === 'ENTERPRISE_PLUS')

/**
 * By API, since the primary stands before its replicas do, and Pulumi leaves alone what operations change. Source:
 * https://docs.cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery
 */
export const designateStandby = ({regions}: Topology, {instances}: DatabaseTopology): Step => ({
  kind: 'step',
  name: 'standby',
  title: 'Designate the standby that may take over',
  deed: 'designate-standby',
  needs: ['data'],
  input: (): StandbyInput => ({
    instances: regions
      .filter(({lost}) => !lost)
      .toSorted((a, b) => a.index - b.index)
      .map(({name}) => instances.find(({region}) => region === name)!.name),
  }),
})
