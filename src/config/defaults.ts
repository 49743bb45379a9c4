/** What each preset fills in where ha.yaml says nothing. */
import type {Preset, Replicas} from './config.ts'
import type {Settings} from './schema.ts'
import {parsePercent} from './units.ts'

interface PresetDefaults {
  readonly http: {readonly min: number; readonly max: number; readonly cpuPercent: number}
  readonly worker: {readonly min: number; readonly max: number; readonly backlog: number}
  readonly size: 'small' | 'medium' | 'large'
  readonly storage: string
  readonly window: string
  readonly availability: string
  readonly waf: boolean
}

/** Standard and critical start three instances of an HTTP service per region, one for each zone. */
export const PRESETS: Readonly<Record<Preset, PresetDefaults>> = {
  dev: {
    http: {min: 1, max: 3, cpuPercent: 60},
    worker: {min: 1, max: 3, backlog: 100},
    size: 'small',
    storage: '10GiB',
    window: '7d',
    availability: '99%',
    waf: false,
  },
  standard: {
    http: {min: 3, max: 30, cpuPercent: 60},
    worker: {min: 2, max: 20, backlog: 100},
    size: 'medium',
    storage: '100GiB',
    window: '7d',
    availability: '99.95%',
    waf: true,
  },
  critical: {
    http: {min: 3, max: 60, cpuPercent: 50},
    worker: {min: 3, max: 40, backlog: 100},
    size: 'large',
    storage: '200GiB',
    window: '14d',
    availability: '99.99%',
    waf: true,
  },
}

export const HEALTH = {ready: '/readyz', live: '/healthz', drain: '20s'} as const
export const QUEUE = {ack: '60s', attempts: 10, retention: '7d', retry: {min: '10s', max: '600s'}} as const
export const RESOURCES = {cpu: '250m', memory: '256MiB'} as const

/**
 * GKE's own custom metrics (AutoscalingMetric) are read from the pods that are scaled; a figure of Cloud Monitoring, as a
 * subscription's backlog is, still needs the adapter. https://cloud.google.com/kubernetes-engine/docs/tutorials/autoscaling-metrics#pubsub
 * Its digest is published nowhere but in the registry.
 * Source: https://github.com/GoogleCloudPlatform/k8s-stackdriver/blob/master/custom-metrics-stackdriver-adapter/deploy/production/adapter_new_resource_model.yaml
 */
export const METRICS_IMAGE = 'gcr.io/gke-release/custom-metrics-stackdriver-adapter:v0.16.9-gke.0'

/** Name of the observer's workload, and of the image that stands for it where none is published. */
export const OBSERVER = 'ha-observer'

/** Time for the process to end by itself once the drain is over. */
export const GRACE_AFTER_DRAIN = 10

/** Seconds between SIGTERM and SIGKILL where a service says nothing: room for its drain, or for a worker's last message. */
export const defaultGrace = (type: 'http' | 'worker', drainSeconds: number): number =>
  Math.max(type === 'http' ? 30 : 60, drainSeconds + GRACE_AFTER_DRAIN)

/** What a region's loss may cost by default; with one region only a restore is left. */
export const defaultObjectives = (regions: number) => (regions < 2 ? {rto: '30m', rpo: '5m'} : {rto: '60s', rpo: '5s'})

type ReplicaSettings = NonNullable<Settings['services'][string]['replicas']>

/** A service's replicas, the preset's where it says nothing; whichever bound is given moves the other out of its way. */
export function replicasOf(type: 'http' | 'worker', given: Partial<ReplicaSettings> = {}, preset: Preset): Replicas {
  const {http, worker} = PRESETS[preset]
  const standard = type === 'http' ? http : worker
  const min = given.min ?? Math.min(standard.min, given.max ?? standard.min)
  const max = given.max ?? Math.max(standard.max, min)
  return type === 'http'
    ? {min, max, cpuPercent: given.cpu === undefined ? http.cpuPercent : parsePercent(given.cpu)}
    : {min, max, backlog: given.backlog ?? worker.backlog}
}
