/** Valid settings → Config: units turned into numbers, what is not said filled in from the preset. */
import {resolve as resolvePath} from 'node:path'
import type {BlockedWindow, Config, DatabaseConfig, ObserverConfig, QueueConfig, ServiceConfig} from './config.ts'
import {
  defaultGrace,
  defaultObjectives,
  HEALTH,
  METRICS_IMAGE,
  OBSERVER,
  PRESETS,
  QUEUE,
  RESOURCES,
  replicasOf,
} from './defaults.ts'
import type {ServiceSettings, Settings} from './schema.ts'
import {parseCpu, parseDuration, parseHours, parseMemory, parsePercent, parseRate, parseSize} from './units.ts'

export interface Context {
  readonly environment: string
  /** Folder of ha.yaml, absolute: services' folders are relative to it. */
  readonly baseDir: string
}

export function resolveConfig(settings: Settings, context: Context): Config {
  const preset = settings.preset ?? 'standard'
  const objectives = {...defaultObjectives(settings.regions.length), ...defined(settings.objectives ?? {})}
  return {
    app: settings.app,
    environment: context.environment,
    target: settings.target,
    preset,
    project: settings.project ?? `${settings.app}-local`,
    ...defined({state: settings.state, domain: settings.domain}),
    alerts: settings.alerts ?? [],
    regions: settings.regions,
    objectives: {
      // Rounded: 99.95 / 100 is 0.9995000000000001 in binary.
      availability: Number((parsePercent(objectives.availability ?? PRESETS[preset].availability) / 100).toFixed(10)),
      rtoSeconds: parseDuration(objectives.rto),
      rpoSeconds: parseDuration(objectives.rpo),
    },
    services: Object.entries(settings.services).map(([name, service]) =>
      resolveService(name, service, preset, context),
    ),
    ...(settings.database && {database: resolveDatabase(settings.database, preset)}),
    queues: Object.entries(settings.queues ?? {}).map(([name, queue]) => resolveQueue(name, queue)),
    edge: resolveEdge(settings, preset),
    secrets: settings.secrets ?? [],
    ...resolveObserver(settings),
    operations: {
      blocked: (settings.operations?.blocked ?? []).map(resolveWindow),
      ...defined({outbox: settings.operations?.outbox}),
    },
    metrics: {image: settings.metrics?.image ?? METRICS_IMAGE},
  }
}

type WindowSettings = NonNullable<NonNullable<Settings['operations']>['blocked']>[number]

function resolveWindow({days = [], hours, from, to, zone = 'UTC', reason}: WindowSettings): BlockedWindow {
  return {
    days,
    ...(hours !== undefined && {hours: parseHours(hours)}),
    ...(from !== undefined && to !== undefined && {dates: {from, to}}),
    zone,
    reason,
  }
}

/** It needs a database to observe, and where images run, one of its own; on the local target its program lies in the package. */
function resolveObserver({observer, database, target}: Settings): {observer?: ObserverConfig} {
  const {enabled = target === 'local' || observer?.image !== undefined, image, canary = {}} = observer ?? {}
  if (!enabled || !database) return {}
  return {observer: {image: image ?? `${OBSERVER}:local`, canary: defined(canary)}}
}

function resolveService(
  name: string,
  service: ServiceSettings,
  preset: Config['preset'],
  {baseDir}: Context,
): ServiceConfig {
  const {type, image, command, local, port} = service
  const isProbed = type === 'http' || service.health !== undefined
  const health = {...HEALTH, ...defined(service.health ?? {})}
  const drainSeconds = parseDuration(health.drain)
  const resources = {...RESOURCES, ...defined(service.resources ?? {})}
  return {
    name,
    type,
    image,
    ...defined({command, port}),
    ...(local && {local: {command: local.command, cwd: resolvePath(baseDir, local.cwd ?? '.')}}),
    paths: type === 'http' ? (service.paths ?? ['/']) : [],
    replicas: replicasOf(type, service.replicas, preset),
    ...(isProbed && {health: {ready: health.ready, live: health.live, drainSeconds}}),
    consumes: service.consumes ?? [],
    env: service.env ?? {},
    resources: {cpuMillis: parseCpu(resources.cpu), memoryMiB: parseMemory(resources.memory)},
    graceSeconds:
      service.grace === undefined ? defaultGrace(type, isProbed ? drainSeconds : 0) : parseDuration(service.grace),
  }
}

function resolveDatabase(database: NonNullable<Settings['database']>, preset: Config['preset']): DatabaseConfig {
  const defaults = PRESETS[preset]
  return {
    version: Number(database.engine.slice('postgres-'.length)),
    size: database.size ?? defaults.size,
    storageGiB: parseSize(database.storage ?? defaults.storage),
    recoverySeconds: parseDuration(database.recovery?.window ?? defaults.window),
    ...(database.migrate && {migrate: database.migrate}),
  }
}

function resolveQueue(name: string, given: NonNullable<Settings['queues']>[string]): QueueConfig {
  const queue = {...QUEUE, ...defined(given)}
  const retry = {...QUEUE.retry, ...defined(given.retry ?? {})}
  return {
    name,
    ackSeconds: parseDuration(queue.ack),
    attempts: queue.attempts,
    retentionSeconds: parseDuration(queue.retention),
    ordered: given.ordered ?? false,
    retry: {minSeconds: parseDuration(retry.min), maxSeconds: parseDuration(retry.max)},
  }
}

function resolveEdge({edge, target}: Settings, preset: Config['preset']): Config['edge'] {
  return {
    waf: edge?.waf ?? PRESETS[preset].waf,
    ...(edge?.rateLimit !== undefined && {rateLimitPerMinute: parseRate(edge.rateLimit)}),
    ...(edge?.port !== undefined && target === 'local' && {port: edge.port}),
  }
}

type Defined<T> = {[K in keyof T]: Exclude<T[K], undefined>}

/** Without the keys whose value is undefined. */
const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<Defined<T>>
