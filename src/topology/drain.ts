/** How a pod leaves: times that must add up between the load balancer, Kubernetes and the process. */
import type {ServiceConfig} from '../config/config.ts'

/** Longest a request may take at the load balancer; a pod that got one lives at least so long. */
const REQUEST_SECONDS = 30

export interface Drain {
  /** The pod goes on serving while load balancers everywhere learn that it leaves; then SIGTERM. */
  readonly preStopSeconds: number
  /** From deletion to SIGKILL: the above and the process's own grace. */
  readonly terminationSeconds: number
  /** Requests under way when a pod or a region leaves the rotation may finish for so long: never longer than the pod lives. */
  readonly connectionSeconds: number
  readonly requestSeconds: number
}

/** Source of the order: https://cloud.google.com/kubernetes-engine/docs/how-to/container-native-load-balancing#graceful-shutdown */
export function drainOf({health, graceSeconds}: Pick<ServiceConfig, 'health' | 'graceSeconds'>): Drain {
  const preStopSeconds = health?.drainSeconds ?? 0
  const terminationSeconds = preStopSeconds + graceSeconds
  return {
    preStopSeconds,
    terminationSeconds,
    connectionSeconds: terminationSeconds,
    requestSeconds: Math.min(REQUEST_SECONDS, graceSeconds),
  }
}
