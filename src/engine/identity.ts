/**
 * The id a resource has in its cloud, told from its inputs alone, in the form the provider reads it back by: the "Import"
 * section of each resource's page (https://www.pulumi.com/registry/packages/gcp/api-docs/,
 * https://www.pulumi.com/registry/packages/kubernetes/). Needed when the engine was killed while it created the resource.
 */

type Inputs = Readonly<Record<string, unknown>>

/** undefined: the id cannot be told (made by the cloud, or a needed input is not known). */
export type Identify = (type: string, inputs: Inputs) => string | undefined

/**
 * `{name}` is filled with the input of that name, or its last segment where it is the path of another resource; `{name*}` with
 * the whole of it, `{name%}` with the whole of it encoded. IAM grants are left out: making one again is no conflict.
 */
const PATTERNS: Readonly<Record<string, string>> = {
  'gcp:compute/network:Network': 'projects/{project}/global/networks/{name}',
  'gcp:compute/subnetwork:Subnetwork': 'projects/{project}/regions/{region}/subnetworks/{name}',
  'gcp:compute/globalAddress:GlobalAddress': 'projects/{project}/global/addresses/{name}',
  'gcp:compute/firewall:Firewall': 'projects/{project}/global/firewalls/{name}',
  'gcp:compute/router:Router': 'projects/{project}/regions/{region}/routers/{name}',
  'gcp:compute/routerNat:RouterNat': '{project}/{region}/{router}/{name}',
  'gcp:compute/healthCheck:HealthCheck': 'projects/{project}/global/healthChecks/{name}',
  'gcp:compute/backendService:BackendService': 'projects/{project}/global/backendServices/{name}',
  'gcp:compute/uRLMap:URLMap': 'projects/{project}/global/urlMaps/{name}',
  'gcp:compute/targetHttpProxy:TargetHttpProxy': 'projects/{project}/global/targetHttpProxies/{name}',
  'gcp:compute/targetHttpsProxy:TargetHttpsProxy': 'projects/{project}/global/targetHttpsProxies/{name}',
  'gcp:compute/globalForwardingRule:GlobalForwardingRule': 'projects/{project}/global/forwardingRules/{name}',
  'gcp:compute/securityPolicy:SecurityPolicy': 'projects/{project}/global/securityPolicies/{name}',
  'gcp:compute/sSLPolicy:SSLPolicy': 'projects/{project}/global/sslPolicies/{name}',
  // Imported by its path, yet known by its name once it was read.
  'gcp:sql/databaseInstance:DatabaseInstance': '{name}',
  'gcp:sql/user:User': '{name}//{instance}',
  'gcp:sql/database:Database': 'projects/{project}/instances/{instance}/databases/{name}',
  'gcp:container/cluster:Cluster': 'projects/{project}/locations/{location}/clusters/{name}',
  'gcp:container/nodePool:NodePool': 'projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{name}',
  'gcp:artifactregistry/repository:Repository': 'projects/{project}/locations/{location}/repositories/{repositoryId}',
  'gcp:pubsub/topic:Topic': 'projects/{project}/topics/{name}',
  'gcp:pubsub/subscription:Subscription': 'projects/{project}/subscriptions/{name}',
  'gcp:secretmanager/secret:Secret': 'projects/{project}/secrets/{secretId}',
  'gcp:dns/managedZone:ManagedZone': 'projects/{project}/managedZones/{name}',
  'gcp:dns/recordSet:RecordSet': 'projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}',
  'gcp:serviceaccount/account:Account':
    'projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com',
  'gcp:projects/service:Service': '{project}/{service}',
  'gcp:servicenetworking/connection:Connection': '{network%}:{service}',
  'gcp:kms/keyRing:KeyRing': 'projects/{project}/locations/{location}/keyRings/{name}',
  'gcp:kms/cryptoKey:CryptoKey': '{keyRing*}/cryptoKeys/{name}',
  'gcp:storage/bucket:Bucket': '{name}',
  'gcp:certificatemanager/dnsAuthorization:DnsAuthorization':
    'projects/{project}/locations/global/dnsAuthorizations/{name}',
  'gcp:certificatemanager/certificate:Certificate': 'projects/{project}/locations/global/certificates/{name}',
  'gcp:certificatemanager/certificateMap:CertificateMap': 'projects/{project}/locations/global/certificateMaps/{name}',
  'gcp:certificatemanager/certificateMapEntry:CertificateMapEntry':
    'projects/{project}/locations/global/certificateMaps/{map}/certificateMapEntries/{name}',
}

/** `project`: for resources that take it from their provider. */
export const identifier =
  (project: string): Identify =>
  (type, inputs) => {
    if (type.startsWith('kubernetes:')) return kubernetesId(inputs)
    const pattern = PATTERNS[type]
    return pattern === undefined ? undefined : fill(pattern, {project, ...inputs})
  }

function fill(pattern: string, inputs: Inputs): string | undefined {
  let known = true
  const filled = pattern.replace(/\{(\w+)([*%]?)\}/g, (_, name: string, how: string) => {
    const value = inputs[name]
    if (typeof value !== 'string' || value === '') known = false
    if (typeof value !== 'string') return ''
    return how === '*' ? value : how === '%' ? encodeURIComponent(value) : value.slice(value.lastIndexOf('/') + 1)
  })
  return known ? filled : undefined
}

/** `[namespace/]name`; a namespaced kind without one is in `default`, which ha never uses. */
function kubernetesId(inputs: Inputs): string | undefined {
  const {name, namespace} = (inputs.metadata ?? {}) as {name?: unknown; namespace?: unknown}
  if (typeof name !== 'string') return undefined
  return typeof namespace === 'string' ? `${namespace}/${name}` : name
}
