/** What a preset buys, one row each: every number and choice of the platform that ha.yaml does not state. */
import type {Preset} from '../config/config.ts'

export interface Terms {
  /** Deletion refused twice, by Pulumi and by the provider or Google itself. */
  readonly protects: boolean
  readonly cluster: {
    readonly channel: 'REGULAR' | 'STABLE'
    /** Nodes kept in each zone even when the workloads would fit on fewer. */
    readonly floorPerZone: number
    readonly upgrades: 'SURGE' | 'BLUE_GREEN'
    /** Least time between two upgrades of the control plane. */
    readonly minorIntervalSeconds: number
    readonly patchIntervalSeconds: number
    /** Kubernetes objects kept in another region; 0: no backups. */
    readonly backupDays: number
    /** Days in which nobody can delete such a backup. */
    readonly backupLockDays: number
    /** Time an upgrade is watched in the first region before the others follow; 0: weekdays alone keep them apart. */
    readonly soakSeconds: number
  }
  readonly network: {
    /** Share of flows and of requests that is logged. */
    readonly flowSampling: number
    readonly requestSampling: number
  }
  readonly database: {
    readonly edition: 'ENTERPRISE' | 'ENTERPRISE_PLUS'
    /** Where the primary is. A failover gives the new primary its second zone itself, before the next deploy. */
    readonly primary: 'ZONAL' | 'REGIONAL'
    readonly replica: 'ZONAL' | 'REGIONAL'
    /** The disk grows by itself up to this many times its first size. */
    readonly growth: number
    /** Days a last backup outlives its instance; 0: none is made. */
    readonly finalBackupDays: number
  }
  readonly edge: {
    /** Cloud Armor learns what is normal and suggests rules. */
    readonly adaptive: boolean
  }
  readonly workload: {
    /** Time a new pod must have been ready before the rollout counts on it. */
    readonly settleSeconds: number
  }
}

const DAY = 86_400

/** Sources: notes of each field; Cloud SQL: https://cloud.google.com/sql/docs/postgres/editions-intro */
export const TERMS: Readonly<Record<Preset, Terms>> = {
  dev: {
    protects: false,
    cluster: {
      channel: 'REGULAR',
      floorPerZone: 1,
      upgrades: 'SURGE',
      minorIntervalSeconds: 0,
      patchIntervalSeconds: 0,
      backupDays: 0,
      backupLockDays: 0,
      soakSeconds: 0,
    },
    network: {flowSampling: 0, requestSampling: 1},
    database: {edition: 'ENTERPRISE', primary: 'ZONAL', replica: 'ZONAL', growth: 2, finalBackupDays: 0},
    edge: {adaptive: false},
    workload: {settleSeconds: 1},
  },
  standard: {
    protects: true,
    cluster: {
      channel: 'REGULAR',
      floorPerZone: 1,
      upgrades: 'SURGE',
      minorIntervalSeconds: 30 * DAY,
      patchIntervalSeconds: 7 * DAY,
      backupDays: 14,
      backupLockDays: 3,
      soakSeconds: 0,
    },
    network: {flowSampling: 0.1, requestSampling: 0.1},
    database: {edition: 'ENTERPRISE', primary: 'REGIONAL', replica: 'ZONAL', growth: 10, finalBackupDays: 30},
    edge: {adaptive: false},
    workload: {settleSeconds: 2},
  },
  critical: {
    protects: true,
    cluster: {
      channel: 'STABLE',
      floorPerZone: 2,
      upgrades: 'BLUE_GREEN',
      minorIntervalSeconds: 30 * DAY,
      patchIntervalSeconds: 7 * DAY,
      backupDays: 35,
      backupLockDays: 7,
      soakSeconds: 3 * DAY,
    },
    network: {flowSampling: 0.5, requestSampling: 1},
    database: {edition: 'ENTERPRISE_PLUS', primary: 'REGIONAL', replica: 'REGIONAL', growth: 10, finalBackupDays: 30},
    edge: {adaptive: true},
    workload: {settleSeconds: 15},
  },
}

/** Machine types by size. Source: https://cloud.google.com/sql/docs/postgres/machine-series-overview */
export const TIERS = {
  ENTERPRISE: {small: 'db-custom-2-7680', medium: 'db-custom-4-15360', large: 'db-custom-8-30720'},
  ENTERPRISE_PLUS: {small: 'db-perf-optimized-N-2', medium: 'db-perf-optimized-N-4', large: 'db-perf-optimized-N-8'},
} as const

/** Weekday of maintenance by a region's index: neighbours in the list are never touched on the same day. */
export const WEEKDAYS = ['TU', 'WE', 'TH', 'SA', 'SU', 'MO', 'FR'] as const
