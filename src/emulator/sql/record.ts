/** What a region remembers of one instance; the truth for what runs after a restart. */
import {open, readFile, rename} from 'node:fs/promises'
import {join} from 'node:path'
import type {Upstream} from './base-backup.ts'
import type {DatabaseFlag} from './flags.ts'

export interface Primary extends Omit<Upstream, 'user'> {
  readonly name: string
}

/** What the API asks of an instance; sent whole with every change. */
export interface InstanceSpec {
  readonly availability: 'ZONAL' | 'REGIONAL'
  readonly zone?: string
  readonly secondaryZone?: string
  readonly flags: readonly DatabaseFlag[]
  /** activationPolicy ALWAYS. */
  readonly active: boolean
  /** Point-in-time recovery: the write-ahead log is archived and a base backup taken each day. */
  readonly archiving: boolean
}

export interface ZoneChange {
  readonly at: string
  readonly from: string
  readonly to: string
  /** `crash`: by itself because the server died; `requested`: instances.failover. */
  readonly cause: 'crash' | 'requested'
}

export interface InstanceRecord {
  readonly name: string
  readonly project: string
  readonly port: number
  /** Of the superuser; the same on a primary and its replicas. */
  readonly password: string
  readonly spec: InstanceSpec
  readonly zone: string
  /** Takes over while the instance is REGIONAL. */
  readonly secondaryZone: string
  /** Undefined: it is a primary. */
  readonly primary?: Primary
  /** A primary that was stopped for a switchover and must not start by itself. */
  readonly quiesced: boolean
  /** The newest twenty. */
  readonly zoneChanges: readonly ZoneChange[]
}

/** The other zone has taken over the disk; undefined: there is none. */
export function inOtherZone(
  record: InstanceRecord,
  cause: ZoneChange['cause'],
  at: string,
): InstanceRecord | undefined {
  const {zone, secondaryZone, spec, zoneChanges} = record
  if (spec.availability !== 'REGIONAL') return undefined
  const change = {at, from: zone, to: secondaryZone, cause}
  return {...record, zone: secondaryZone, secondaryZone: zone, zoneChanges: [...zoneChanges, change].slice(-20)}
}

/** On disk when it resolves. */
export async function saveRecord(folder: string, record: InstanceRecord): Promise<void> {
  const path = join(folder, 'instance.json')
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(record))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

/** Undefined for a folder whose instance was never finished. */
export async function loadRecord(folder: string): Promise<InstanceRecord | undefined> {
  const text = await readFile(join(folder, 'instance.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}
