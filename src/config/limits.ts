/** What Google Cloud allows, in one table: the arithmetic of joined names, and the ranges of single values. */
import {OBSERVER} from './defaults.ts'
import type {Draft} from './shape.ts'

export interface Naming {
  readonly app: string
  readonly environment: string
  readonly region: string
  readonly service: string
  readonly queue: string
  readonly secret: string
  readonly project: string
}

export interface NameLimit {
  readonly what: string
  readonly max: number
  readonly nameOf: (parts: Naming) => string
  /** The parts a person can shorten; a row is checked once per combination of them. */
  readonly parts: readonly (keyof Naming)[]
  readonly source: string
  /** Whether there is such a thing; always by default. */
  readonly applies?: (draft: Draft) => boolean
}

/** Service account ids are cut to this and told apart by a hash, so that they never grow too long. */
const ACCOUNT = 30

export const NAME_LIMITS: readonly NameLimit[] = [
  {
    what: 'GKE cluster',
    max: 40,
    nameOf: ({app, environment, region}) => `${app}-${environment}-${region}`,
    parts: ['app', 'environment', 'region'],
    source:
      'https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters#Cluster.FIELDS.name',
  },
  {
    // The last two digits are a database's generation; failovers count it up.
    what: 'Cloud SQL connection',
    max: 98,
    nameOf: ({app, environment, region, project}) => `${project}:${app}-${environment}-${region}-g99`,
    parts: ['app', 'environment', 'region', 'project'],
    source: 'https://cloud.google.com/sql/docs/postgres/instance-settings#instance-id-2ndgen',
  },
  {
    what: 'network endpoint group',
    max: 63,
    nameOf: ({app, environment, region, service}) => `${app}-${environment}-${service}-${region}`,
    parts: ['app', 'environment', 'region', 'service'],
    source: 'https://cloud.google.com/compute/docs/naming-resources#resource-name-format',
  },
  {
    what: 'PostgreSQL role of a service account',
    max: 63,
    nameOf: ({app, environment, service, project}) =>
      `${`${app}-${environment}-${service}`.slice(0, ACCOUNT)}@${project}.iam`,
    parts: ['app', 'environment', 'service', 'project'],
    source: 'https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS',
  },
  {
    what: "observer's PostgreSQL role",
    max: 63,
    nameOf: ({app, environment, project}) => `${`${app}-${environment}-${OBSERVER}`.slice(0, ACCOUNT)}@${project}.iam`,
    parts: ['app', 'environment', 'project'],
    source: 'https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS',
    applies: ({observer}) => observer !== undefined && observer.enabled !== false,
  },
  {
    what: 'Pub/Sub topic',
    max: 255,
    nameOf: ({app, environment, queue}) => `${app}-${environment}-${queue}-dead`,
    parts: ['app', 'environment', 'queue'],
    source: 'https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names',
  },
  {
    what: 'secret',
    max: 255,
    nameOf: ({app, environment, secret}) => `${app}-${environment}-${secret}`,
    parts: ['app', 'environment', 'secret'],
    source: 'https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create',
  },
]

/** Inclusive, in seconds. Source: https://cloud.google.com/pubsub/quotas#resource_limits and the fields' own pages. */
export const QUEUE_LIMITS = {
  ack: {min: 10, max: 600},
  attempts: {min: 5, max: 100},
  retention: {min: 600, max: 31 * 86_400},
  retry: {min: 0, max: 600},
} as const

/** GiB. Source: https://cloud.google.com/sql/docs/quotas#storage_limits */
export const STORAGE_LIMITS = {min: 10, max: 65_536} as const

/**
 * Days of write-ahead log kept for point-in-time recovery: Enterprise 7, Enterprise Plus (critical) 35.
 * Source: https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr
 */
export const RECOVERY_LIMIT_DAYS = {dev: 7, standard: 7, critical: 35} as const

/**
 * Percent. Cloud SQL promises 99.95 on Enterprise with a second zone, 99.99 on Enterprise Plus, and nothing on a single zone.
 * The load balancer in front promises 99.99. Sources: https://cloud.google.com/sql/sla, https://cloud.google.com/load-balancing/sla
 */
export const AVAILABILITY_LIMIT = {dev: 99.5, standard: 99.95, critical: 99.99} as const

/**
 * Seconds. Nothing is noticed before three failed health checks 5 s apart, and the Auth Proxy looks for a new primary every
 * 30 s: 45 s before the promotion itself is counted, which standard (an ordinary replica) needs 15 s more for at the least.
 * Source: https://github.com/GoogleCloudPlatform/cloud-sql-proxy#automatic-failover-using-dns-names
 */
export const RTO_FLOOR = {dev: 60, standard: 60, critical: 45} as const

/** One region has nothing to fail over to: a restore takes half an hour, and write-ahead log is archived every five minutes. */
export const ONE_REGION_FLOOR = {rto: 1800, rpo: 300} as const

/** Asynchronous replication is behind by design; less than a second can be neither promised nor measured (heartbeats are 1 s apart). */
export const RPO_FLOOR = 1
