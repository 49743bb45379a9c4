/** Values that remember where in the text they stand, so that any problem can point at its exact place. */

export type Path = readonly (string | number)[]

export type Located =
  | {readonly kind: 'map'; readonly at: number; readonly entries: ReadonlyMap<string, Entry>}
  | {readonly kind: 'list'; readonly at: number; readonly items: readonly Located[]}
  | {readonly kind: 'scalar'; readonly at: number; readonly value: unknown}

export interface Entry {
  /** Offset of the key in the text; `value.at` is that of the value. */
  readonly at: number
  readonly value: Located
}

/** The plain value, without places. */
export function plain(node: Located): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plain(entry.value)]))
}

export function childOf(node: Located | undefined, step: string | number): Located | undefined {
  if (node?.kind === 'map') return node.entries.get(String(step))?.value
  if (node?.kind === 'list') return node.items[Number(step)]
  return undefined
}

/**
 * Offset of the value at `path`, or of its key with `of: 'key'`. Where the path leads out of what is written, the nearest
 * enclosing key: a missing setting is shown at the map that should hold it.
 */
export function offsetOf(root: Located, path: Path, of: 'key' | 'value' = 'value'): number {
  let node = root
  let offset = root.at
  for (const [index, step] of path.entries()) {
    const child = childOf(node, step)
    if (!child) return offset
    const isLast = index === path.length - 1
    const key = node.kind === 'map' ? node.entries.get(String(step))!.at : child.at
    offset = isLast && of === 'value' ? child.at : key
    node = child
  }
  return offset
}

/**
 * `override` laid over `base` as JSON merge patch does (RFC 7396): maps deeply, everything else replaced whole, null removes.
 * A null over nothing stays, so that the schema can complain of a misspelt key.
 */
export function overlay(base: Located, override: Located): Located {
  if (base.kind !== 'map' || override.kind !== 'map') return override
  const entries = new Map(base.entries)
  for (const [key, entry] of override.entries) {
    const under = entries.get(key)
    const removes = entry.value.kind === 'scalar' && entry.value.value === null
    if (removes && under) entries.delete(key)
    else entries.set(key, under ? {at: entry.at, value: overlay(under.value, entry.value)} : entry)
  }
  return {kind: 'map', at: base.at, entries}
}

/** The map without some of its keys. */
export function without(node: Located, keys: readonly string[]): Located {
  if (node.kind !== 'map') return node
  return {...node, entries: new Map([...node.entries].filter(([key]) => !keys.includes(key)))}
}
