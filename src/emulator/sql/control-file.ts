/**
 * PostgreSQL's `global/pg_control`, read without pg_controldata (which the packaged binaries lack).
 * Layout of ControlFileData: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_control.h
 */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'

/** DBState, in the order of the enum. */
const STATES = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const

export interface ControlData {
  /** The same for a primary and all clones of it; a decimal, too large for a number. */
  readonly systemId: string
  readonly state: (typeof STATES)[number]
  /** Where the latest checkpoint record begins, bytes from 0/0. After a clean stop nothing but this record follows. */
  readonly checkpointLsn: number
  readonly redoLsn: number
  readonly timeline: number
}

/** Control file versions this layout holds for: PostgreSQL 13 to 18. */
const VERSIONS = new Set([1300, 1800])

/** Throws when the file has another layout. */
export function parseControlFile(file: Buffer): ControlData {
  const version = file.readUInt32LE(8)
  const state = STATES[file.readInt32LE(16)]
  if (!VERSIONS.has(version) || state === undefined) throw new Error(`pg_control has an unknown layout (${version})`)
  return {
    systemId: file.readBigUInt64LE(0).toString(),
    state,
    checkpointLsn: Number(file.readBigUInt64LE(32)),
    redoLsn: Number(file.readBigUInt64LE(40)),
    timeline: file.readUInt32LE(48),
  }
}

export async function readControlFile(dataDir: string): Promise<ControlData> {
  return parseControlFile(await readFile(join(dataDir, 'global', 'pg_control')))
}
