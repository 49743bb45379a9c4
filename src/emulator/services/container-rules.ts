/** What GKE accepts and what it can change in place. */
import type {CheckFailure, Props} from '../contract.ts'
import {hasUnknown, isUnknown, valueAt} from '../provider/values.ts'
import {computeName, matches, rules} from './rules.ts'

export const clusterCheck = (inputs: Props): readonly CheckFailure[] => [
  ...rules(
    computeName('name', 40),
    matches('location', /^[a-z]+-[a-z]+\d+$/, 'a region (the emulator has no zonal clusters)'),
  )(inputs),
  ...zonesFailure(inputs),
  ...windowFailure(inputs),
  ...policyConflict(inputs),
]

export const poolCheck = (inputs: Props): readonly CheckFailure[] => [
  ...rules(computeName('name', 40))(inputs),
  ...zonesFailure(inputs),
]

function zonesFailure({location, nodeLocations}: Props): CheckFailure[] {
  if (!Array.isArray(nodeLocations) || isUnknown(location)) return []
  return nodeLocations.flatMap((zone, index) =>
    isUnknown(zone) || String(zone).startsWith(`${location}-`)
      ? []
      : [{property: `nodeLocations[${index}]`, reason: `zone ${zone} is not in ${location}`}],
  )
}

/**
 * At least 48 hours of maintenance in any 32 days, in windows of at least 4 hours.
 * Source: https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions#maintenance-windows
 */
function windowFailure(inputs: Props): CheckFailure[] {
  const path = 'maintenancePolicy.recurringWindow'
  const window = valueAt(inputs, path) as {startTime: string; endTime: string; recurrence: string} | undefined
  if (!window || hasUnknown(window)) return []
  const hours = (Date.parse(window.endTime) - Date.parse(window.startTime)) / 3_600_000
  const days = /BYDAY=([A-Z,]+)/.exec(window.recurrence)?.[1]?.split(',').length ?? 7
  const perMonth = /FREQ=DAILY/.test(window.recurrence) ? 32 : days * Math.floor(32 / 7)
  if (hours >= 4 && hours * perMonth >= 48) return []
  const reason = `must leave at least 48 hours of maintenance in any 32 days, in windows of at least 4 hours; this leaves ${hours * perMonth} in windows of ${hours}`
  return [{property: path, reason}]
}

/** Dataplane V2 enforces network policies by itself. Source: https://cloud.google.com/kubernetes-engine/docs/how-to/dataplane-v2 */
function policyConflict({datapathProvider, networkPolicy}: Props): CheckFailure[] {
  const enabled = (networkPolicy as Props | undefined)?.enabled === true
  if (datapathProvider !== 'ADVANCED_DATAPATH' || !enabled) return []
  return [{property: 'networkPolicy.enabled', reason: 'conflicts with datapathProvider ADVANCED_DATAPATH'}]
}
