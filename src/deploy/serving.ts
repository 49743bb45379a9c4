/** After a deploy: kubeconfigs written, and the front door watched until it serves. */
import {writeFileSync} from 'node:fs'
import {endpointOf} from '../../stacks/app/endpoint.ts'
import type {Recorded} from '../../stacks/stack.ts'
import type {Clock} from '../clock.ts'
import type {Cloud, Observation} from '../cloud/cloud.ts'
import type {Paths} from '../environment/environment.ts'
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {observerTroubles, servingTroubles} from '../report/troubles.ts'
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

/**
 * Google’s load balancer takes minutes to serve what is new, and each look costs a dozen calls of a quota.
 * Source: https://cloud.google.com/load-balancing/docs/https/setup-global-ext-https-compute
 */
const PATIENCE = {
  local: {pollMs: 400, deadlineMs: 120_000},
  gcp: {pollMs: 5_000, deadlineMs: 900_000},
} as const

/**
 * Observers ask each few seconds: what one met before the front door was open is not what is shown of it. No longer than this, for
 * a canary may be at fault itself.
 */
const OBSERVERS_MS = 10_000

export interface Wait {
  readonly cloud: Cloud
  readonly topology: Topology
  readonly endpoints: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Resolves with what is seen once nothing is amiss: every instance ready and in rotation, and observers have had the time to see it.
 * @throws HaError WORKLOAD_UNHEALTHY with what still is, after two minutes on the emulator and fifteen on Google.
 */
export async function untilServing({cloud, topology, endpoints, clock, emit, signal}: Wait): Promise<Observation> {
  const {pollMs, deadlineMs} = PATIENCE[topology.target]
  const begun = clock.monotonic()
  const task = 'serving'
  let told = false
  let servesSince: number | undefined
  for (;;) {
    const observation = await cloud.observe(topology, endpoints)
    const amiss = servingTroubles(topology, observation)
    const now = clock.monotonic()
    servesSince = amiss.length === 0 ? (servesSince ?? now) : undefined
    const isYoung = servesSince !== undefined && now - servesSince < OBSERVERS_MS
    const left = isYoung ? observerTroubles(observation) : amiss
    const ms = Math.round(now - begun)
    if (left.length === 0) {
      if (told) emit({kind: 'task.finished', task, ms, note: 'Every instance is ready and in rotation'})
      return observation
    }
    if (!told) emit({kind: 'task.started', task, title: 'Wait until everything serves'})
    told = true
    emit({kind: 'task.progressed', task, note: left[0]!})
    if (ms > deadlineMs && amiss.length > 0) {
      emit({kind: 'task.failed', task, ms, message: left.join('\n')})
      throw new HaError('WORKLOAD_UNHEALTHY', `Deployed, but not all of it serves: ${left.join(' ')}`, {
        next: ['ha logs SERVICE shows why an instance does not become ready.', 'ha status'],
      })
    }
    await clock.sleep(pollMs, signal)
  }
}
