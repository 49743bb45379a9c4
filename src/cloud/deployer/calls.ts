/**
 * What a deployer must be allowed for each call that ha makes itself, in the bootstrap, for the steps between stacks, in operations and in
 * checks. Sources: https://docs.cloud.google.com/iam/docs/roles-permissions, and the page named beside a row.
 */
import type {Api} from '../wires.ts'

export interface CallRow {
  readonly api: Api | 'kubernetes'
  readonly method: string
  /** Of the path, without its query. */
  readonly path: RegExp
  readonly permissions: readonly string[]
}

const INSTANCE = `/sql/v1beta4/projects/[^/]+/instances/[^/]+`
const BUCKET = `/storage/v1/b/[^/]+`

const row = (api: CallRow['api'], line: string, ...permissions: string[]): CallRow => {
  const [method, path] = line.split(' ') as [string, string]
  return {api, method, path: new RegExp(`^${path}$`), permissions}
}
/** A path below the project, or below a namespace of a cluster. */
const inProject = (api: Api, method: string, path: string, ...permissions: string[]) =>
  row(api, `${method} /.+/projects/[^/]+/${path}`, ...permissions)
const inCluster = (method: string, path: string, ...permissions: string[]) =>
  row('kubernetes', `${method} ${path}`, 'container.clusters.connect', ...permissions)

