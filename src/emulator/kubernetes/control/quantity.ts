/** What pods ask of their nodes. Pure. */
import {quantityOf} from '../api/quantity.ts'
import type {Json} from '../api/store.ts'

/** In units (cores, bytes); what is no quantity counts as 0. */
export const parseQuantity = (text: Json): number => quantityOf(text ?? 0) || 0

export interface Resources {
  /** Cores. */
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
}

/** What a pod asks of its node: all containers and sidecars together, or a larger init container. */
export function podRequests(spec: Json): Resources {
  const of = (container: Json, what: 'cpu' | 'memory') =>
    parseQuantity(container.resources?.requests?.[what] ?? container.resources?.limits?.[what])
  const sum = (containers: readonly Json[], what: 'cpu' | 'memory') =>
    containers.reduce((total, container) => total + of(container, what), 0)
  const inits: Json[] = spec.initContainers ?? []
  const lasting = [...(spec.containers ?? []), ...inits.filter(isSidecar)]
  const largest = (what: 'cpu' | 'memory') =>
    Math.max(sum(lasting, what), ...inits.filter((one) => !isSidecar(one)).map((one) => of(one, what)))
  return {cpu: largest('cpu'), memory: largest('memory')}
}

/** https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
export const isSidecar = (container: Json): boolean => container.restartPolicy === 'Always'
