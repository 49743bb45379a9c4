/**
 * The arithmetic of a rolling update. Pure.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
 */
import type {Json, KubeObject} from '../../api/store.ts'

export interface Bounds {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/** Percentages of the wanted replicas: surge rounded up, unavailable rounded down, never both zero. */
export function boundsOf(spec: Json): Bounds {
  const {maxSurge = '25%', maxUnavailable = '25%'} = spec.strategy?.rollingUpdate ?? {}
  if (spec.strategy?.type === 'Recreate') return {maxSurge: 0, maxUnavailable: wanted(spec)}
  const surge = resolve(maxSurge, wanted(spec), Math.ceil)
  const unavailable = resolve(maxUnavailable, wanted(spec), Math.floor)
  return {maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, wanted(spec))}
}

export const wanted = (spec: Json): number => spec.replicas ?? 1

function resolve(value: string | number, total: number, round: (value: number) => number): number {
  const percent = /^(\d+)%$/.exec(String(value))?.[1]
  return percent === undefined ? Number(value) : round((Number(percent) * total) / 100)
}

/** Sizes of ReplicaSets after the next step, by name; only those that change. */
export type Step = ReadonlyMap<string, number>

/** The next step: the new set grows as far as the surge allows; else the old ones shrink as far as availability allows. */
export function rollingStep(spec: Json, current: KubeObject, old: readonly KubeObject[]): Step {
  const bounds = boundsOf(spec)
  const grown = growth(spec, bounds, current, old)
  if (grown !== wanted(current.spec)) return new Map([[current.metadata.name, grown]])
  return shrink(spec, bounds, current, old)
}

/** Recreate: nothing new before the last old pod is gone. `left` counts old pods that still exist. */
export function recreateStep(spec: Json, current: KubeObject, old: readonly KubeObject[], left: number): Step {
  const down = old.filter((set) => wanted(set.spec) > 0)
  if (down.length > 0) return new Map(down.map((set) => [set.metadata.name, 0]))
  const ready = left === 0 && wanted(current.spec) !== wanted(spec)
  return new Map(ready ? [[current.metadata.name, wanted(spec)]] : [])
}

/** How many replicas the new set may have now. */
export function growth(spec: Json, {maxSurge}: Bounds, current: KubeObject, old: readonly KubeObject[]): number {
  const have = wanted(current.spec)
  if (have >= wanted(spec)) return wanted(spec)
  const total = sum([current, ...old], (set) => wanted(set.spec))
  return have + Math.max(0, Math.min(wanted(spec) + maxSurge - total, wanted(spec) - have))
}

function shrink(spec: Json, {maxUnavailable}: Bounds, current: KubeObject, old: readonly KubeObject[]): Step {
  const available = (set: KubeObject) => set.status?.availableReplicas ?? 0
  const sizes = new Map(old.map((set) => [set.metadata.name, wanted(set.spec)]))
  const all = sum([current, ...old], (set) => wanted(set.spec))
  const minAvailable = wanted(spec) - maxUnavailable
  const newUnavailable = wanted(current.spec) - available(current)
  let budget = all - minAvailable - newUnavailable
  const oldestFirst = [...old].sort((a, b) =>
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
  )
  // Replicas that are not available cost nothing to remove.
  let removed = 0
  for (const set of oldestFirst) {
    const unhealthy = Math.min(Math.max(0, wanted(set.spec) - available(set)), Math.max(0, budget))
    sizes.set(set.metadata.name, wanted(set.spec) - unhealthy)
    budget -= unhealthy
    removed += unhealthy
  }
  let spare = Math.min(budget, sum([current, ...old], available) - minAvailable)
  for (const set of oldestFirst) {
    const size = sizes.get(set.metadata.name)!
    const fewer = Math.min(size, Math.max(0, spare))
    sizes.set(set.metadata.name, size - fewer)
    spare -= fewer
    removed += fewer
  }
  return new Map(
    removed > 0
      ? [...sizes].filter(([name, size]) => size !== wanted(old.find((set) => set.metadata.name === name)!.spec))
      : [],
  )
}

/** Sizes after a change of `spec.replicas` in mid-rollout: the difference is shared in proportion, the largest first. */
export function proportionalStep(spec: Json, sets: readonly KubeObject[], bounds: Bounds): Step {
  const active = sets.filter((set) => wanted(set.spec) > 0)
  const have = sum(active, (set) => wanted(set.spec))
  const target = wanted(spec) > 0 ? wanted(spec) + (active.length > 1 ? bounds.maxSurge : 0) : 0
  if (active.length === 1) return stepTo(active[0]!, wanted(spec))
  const difference = target - have
  let left = difference
  const largestFirst = [...active].sort((a, b) => wanted(b.spec) - wanted(a.spec))
  const sizes = largestFirst.map((set) => {
    const share = Math.trunc((wanted(set.spec) * difference) / have)
    left -= share
    return {set, size: wanted(set.spec) + share}
  })
  if (sizes[0]) sizes[0].size = Math.max(0, sizes[0].size + left)
  return new Map(sizes.flatMap(({set, size}) => [...stepTo(set, size)]))
}

const stepTo = (set: KubeObject, size: number): Step =>
  new Map(wanted(set.spec) === size ? [] : [[set.metadata.name, size]])

export const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0)