export const CALLS: readonly CallRow[] = [
  // The state: https://docs.cloud.google.com/storage/docs/access-control/iam-json. To write over an object is to delete it first.
  row('storage', `GET ${BUCKET}`, 'storage.buckets.get'),
  row('storage', 'POST /storage/v1/b', 'storage.buckets.create'),
  row('storage', `GET ${BUCKET}/o`, 'storage.objects.list'),
  row('storage', `GET ${BUCKET}/o/.+`, 'storage.objects.get'),
  row('storage', `DELETE ${BUCKET}/o/.+`, 'storage.objects.delete'),
  row('storage', `POST /upload${BUCKET}/o`, 'storage.objects.create', 'storage.objects.delete'),
  // Its key, which the engine opens by itself: https://docs.cloud.google.com/kms/docs/reference/permissions-and-roles
  inProject('cloudkms', 'POST', 'locations/[^/]+/keyRings', 'cloudkms.keyRings.create'),
  inProject('cloudkms', 'POST', 'locations/[^/]+/keyRings/ha/cryptoKeys', 'cloudkms.cryptoKeys.create'),
  inProject(
    'cloudkms',
    'POST',
    'locations/.+:encrypt',
    'cloudkms.cryptoKeyVersions.useToEncrypt',
    'cloudkms.cryptoKeyVersions.useToDecrypt',
  ),
  inProject('serviceusage', 'POST', 'services/[^/]+:enable', 'serviceusage.services.enable'),
  inProject('serviceusage', 'GET', 'services/[^/]+', 'serviceusage.services.get'),
  row('serviceusage', 'GET /v1/operations/[^/]+', 'serviceusage.operations.get'),
  row('cloudresourcemanager', 'GET /v3/projects/[^/]+', 'resourcemanager.projects.get'),
  // https://docs.cloud.google.com/billing/docs/how-to/billing-access
  row('cloudbilling', 'GET /v1/projects/[^/]+/billingInfo', 'resourcemanager.projects.get'),
  inProject('compute', 'GET', 'regions/[^/]+', 'compute.regions.get'),
  inProject('compute', 'GET', 'aggregated/networkEndpointGroups', 'compute.networkEndpointGroups.list'),
  inProject('compute', 'GET', 'aggregated/forwardingRules', 'compute.forwardingRules.list'),
  inProject('compute', 'GET', 'aggregated/disks', 'compute.disks.list'),
  inProject('compute', 'GET', 'global/firewalls', 'compute.firewalls.list'),
  inProject('compute', 'GET', 'global/backendServices/[^/]+', 'compute.backendServices.get'),
  inProject(
    'compute',
    'PATCH',
    'global/backendServices/[^/]+',
    'compute.backendServices.update',
    'compute.networkEndpointGroups.use',
  ),
  inProject(
    'compute',
    'POST',
    'global/backendServices/[^/]+/getHealth',
    'compute.backendServices.get',
    'compute.networkEndpointGroups.get',
  ),
  inProject('dns', 'GET', 'managedZones/[^/]+/rrsets/.+', 'dns.resourceRecordSets.get'),
  inProject(
    'dns',
    'POST',
    'managedZones/[^/]+/changes',
    'dns.changes.create',
    ...['create', 'delete', 'update'].map((verb) => `dns.resourceRecordSets.${verb}`),
  ),
  inProject('secretmanager', 'GET', 'secrets/[^/]+/versions/latest', 'secretmanager.versions.get'),
  inProject('secretmanager', 'POST', 'secrets/[^/]+:addVersion', 'secretmanager.versions.add'),
  // https://docs.cloud.google.com/pubsub/docs/access-control: a snapshot takes its subscription's messages along.
  inProject('pubsub', 'GET', 'topics/[^/]+', 'pubsub.topics.get'),
  inProject('pubsub', 'GET', 'subscriptions/[^/]+', 'pubsub.subscriptions.get'),
  inProject('pubsub', 'GET', 'snapshots/[^/]+', 'pubsub.snapshots.get'),
  inProject('pubsub', 'PUT', 'snapshots/[^/]+', 'pubsub.snapshots.create', 'pubsub.subscriptions.consume'),
  inProject('pubsub', 'PATCH', 'snapshots/[^/]+', 'pubsub.snapshots.update'),
  inProject('pubsub', 'POST', 'subscriptions/[^/]+:seek', 'pubsub.subscriptions.consume'),
  // https://docs.cloud.google.com/monitoring/access-control
  row('monitoring', 'GET /v3/projects/[^/]+/timeSeries', 'monitoring.timeSeries.list'),
  // https://docs.cloud.google.com/sql/docs/postgres/iam-permissions: an operation is read with the right to its instance.
  inProject('sqladmin', 'GET', 'tiers', 'cloudsql.instances.list'),
  inProject('sqladmin', 'GET', 'instances', 'cloudsql.instances.list'),
  inProject('sqladmin', 'POST', 'instances', 'cloudsql.instances.create'),
  inProject('sqladmin', 'GET', 'operations', 'cloudsql.instances.list'),
  inProject('sqladmin', 'GET', 'operations/[^/]+', 'cloudsql.instances.get'),
  row('sqladmin', `GET ${INSTANCE}`, 'cloudsql.instances.get'),
  row('sqladmin', `PATCH ${INSTANCE}`, 'cloudsql.instances.update'),
  // No permission of its own is listed.
  row('sqladmin', `GET ${INSTANCE}/getLatestRecoveryTime`, 'cloudsql.instances.get'),
  row('sqladmin', `POST ${INSTANCE}/promoteReplica`, 'cloudsql.instances.promoteReplica'),
  row('sqladmin', `POST ${INSTANCE}/switchover`, 'cloudsql.instances.promoteReplica', 'cloudsql.instances.update'),
  row('sqladmin', `GET ${INSTANCE}/backupRuns`, 'cloudsql.backupRuns.list'),
  row('sqladmin', `POST ${INSTANCE}/backupRuns`, 'cloudsql.backupRuns.create'),
  row('sqladmin', `GET ${INSTANCE}/databases/[^/]+`, 'cloudsql.databases.get'),
  row('sqladmin', `POST ${INSTANCE}/databases`, 'cloudsql.databases.create'),
  row('sqladmin', `GET ${INSTANCE}/users`, 'cloudsql.users.list'),
  row('sqladmin', `POST ${INSTANCE}/users`, 'cloudsql.users.create'),
  row('sqladmin', `POST ${INSTANCE}/executeSql`, 'cloudsql.instances.executeSql', 'cloudsql.instances.login'),
  // By the cluster's DNS name: https://docs.cloud.google.com/kubernetes-engine/docs/concepts/network-isolation
  inCluster('GET', '/readyz'),
  inCluster('GET', '/apis/apps/v1/namespaces/[^/]+/deployments', 'container.deployments.list'),
  inCluster('GET', '/api/v1/namespaces/[^/]+/pods', 'container.pods.list'),
  inCluster('GET', '/api/v1/namespaces/[^/]+/pods/[^/]+/log', 'container.pods.getLogs'),
  inCluster('GET', '/api/v1/namespaces/[^/]+/services/[^/]+/proxy/facts', 'container.services.proxy'),
  inCluster('PATCH', '/api/v1/namespaces/[^/]+', 'container.namespaces.create', 'container.namespaces.update'),
  inCluster(
    'PATCH',
    '/api/v1/namespaces/[^/]+/serviceaccounts/[^/]+',
    'container.serviceAccounts.create',
    'container.serviceAccounts.update',
  ),
  inCluster('GET', '/apis/batch/v1/namespaces/[^/]+/jobs', 'container.jobs.list'),
  inCluster('GET', '/apis/batch/v1/namespaces/[^/]+/jobs/[^/]+', 'container.jobs.get'),
  inCluster('DELETE', '/apis/batch/v1/namespaces/[^/]+/jobs/[^/]+', 'container.jobs.delete'),
  inCluster('PATCH', '/apis/batch/v1/namespaces/[^/]+/jobs/[^/]+', 'container.jobs.create', 'container.jobs.update'),
]

/** The row of a call; undefined: nobody said what it needs. */
export const callRow = (api: CallRow['api'], method: string, path: string): CallRow | undefined =>
  CALLS.find((each) => each.api === api && each.method === method && each.path.test(path))
