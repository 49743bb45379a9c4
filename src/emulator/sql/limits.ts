/** Figures of Cloud SQL for PostgreSQL, each with its source, and the emulator's own bounds. */

/** `project:instance` together. https://cloud.google.com/sql/docs/postgres/instance-settings#instance-id-2ndgen */
export const MAX_PROJECT_AND_INSTANCE = 98
/** Lowercase letters, digits and hyphens; starts with a letter. Same page. */
export const INSTANCE_NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/
/** https://cloud.google.com/sql/docs/postgres/delete-instance: the name of a deleted instance can be used again after a week. */
export const NAME_BLOCKED_MS = 7 * 24 * 3_600_000
/** Versions offered. https://cloud.google.com/sql/docs/postgres/db-versions */
export const DATABASE_VERSIONS = [9.6, 10, 11, 12, 13, 14, 15, 16, 17, 18].map(
  (version) => `POSTGRES_${String(version).replace('.', '_')}`,
)
/** Unset, the edition of 16 and later is ENTERPRISE_PLUS. https://cloud.google.com/sql/docs/postgres/editions-intro */
export const ENTERPRISE_PLUS_BY_DEFAULT_FROM = 16
/** Advanced disaster recovery and ENTERPRISE_PLUS. https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
export const ENTERPRISE_PLUS_FROM = 12
/** GB. https://cloud.google.com/sql/docs/quotas#storage_limits */
export const DISK_GB = {min: 10, max: 65_536}
/** Days of write-ahead log kept, by edition. https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr */
export const LOG_RETENTION_DAYS = {ENTERPRISE: {max: 7, initial: 7}, ENTERPRISE_PLUS: {max: 35, initial: 14}} as const
/** https://cloud.google.com/sql/docs/postgres/backup-recovery/backups */
export const RETAINED_BACKUPS = {max: 365, initial: {ENTERPRISE: 7, ENTERPRISE_PLUS: 15}} as const
/** Labels per resource. https://cloud.google.com/resource-manager/docs/labels-overview#requirements */
export const MAX_LABELS = 64
/** PostgreSQL's names. https://www.postgresql.org/docs/18/limits.html */
export const MAX_IDENTIFIER = 63
/** instances.switchover: ten minutes, at most a day. https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances/switchover */
export const SWITCHOVER_TIMEOUT_MS = {initial: 600_000, max: 86_400_000}

/** A call to a region that does not answer ends after this. */
export const REGION_DEADLINE_MS = 5_000
/** The longest single thing a region does: a clone or a restore. */
export const WORK_DEADLINE_MS = 300_000
/** Operations remembered, oldest forgotten first. */
export const OPERATIONS_KEPT = 500

/** On one machine an instance gets this much, whatever its tier. */
export const LOCAL = {
  sharedBuffers: '16MB',
  maxConnections: 100,
  walSegmentMB: 4,
  maxWalSize: '64MB',
  /** A replica away for longer than this much writing is cloned again. */
  maxSlotWal: '256MB',
  logBytes: 2_000_000,
  /** Base backups and archived log of one instance together; the oldest go first. */
  archiveBytes: 512_000_000,
  baseBackups: 2,
  backupIntervalMs: 24 * 3_600_000,
} as const
