/** The environments of a file: which there are, and each one's settings with its overrides applied. */
import {EXPECTED} from './expected.ts'
import {childOf, type Located, offsetOf, overlay, type Path, without} from './located.ts'
import type {Fault} from './problems.ts'
import {ENVIRONMENT_NAME, identity, placement} from './schema.ts'
import {show} from './show.ts'

export interface Environment {
  readonly name: string
  /** Offset of its key, where what only an environment has is missed. */
  readonly at: number
  readonly root: Located
}

/** Offset of a setting of an environment, or of the place where it is missed. */
export function placeOf({root, at}: Environment, path: Path, of?: 'key' | 'value'): number {
  const [key, ...deeper] = path
  const isMissed = key !== undefined && deeper.length === 0 && childOf(root, key) === undefined
  return isMissed && Object.hasOwn(placement, key) ? at : offsetOf(root, path, of)
}

export interface Environments {
  readonly environments: Environment[]
  /** What all have in common, before any override. */
  readonly base: Located
  readonly faults: Fault[]
}

/** Used when the file names none: everything on this machine. */
const ONLY_LOCAL = (at: number): Located => ({
  kind: 'map',
  at,
  entries: new Map([['target', {at, value: {kind: 'scalar', at, value: 'local'}}]]),
})

/** At least one environment, unless the map itself is unusable. */
export function environmentsOf(root: Located): Environments {
  const base = without(root, ['version', 'environments', ...Object.keys(placement)])
  const faults = misplaced(root, Object.keys(placement), 'It belongs in an environment.')
  const written = childOf(root, 'environments')
  if (written === undefined)
    return {base, environments: [{name: 'local', at: root.at, root: overlay(base, ONLY_LOCAL(root.at))}], faults}
  if (written.kind !== 'map' || written.entries.size === 0) {
    const instead = 'local: {target: local}'
    const message = 'environments must be a map with at least one environment.'
    return {
      base,
      environments: [],
      faults: [...faults, {code: 'VALUE_INVALID', message, offset: offsetOf(root, ['environments']), instead}],
    }
  }
  const environments = [...written.entries].map(([name, entry]): Environment => {
    faults.push(...misnamed(name, entry.at), ...unmapped(name, entry.value))
    faults.push(...misplaced(entry.value, Object.keys(identity), 'All environments share it; it belongs at the top.'))
    faults.push(...misplaced(entry.value, ['environments'], 'Environments do not nest.'))
    const override =
      entry.value.kind === 'map' ? without(entry.value, [...Object.keys(identity), 'environments']) : base
    return {name, at: entry.at, root: overlay(base, override)}
  })
  return {base, environments, faults}
}

const misplaced = (node: Located, keys: readonly string[], why: string): Fault[] =>
  keys.flatMap((key) => {
    if (node.kind !== 'map' || !node.entries.has(key)) return []
    return [
      {
        code: 'KEY_MISPLACED' as const,
        message: `${key} is in the wrong place. ${why}`,
        offset: offsetOf(node, [key], 'key'),
      },
    ]
  })

function misnamed(name: string, offset: number): Fault[] {
  if (ENVIRONMENT_NAME.test(name)) return []
  const message = `"${name}" must be ${EXPECTED.app.what.replace('3 to', 'at most')}.`
  return [{code: 'NAME_INVALID', message, offset}]
}

function unmapped(name: string, node: Located): Fault[] {
  if (node.kind === 'map') return []
  const found = node.kind === 'scalar' ? show(node.value) : 'a list'
  const message = `The environment ${name} is ${found}; it must be a map.`
  return [{code: 'VALUE_INVALID', message, offset: node.at, instead: `${name}: {target: local}`}]
}
