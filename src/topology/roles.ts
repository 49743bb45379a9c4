/** Roles: which region is primary and what became of the others. Facts, made by operations, kept in the store. */
import type {Config} from '../config/config.ts'
import {assignIndexes} from './addresses.ts'
import type {Roles} from './topology.ts'

/** Roles at birth: the first region is primary, every instance is of generation 1. */
export function initialRoles(config: Pick<Config, 'regions'>): Roles {
  return {
    epoch: 1,
    primary: config.regions[0]!,
    generations: Object.fromEntries(config.regions.map((region) => [region, 1])),
    lost: [],
    drained: [],
    indexes: assignIndexes(config.regions, {}),
  }
}

/** Recorded roles with regions newly listed in ha.yaml added; nothing already recorded changes. */
export function extendRoles(roles: Roles, config: Pick<Config, 'regions'>): Roles {
  const missing = config.regions.filter((region) => roles.generations[region] === undefined)
  if (missing.length === 0) return roles
  return {
    ...roles,
    generations: {...roles.generations, ...Object.fromEntries(missing.map((region) => [region, 1]))},
    indexes: assignIndexes(config.regions, roles.indexes),
  }
}

/** The region listed that has been part of the platform longest; neither a change of roles nor a new region moves it. */
export const firstRegion = ({regions}: Pick<Config, 'regions'>, {indexes}: Roles): string =>
  regions.toSorted((a, b) => indexes[a]! - indexes[b]!)[0]!
