/** Every name the platform uses, in one place. Pure. Lengths are checked by src/config before they get here. */
import {createHash} from 'node:crypto'

/** `<app>-<environment>`; the prefix of every name. */
export const prefixOf = (app: string, environment: string) => `${app}-${environment}`

/** Cloud SQL instance: region and generation, never a role, since roles move and names cannot. */
export const instanceName = (prefix: string, region: string, generation: number) => `${prefix}-${region}-g${generation}`

/** Whether the name is that of some generation of the region's instance. */
export const isInstanceName = (prefix: string, region: string, name: string): boolean =>
  name === instanceName(prefix, region, Number(name.split('-g').at(-1)))

export const clusterName = (prefix: string, region: string) => `${prefix}-${region}`

/** Zonal NEGs share one name per service and region; unique per project and zone. */
export const negName = (prefix: string, service: string, region: string) => `${prefix}-${service}-${region}`

/**
 * Google service account id: 6 to 30 characters, so a long one is cut and told apart by a hash.
 * Source: https://cloud.google.com/iam/docs/service-accounts-create
 */
export function accountId(prefix: string, role: string): string {
  const whole = `${prefix}-${role}`
  if (whole.length <= 30) return whole
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 6)
  return `${whole.slice(0, 23).replace(/-+$/, '')}-${hash}`
}

/** The application's private DNS zone, e.g. `pms-rent.ha.internal.` */
export const zoneDomain = (app: string) => `${app}.ha.internal.`

/** TXT record naming the primary's instance. */
export const primaryRecord = (app: string) => `db.${zoneDomain(app)}`

/** TXT record naming the instance nearest to `region`'s pods. */
export const nearestRecord = (app: string, region: string) => `db-ro-${region}.${zoneDomain(app)}`

/** Environment variable stem of a queue: `channel-webhooks` → `QUEUE_CHANNEL_WEBHOOKS`. */
export const queueVariable = (queue: string) => `QUEUE_${queue.toUpperCase().replaceAll('-', '_')}`

/**
 * Key of a secret in the cluster's Secret: `STRIPE_KEY` → `STRIPE-KEY`. GKE's SecretSync takes no key with an underscore in second
 * place, at the end or after another, an environment variable may have all of them.
 * Source: https://github.com/kubernetes-sigs/secrets-store-sync-controller/blob/main/api/secretsync/v1alpha1/secretsync_types.go
 */
export const secretKey = (secret: string) => secret.replaceAll('_', '-')

/** PostgreSQL role that owns everything in a database; database names hold letters, digits and underscores only. */
export const ownerRole = (database: string) => `${database}_owner`

/** Names of buckets are everybody's: the project tells ours from others'. */
export const gateBucket = (prefix: string, project: string) =>
  `${prefix}-gate-${createHash('sha256').update(project).digest('hex').slice(0, 6)}`

/** Name of the database inside the instances; hyphens would need quoting everywhere. */
export const databaseName = (app: string) => app.replaceAll('-', '_')

/**
 * Suffix of everything that stands for one domain: a managed certificate's domains cannot change, so another domain is another
 * certificate, made before the old one goes.
 */
export const domainKey = (domain: string) => createHash('sha256').update(domain).digest('hex').slice(0, 6)
