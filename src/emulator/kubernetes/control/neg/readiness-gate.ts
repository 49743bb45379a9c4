/**
 * The readiness gate that GKE adds to pods behind a NEG, at their creation and never later.
 * https://cloud.google.com/kubernetes-engine/docs/concepts/container-native-load-balancing#pod_readiness
 */
import type {Json, ObjectStore} from '../../api/store.ts'
import {negPorts} from './annotations.ts'

export const GATE = 'cloud.google.com/load-balancer-neg-ready'

/** The gates for a pod with these labels: one, when a Service with a NEG selects it. */
export function gatesFor(
  store: ObjectStore,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): {conditionType: string}[] {
  const selects = ({spec}: Json) =>
    spec.selector && Object.entries(spec.selector).every(([key, value]) => labels[key] === value)
  const exposed = store
    .list('services', {namespace})
    .some((service) => selects(service) && negPorts(service).length > 0)
  return exposed ? [{conditionType: GATE}] : []
}
