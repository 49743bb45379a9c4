import {cellName} from '../cell/names.ts'
import type {Recorded} from '../stack.ts'

/** DNS endpoint of the region's cluster as its cell stack recorded it. */
export function endpointOf(recorded: Recorded, region: string): string | undefined {
  const endpoint = recorded[cellName(region)]?.endpoint
  return typeof endpoint === 'string' ? endpoint : undefined
}
