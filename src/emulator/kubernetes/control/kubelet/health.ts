/** A running container under its three probes. https://kubernetes.io/docs/concepts/workloads/pods/probes/ */
import type {Json} from '../../api/store.ts'
import {type ProbeTarget, runProbe} from './probes.ts'

export interface HealthListener {
  /** The startup probe succeeded, or there is none. */
  started(): void
  ready(value: boolean): void
  /** The startup or liveness probe failed for good: the container has to be restarted. `graceSeconds` when the probe has its own. */
  broken(kind: 'startup' | 'liveness', graceSeconds: number | undefined): void
  /** A single check failed. */
  failed(message: string): void
}

export interface Health {
  /** The probes that could kill are over; readiness is still watched. */
  spare(): void
  stop(): void
}

/** Liveness and readiness are watched once the startup probe has succeeded; without a readiness probe a started container is ready. */
export function watchHealth(
  {startupProbe, readinessProbe, livenessProbe}: Json,
  target: ProbeTarget,
  listener: HealthListener,
): Health {
  const ends: {readonly vital: boolean; stop(): void}[] = []
  const stopWhere = (which: (vital: boolean) => boolean) => {
    for (const {vital, stop} of ends) if (which(vital)) stop()
  }

  function watch(kind: string, probe: Json, vital: boolean, healthy: () => void, unhealthy: () => void) {
    const failed = (message: string) => listener.failed(`${kind} probe failed: ${message}`)
    ends.push({vital, stop: runProbe(probe, target, {healthy, unhealthy, failed})})
  }

  function afterStart() {
    listener.started()
    if (livenessProbe) {
      const broken = () => listener.broken('liveness', livenessProbe.terminationGracePeriodSeconds)
      watch('Liveness', livenessProbe, true, () => {}, broken)
    }
    if (!readinessProbe) return listener.ready(true)
    const say = (value: boolean) => () => listener.ready(value)
    watch('Readiness', readinessProbe, false, say(true), say(false))
  }

  if (!startupProbe) afterStart()
  else {
    const started = () => {
      stopWhere((vital) => vital)
      afterStart()
    }
    const broken = () => listener.broken('startup', startupProbe.terminationGracePeriodSeconds)
    watch('Startup', startupProbe, true, started, broken)
  }
  return {spare: () => stopWhere((vital) => vital), stop: () => stopWhere(() => true)}
}
