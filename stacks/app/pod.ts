/** The pod of a service, as a plain manifest: used by the Deployment, and by the migration job with another command. */
import type {core} from '@pulumi/kubernetes/types/input.js'
import {secretKey} from '../../src/topology/names.ts'
import type {ServiceTopology, Topology} from '../../src/topology/topology.ts'
import type {DatabaseRecords, PodDatabase} from './database.ts'
import {gateContainer} from './gate.ts'

/** 2.18.2, by the digest of its index. Source: https://github.com/GoogleCloudPlatform/cloud-sql-proxy/releases */
const PROXY_IMAGE =
  'gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.18.2@sha256:fc224915ef435afeb5b2a9421260a0d31986d5c8b7c7f5783c7f5d5885700cd2'
const PROXY_HEALTH_PORT = 9801
/** The Auth Proxy's port for the primary where the gate has the one that the app is told. */
const BEHIND_GATE = 5431

export type Manifest<T> = {[K in keyof T]: T[K]}

export const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: {drop: ['ALL']},
  readOnlyRootFilesystem: false,
}

/** What a pod needs to know besides its service. */
export interface PodSetting {
  readonly region: string
  readonly secrets: Topology['secrets']
  readonly database?: PodDatabase
}

export function podSpec(
  service: ServiceTopology,
  setting: PodSetting,
  labels: Record<string, string>,
): core.v1.PodSpec {
  return {
    serviceAccountName: service.name,
    automountServiceAccountToken: false,
    securityContext: {runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}},
    terminationGracePeriodSeconds: service.drain.terminationSeconds,
    // Soft on purpose: a hard spread would refuse to schedule just when a zone is lost.
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
      topologyKey,
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: {matchLabels: labels},
      matchLabelKeys: ['pod-template-hash'],
    })),
    ...(setting.database && {initContainers: sidecars(setting.database)}),
    containers: [serviceContainer(service, setting)],
  }
}

/** What lies between the app and its databases, nearest to the app last. */
const sidecars = (database: PodDatabase): core.v1.Container[] =>
  database.gate ? [authProxy(database, BEHIND_GATE), gateContainer(database.gate, BEHIND_GATE)] : [authProxy(database)]

/** The service's own container, without probes when it declares no health. */
export function serviceContainer(service: ServiceTopology, setting: PodSetting): core.v1.Container {
  const {config} = service
  const {cpuMillis, memoryMiB} = config.resources
  return {
    name: service.name,
    image: config.image,
    ...(config.command && {command: [...config.command]}),
    env: environment(service, setting),
    ...(config.port !== undefined && {ports: [{name: 'http', containerPort: config.port}]}),
    resources: {
      requests: {cpu: `${cpuMillis}m`, memory: `${memoryMiB}Mi`},
      limits: {memory: `${memoryMiB}Mi`},
    },
    securityContext: RESTRICTED,
    ...probes(service),
  }
}

function probes({config, drain}: ServiceTopology): Partial<core.v1.Container> {
  const {health, port} = config
  if (!health || port === undefined) return {}
  const get = (path: string) => ({httpGet: {path, port: 'http'}})
  return {
    startupProbe: {...get(health.live), periodSeconds: 1, failureThreshold: 60},
    readinessProbe: {...get(health.ready), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2},
    livenessProbe: {...get(health.live), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3},
    // Keeps serving until every load balancer has taken the endpoint out; only then comes SIGTERM.
    lifecycle: {preStop: {sleep: {seconds: drain.preStopSeconds}}},
  }
}

function environment(service: ServiceTopology, {region, secrets}: PodSetting): core.v1.EnvVar[] {
  const {config} = service
  return [
    {name: 'HA_REGION', value: region},
    ...(config.port === undefined ? [] : [{name: 'PORT', value: String(config.port)}]),
    ...Object.entries(service.env).map(([name, value]) => ({name, value})),
    ...secrets.map(({name}) => ({name, valueFrom: {secretKeyRef: {name: 'secrets', key: secretKey(name)}}})),
  ]
}

/**
 * Cloud SQL Auth Proxy as a native sidecar: follows the TXT records, closes sessions when the primary moves, logs in with IAM.
 * Flags: https://github.com/GoogleCloudPlatform/cloud-sql-proxy#usage
 */
export function authProxy({record, nearest}: DatabaseRecords, primaryPort = 5432): core.v1.Container {
  const follow = (name: string, port: number) => `${name.replace(/\.$/, '')}?port=${port}`
  const probe = (path: string) => ({httpGet: {path, port: PROXY_HEALTH_PORT}})
  return {
    name: 'cloud-sql-proxy',
    image: PROXY_IMAGE,
    restartPolicy: 'Always',
    args: [
      '--private-ip',
      '--auto-iam-authn',
      '--structured-logs',
      '--health-check',
      '--http-address=0.0.0.0',
      `--http-port=${PROXY_HEALTH_PORT}`,
      '--exit-zero-on-sigterm',
      '--max-sigterm-delay=60s',
      follow(record, primaryPort),
      follow(nearest, 5433),
    ],
    ports: [{containerPort: primaryPort}, {containerPort: 5433}, {containerPort: PROXY_HEALTH_PORT}],
    resources: {requests: {cpu: '50m', memory: '64Mi'}, limits: {memory: '64Mi'}},
    securityContext: RESTRICTED,
    startupProbe: {...probe('/startup'), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60},
    livenessProbe: {...probe('/liveness'), periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3},
  }
}
