import type {DatabaseTopology, GateTopology} from '../../src/topology/topology.ts'

/** What the Auth Proxy of a region follows. */
export interface DatabaseRecords {
  readonly record: string
  /** That of the region's own instance. */
  readonly nearest: string
}

export interface PodDatabase extends DatabaseRecords {
  readonly gate?: GateTopology
}

export const recordsIn = ({record, nearest}: DatabaseTopology, region: string): DatabaseRecords => ({
  record,
  nearest: nearest[region]!,
})

/** A pod follows records, not instances: neither roles nor the size of a disk are any of its business. */
export const databaseIn = (database: DatabaseTopology, region: string): PodDatabase => ({
  ...recordsIn(database, region),
  ...(database.gate && {gate: database.gate}),
})
