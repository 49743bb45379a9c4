/** `--set PATH=VALUE`: settings of one run, laid over the chosen environment as its own overrides are. Pure. */
import {parseYamlValue} from './document.ts'
import type {Entry, Located} from './located.ts'
import {childOf, overlay} from './located.ts'
import {nearest} from './nearest.ts'
import type {Fault} from './problems.ts'
import {identity} from './schema.ts'

/** The text of one flag and where its offsets begin: after the file's, so that a fault's offset alone tells where it belongs. */
export interface Flag {
  readonly text: string
  readonly start: number
}

export interface Overrides {
  readonly flags: readonly Flag[]
  /** All of them as one map; later ones win. */
  readonly override?: Located
  readonly faults: readonly Fault[]
}

/** `texts`: each `services.api.replicas.min=2`, its value YAML. `start`: length of the file's text. `base`: the settings before any. */
export function parseOverrides(texts: readonly string[], start: number, base: Located): Overrides {
  const flags: Flag[] = []
  const faults: Fault[] = []
  let override: Located | undefined
  let at = start + 1
  for (const text of texts) {
    const flag = {text, start: at}
    at += text.length + 1
    flags.push(flag)
    const parsed = parseOverride(flag, base)
    faults.push(...parsed.faults)
    if (parsed.node) override = override ? replaceIn(override, parsed.node) : parsed.node
  }
  return {flags, faults, ...(override && {override})}
}

const WANTED = '--set wants a path, = and a value.'
const EXAMPLE = 'services.api.replicas.min=3'

function parseOverride({text, start}: Flag, base: Located): {node?: Located; faults: Fault[]} {
  const refuse = (code: Fault['code'], message: string, offset: number, instead?: string) => ({
    faults: [{code, message, offset: start + offset, ...(instead !== undefined && {instead})}],
  })
  const equals = text.indexOf('=')
  const path = text.slice(0, Math.max(0, equals)).trim().split('.')
  if (path.some((step) => step === '' || step === '__proto__')) return refuse('VALUE_INVALID', WANTED, 0, EXAMPLE)
  const written = text.slice(equals + 1)
  if (written.trim() === '') {
    return refuse('VALUE_INVALID', 'It has no value; null takes a setting away.', equals + 1, `${path.join('.')}=null`)
  }
  const shared = [...Object.keys(identity), 'environments'].find((key) => key === path[0])
  if (shared) return refuse('KEY_MISPLACED', `${shared} cannot be set for one run: all environments share it.`, 0)
  const stranger = unknownName(path, base)
  if (stranger) return refuse('KEY_UNKNOWN', stranger.message, 0, stranger.instead)
  const {value, faults} = parseYamlValue(written)
  const shifted = faults.map((fault) => ({...fault, offset: start + equals + 1 + fault.offset}))
  if (!value) return {faults: shifted}
  return {faults: shifted, node: nest(path, start, shift(value, start + equals + 1))}
}

/** Services and queues are named freely, so that only here a misspelt one can be told from a new one, which a flag does not make. */
function unknownName([kind, name]: readonly string[], base: Located): {message: string; instead?: string} | undefined {
  if (name === undefined || (kind !== 'services' && kind !== 'queues')) return undefined
  const known = childOf(base, kind)
  const names = known?.kind === 'map' ? [...known.entries.keys()] : []
  if (names.includes(name)) return undefined
  const meant = nearest(name, names)
  const hint = meant ? `Did you mean ${meant}?` : `It has ${names.join(', ') || 'none'}.`
  return {message: `ha.yaml has no ${kind}.${name}. ${hint}`, ...(meant && {instead: `${kind}.${meant}`})}
}

/** `a.b` and a value → `{a: {b: value}}`, each key placed where it stands in the flag. */
function nest([key, ...rest]: readonly string[], at: number, value: Located): Located {
  const inner = rest.length === 0 ? value : nest(rest, at + key!.length + 1, value)
  return {kind: 'map', at, entries: new Map([[key!, {at, value: inner}]])}
}

/** As `overlay`, but a null stays: it still has to remove something from the environment. */
function replaceIn(base: Located, later: Located): Located {
  if (base.kind !== 'map' || later.kind !== 'map') return later
  const entries = new Map(base.entries)
  for (const [key, entry] of later.entries) {
    const under = entries.get(key)
    entries.set(key, under ? {at: entry.at, value: replaceIn(under.value, entry.value)} : entry)
  }
  return {...base, entries}
}

function shift(node: Located, by: number): Located {
  if (node.kind === 'scalar') return {...node, at: node.at + by}
  if (node.kind === 'list') return {...node, at: node.at + by, items: node.items.map((item) => shift(item, by))}
  const moved = [...node.entries].map(([key, {at, value}]): [string, Entry] => [
    key,
    {at: at + by, value: shift(value, by)},
  ])
  return {...node, at: node.at + by, entries: new Map(moved)}
}

/** The environment's settings with the flags' laid over them. */
export const applyOverrides = (root: Located, {override}: Overrides): Located =>
  override ? overlay(root, override) : root
