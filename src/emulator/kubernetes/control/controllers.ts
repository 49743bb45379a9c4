/** Every controller of the emulated cluster. */
import type {Ports} from '../../contract.ts'
import {apiServices} from './api-services.ts'
import {autoscalers} from './autoscaling/autoscalers.ts'
import {createMetrics} from './autoscaling/metrics.ts'
import type {Controller, ControlPlane} from './controller.ts'
import type {Kubelet} from './kubelet/kubelet.ts'
import {groupApi} from './neg/compute.ts'
import {negController} from './neg/controller.ts'
import {endpointSlices} from './network/endpoints.ts'
import {services} from './network/services.ts'
import {scheduler} from './scheduler.ts'
import {secretSync} from './secret-sync.ts'
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
  services(around, around.ports),
  apiServices(around),
  autoscalers(around, createMetrics(around.usage, around.cloud)),
  secretSync(around, around.cloud.googleapis),
  negController(negOptions(around)),
]

function negOptions({cloud, ...around}: Surroundings) {
  const {googleapis, name, project, zones, network} = cloud
  return {...around, api: groupApi(googleapis, project), cluster: name, zones, ...(network && {network})}
}
