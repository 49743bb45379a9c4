/** After a deploy: kubeconfigs written, and the front door watched until it serves. */
import {writeFileSync} from 'node:fs'
import {endpointOf} from '../../stacks/app/endpoint.ts'
import type {Recorded} from '../../stacks/stack.ts'
import type {Clock} from '../clock.ts'
import type {Cloud, Observation} from '../cloud/cloud.ts'
import type {Paths} from '../environment/environment.ts'
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {troubles} from '../report/status.ts'
import {kubeconfigOf} from '../topology/kubeconfig.ts'
import type {Topology} from '../topology/topology.ts'

/** One kubeconfig per region; holds no secret. Returns their paths by region. */
export function writeKubeconfigs(
  topology: Topology,
  recorded: Recorded,
  paths: Paths,
): Readonly<Record<string, string>> {
  const written: Record<string, string> = {}
  for (const {name} of topology.regions) {
    const endpoint = endpointOf(recorded, name)
    if (endpoint === undefined) continue
    written[name] = paths.kubeconfig(name)
    writeFileSync(written[name], `${kubeconfigOf(topology.target, endpoint, name, topology.namespace)}\n`, {
      mode: 0o600,
    })
  }
  return written
}

const DEADLINE_MS = 120_000
const POLL_MS = 400

export interface Wait {
  readonly cloud: Cloud
  readonly topology: Topology
  readonly endpoints: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Resolves with what is seen once nothing is amiss: every instance ready and in rotation.
 * @throws HaError WORKLOAD_UNHEALTHY with what still is, after two minutes.
 */
export async function untilServing({cloud, topology, endpoints, clock, emit, signal}: Wait): Promise<Observation> {
  const begun = clock.monotonic()
  const task = 'serving'
  let told = false
  for (;;) {
    const observation = await cloud.observe(topology, endpoints)
    // On Google backlogs come from Monitoring, which is not read yet: what cannot be seen there is nothing to wait for.
    const queues = topology.target === 'gcp' ? {seen: []} : observation.queues
    const left = troubles(topology, {...observation, queues}).filter((it) => !it.includes('failed every delivery'))
    const ms = Math.round(clock.monotonic() - begun)
    if (left.length === 0) {
      if (told) emit({kind: 'task.finished', task, ms, note: 'Every instance is ready and in rotation'})
      return observation
    }
    if (!told) emit({kind: 'task.started', task, title: 'Wait until everything serves'})
    told = true
    emit({kind: 'task.progressed', task, note: left[0]!})
    if (ms > DEADLINE_MS) {
      emit({kind: 'task.failed', task, ms, message: left.join('\n')})
      throw new HaError('WORKLOAD_UNHEALTHY', `Deployed, but not all of it serves: ${left.join(' ')}`, {
        next: ['ha logs SERVICE shows why an instance does not become ready.', 'ha status'],
      })
    }
    await clock.sleep(POLL_MS, signal)
  }
}
