/** What changed between two sets of inputs, and whether it can be changed in place. */
import type {Props} from '../contract.ts'
import {equal, isObject, isUnknown, type Path} from './values.ts'

export type ChangeKind = 'add' | 'delete' | 'update'

export interface Change {
  readonly path: Path
  readonly kind: ChangeKind
  readonly replaces: boolean
}

/**
 * Changes from `olds` to `news`, each at the deepest place where both have something to compare. Names that start with `__` are
 * bookkeeping. `immutable` holds dotted paths (`spec.template`, `settings.networks[].name`, `[]` for every element): a change at, above or below one of
 * them forces a replacement. `ignored` paths (Pulumi's `ignoreChanges`) are left out with all below them.
 */
export function diffInputs(
  olds: Props,
  news: Props,
  immutable: readonly string[],
  ignored: readonly string[] = [],
): Change[] {
  const fixed = immutable.map(parsePattern)
  const left = ignored.map(parsePattern)
  return changes(olds, news, [])
    .filter(({path}) => !left.some((pattern) => startsWith(path, pattern)))
    .map((change) => ({...change, replaces: leaves(change, olds, news).some((path) => touches(path, fixed))}))
}

function changes(old: unknown, now: unknown, path: Path): Omit<Change, 'replaces'>[] {
  if (equal(old, now)) return []
  if (old === undefined || old === null) return [{path, kind: 'add'}]
  if (now === undefined || now === null) return [{path, kind: 'delete'}]
  if (isUnknown(now)) return [{path, kind: 'update'}]
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length)
    return Array.from({length}, (_, i) => changes(old[i], now[i], [...path, i])).flat()
  }
  if (isObject(old) && isObject(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => !key.startsWith('__'))
    return keys.flatMap((key) => changes(old[key], now[key], [...path, key]))
  }
  return [{path, kind: 'update'}]
}

/** The plain values that came or went with a change: an immutable field may lie deep inside an object that was added. */
function leaves({path}: {path: Path}, olds: Props, news: Props): Path[] {
  const found = [olds, news].flatMap((root) => below(at(root, path), path))
  return found.length > 0 ? found : [path]
}

function below(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => below(item, [...path, index]))
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => below(item, [...path, key]))
  return value === undefined ? [] : [path]
}

const at = (root: unknown, path: Path) =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined,
    root,
  )

/** `a.b[].c`, `a[0]`, `a["b.c"]` as steps; `*` and `[]` stand for any. */
function parsePattern(text: string): string[] {
  const steps = text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d*|\*)\]|([^.[\]]+)/g)
  return [...steps].map(([, quoted, index, name]) => quoted ?? (index === '' ? '*' : index) ?? name!)
}

const startsWith = (path: Path, pattern: readonly string[]) =>
  pattern.length <= path.length && pattern.every((step, i) => step === '*' || step === String(path[i]))

const touches = (path: Path, patterns: readonly (readonly string[])[]) =>
  patterns.some((pattern) => startsWith(path, pattern) || startsWith(pattern, path.map(String)))

/** As Pulumi writes property paths: `a.b[0]["c.d"]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    if (!/^[\w$-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`
    return text ? `${text}.${step}` : step
  }, '')
}
