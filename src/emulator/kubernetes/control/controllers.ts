/** Every controller of the emulated cluster. */
import type {Ports} from '../../contract.ts'
import type {Controller, ControlPlane} from './controller.ts'
import type {Kubelet} from './kubelet/kubelet.ts'
import {endpointSlices} from './network/endpoints.ts'
import {scheduler} from './scheduler.ts'
import {deployments} from './workloads/deployments.ts'
import {disruptionBudgets} from './workloads/disruption-budgets.ts'
import {jobs} from './workloads/jobs.ts'
import {replicaSets} from './workloads/replica-sets.ts'

export interface Cloud {
  /** Base URL of Google's APIs; it may be down. */
  readonly googleapis: string
  readonly name: string
  readonly project: string
  readonly zones: readonly string[]
  readonly network?: string
}

export interface Surroundings extends ControlPlane {
  readonly usage: Kubelet['usage']
  readonly ports: Ports
  readonly cloud: Cloud
}

export const controllersOf = (around: Surroundings): Controller[] => [
  scheduler(around),
  replicaSets(around),
  deployments(around),
  jobs(around),
  disruptionBudgets(around),
  endpointSlices(around),
]
