/**
 * The address plan. A region's ranges depend on its index alone, and indexes are only ever appended to, so adding or
 * removing a region renumbers no other (subnet ranges cannot be changed in place).
 */
import {HaError} from '../errors.ts'

export const MAX_REGIONS = 16

/** CIDR blocks of one region: nodes 10.0.{16i}.0/20, pods 10.{16+i}.0.0/16, services 10.32.{16i}.0/20. */
export interface Ranges {
  readonly nodes: string
  readonly pods: string
  readonly services: string
}

/** Private service access (Cloud SQL takes a /24 per region from it). */
export const SERVICE_RANGE = {address: '10.48.0.0', prefixLength: 18} as const

export function rangesOf(index: number): Ranges {
  if (!Number.isInteger(index) || index < 0 || index >= MAX_REGIONS) {
    throw new HaError(
      'CONFIG_INVALID',
      `The address plan has room for ${MAX_REGIONS} regions over an environment's life.`,
      {
        next: ['Remove a region that is no longer used, or start a new environment.'],
      },
    )
  }
  return {nodes: `10.0.${16 * index}.0/20`, pods: `10.${16 + index}.0.0/16`, services: `10.32.${16 * index}.0/20`}
}

/**
 * Indexes for `regions`, keeping every index already given, even to regions no longer listed (their ranges may still exist).
 * New regions take the lowest indexes never given.
 */
export function assignIndexes(
  regions: readonly string[],
  given: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const indexes: Record<string, number> = {...given}
  const taken = new Set(Object.values(given))
  for (const region of regions) {
    if (indexes[region] !== undefined) continue
    let index = 0
    while (taken.has(index)) index++
    indexes[region] = index
    taken.add(index)
  }
  return indexes
}
