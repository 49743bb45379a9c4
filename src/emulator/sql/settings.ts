/** What an instance's servers are told: postgresql.conf and pg_hba.conf, written anew before every start. Pure. */
import type {Upstream} from './base-backup.ts'
import {effectiveFlags} from './flags.ts'
import {LOCAL} from './limits.ts'
import type {InstanceRecord} from './record.ts'

/** The superuser that operates the server; customers never get it. Cloud SQL's has the same name. */
export const ADMIN = 'cloudsqladmin'

export interface ServerSettings {
  readonly name: string
  readonly port: number
  readonly flags: Readonly<Record<string, string>>
  /** Present on a replica. */
  readonly upstream?: Upstream
  /** Folder for archived write-ahead log; undefined: none is kept. */
  readonly archive?: string
  /** Set while a server is restored to a point in time. */
  readonly recovery?: {readonly archive: string; readonly targetTime?: string}
}

/** What an instance's record comes to; `archive` is where its log goes when it archives. */
export function settingsOf({name, port, spec, primary}: InstanceRecord, archive: string): ServerSettings {
  return {
    name,
    port,
    flags: effectiveFlags(spec.flags),
    ...(primary ? {upstream: {...primary, user: ADMIN}} : {}),
    ...(spec.archiving ? {archive} : {}),
  }
}

/** A replication slot's name allows only lower case, digits and underscores. */
export function slotOf(instance: string): string {
  return instance.replaceAll('-', '_').slice(0, 63)
}

/** Quotes as https://www.postgresql.org/docs/18/config-setting.html says. */
function quote(value: string | number): string {
  return `'${String(value).replaceAll("'", "''")}'`
}

/**
 * Small, quiet and bounded: a server that nobody uses costs no CPU, and its log of changes cannot fill the disk. Durability is
 * never traded: fsync, full_page_writes and synchronous_commit stay at their defaults.
 */
export function postgresConf(settings: ServerSettings): string {
  const {name, port, flags, upstream, archive, recovery} = settings
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    cluster_name: name,
    max_connections: LOCAL.maxConnections,
    shared_buffers: LOCAL.sharedBuffers,
    // Files in the data folder, so that a killed server leaves nothing in /dev/shm.
    dynamic_shared_memory_type: 'mmap',
    huge_pages: 'off',
    jit: 'off',
    // Without worker processes for reads.
    io_method: 'sync',
    max_logical_replication_workers: 0,
    ssl: 'off',
    password_encryption: 'scram-sha-256',
    // Stretching protects what people choose; what is random here every session would pay for.
    scram_iterations: 1,
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%t [%p] %q%u@%d ',
    log_checkpoints: 'off',
    wal_level: 'replica',
    wal_log_hints: 'on',
    max_wal_senders: 10,
    max_replication_slots: 10,
    max_wal_size: LOCAL.maxWalSize,
    // What is archived shares its blocks with the archive (archiveCommand): it may be deleted, not written over.
    wal_recycle: 'off',
    min_wal_size: `${LOCAL.walSegmentMB * 2}MB`,
    wal_keep_size: '16MB',
    max_slot_wal_keep_size: LOCAL.maxSlotWal,
    // A pair that switched roles must not wait for the usual five seconds.
    wal_retrieve_retry_interval: '500ms',
    hot_standby: 'on',
    hot_standby_feedback: 'on',
    // Always on because changing it takes a restart; what is archived is decided by the command.
    archive_mode: 'on',
    archive_command: archive ? archiveCommand(archive) : 'true',
    archive_timeout: archive ? '300s' : 0,
    bgwriter_delay: '1s',
    autovacuum_naptime: '2min',
    ...flags,
  }
  if (upstream) {
    values.primary_conninfo = conninfo(name, upstream)
    values.primary_slot_name = slotOf(name)
    values.recovery_target_timeline = 'latest'
  }
  if (recovery) {
    const file = `"${recovery.archive}/%f`
    values.restore_command = `cp ${file}" "%p" 2>/dev/null || gunzip -c ${file}.gz" > "%p" 2>/dev/null`
    values.recovery_target_action = 'promote'
    if (recovery.targetTime) values.recovery_target_time = withOffset(recovery.targetTime)
  }
  return `${Object.entries(values)
    .map(([key, value]) => `${key} = ${quote(value)}`)
    .join('\n')}\n`
}

/** RFC 3339 as PostgreSQL reads it in its settings, where zones have no names yet, not even `Z`. */
function withOffset(time: string): string {
  return time.replace(/t/i, ' ').replace(/z$/i, '+00')
}

/**
 * A fast shutdown archives the last segment while writers wait, so no more is done then than to keep the segment from being deleted.
 * It is compressed afterwards; killed in the middle of that, the whole one is there still.
 */
function archiveCommand(archive: string): string {
  return `ln -f "%p" "${archive}/%f" && (nice gzip -1f "${archive}/%f" < /dev/null > /dev/null 2>&1 &)`
}

function conninfo(name: string, {host, port, user, password}: Upstream): string {
  const parts = {
    host,
    port,
    user,
    password,
    application_name: name,
    connect_timeout: 5,
    sslmode: 'disable',
    gssencmode: 'disable',
  }
  return Object.entries(parts)
    .map(([key, value]) => `${key}='${value}'`)
    .join(' ')
}

/**
 * IAM users need no password: on Google's side the Auth Proxy proves who they are, here everything comes over loopback.
 * https://cloud.google.com/sql/docs/postgres/iam-authentication
 */
export function hbaConf(): string {
  return [
    `host all ${ADMIN} 127.0.0.1/32 scram-sha-256`,
    `host replication ${ADMIN} 127.0.0.1/32 scram-sha-256`,
    'host all +cloudsqliamuser,+cloudsqliamserviceaccount 127.0.0.1/32 trust',
    'host all all 127.0.0.1/32 scram-sha-256',
    '',
  ].join('\n')
}
