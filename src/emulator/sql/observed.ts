/** An instance as its region sees it. */
import type {Position} from './admin.ts'
import type {Backup} from './backups.ts'
import type {InstanceRecord, ZoneChange} from './record.ts'

export interface Observed {
  readonly name: string
  readonly role: 'primary' | 'replica'
  /** RUNNABLE: answers (or is stopped as asked); MAINTENANCE: it should run and does not answer. */
  readonly state: 'RUNNABLE' | 'MAINTENANCE'
  readonly active: boolean
  readonly port: number
  readonly zone: string
  readonly secondaryZone?: string
  readonly primary?: string
  readonly zoneChanges: readonly ZoneChange[]
  readonly position?: Position
  readonly backups: readonly string[]
}

/** The server knows its role best; without its word the record counts. */
export function observed(
  {name, port, zone, secondaryZone, primary, spec, zoneChanges}: InstanceRecord,
  wanted: boolean,
  position: Position | undefined,
  backups: readonly Backup[],
): Observed {
  return {
    name,
    role: (position?.inRecovery ?? primary !== undefined) ? 'replica' : 'primary',
    state: position || !wanted ? 'RUNNABLE' : 'MAINTENANCE',
    active: spec.active,
    port,
    zone,
    ...(spec.availability === 'REGIONAL' ? {secondaryZone} : {}),
    ...(primary ? {primary: primary.name} : {}),
    zoneChanges,
    ...(position ? {position} : {}),
    backups: backups.map(({at}) => at),
  }
}
