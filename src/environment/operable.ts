import {systemClock} from '../clock.ts'
import type {Operable} from '../cloud/operable.ts'
import {createOperable} from '../cloud/operate.ts'
import {clusterEndpoints, type Environment, wiresOf} from './environment.ts'

/** What an operation asks of this environment's cloud. @throws HaError NOT_DEPLOYED, TARGET_UNSUPPORTED, unless it is told where that is */
export function operableOf(environment: Environment, wires = wiresOf(environment)): Operable {
  const {topology} = environment
  return createOperable({
    wires,
    project: topology.project,
    clock: systemClock,
    zone: topology.dnsZone.name,
    namespace: topology.namespace,
    gate: topology.database?.gate,
    endpoints: clusterEndpoints(environment),
    ...(topology.observer && {observer: topology.observer}),
  })
}
