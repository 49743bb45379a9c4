/**
 * The id a resource has in its cloud, told from its inputs alone, in the form the provider reads it back by: the "Import"
 * section of each resource's page (https://www.pulumi.com/registry/packages/gcp/api-docs/,
 * https://www.pulumi.com/registry/packages/kubernetes/). Needed when the engine was killed while it created the resource.
 */

type Inputs = Readonly<Record<string, unknown>>

/** undefined: the id cannot be told (made by the cloud, or a needed input is not known). */
export type Identify = (type: string, inputs: Inputs) => string | undefined

/** `{name}` is filled with the input of that name; a list names alternatives, the first that can be filled is taken. */
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
  'gcp:sql/databaseInstance:DatabaseInstance': 'projects/{project}/instances/{name}',
  'gcp:sql/database:Database': 'projects/{project}/instances/{instance}/databases/{name}',
  'gcp:container/cluster:Cluster': 'projects/{project}/locations/{location}/clusters/{name}',
  'gcp:container/nodePool:NodePool': 'projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{name}',
  'gcp:pubsub/topic:Topic': 'projects/{project}/topics/{name}',
  'gcp:pubsub/subscription:Subscription': 'projects/{project}/subscriptions/{name}',
  'gcp:secretmanager/secret:Secret': 'projects/{project}/secrets/{secretId}',
  'gcp:dns/managedZone:ManagedZone': 'projects/{project}/managedZones/{name}',
  'gcp:dns/recordSet:RecordSet': 'projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}',
  'gcp:serviceaccount/account:Account':
    'projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com',
  'gcp:projects/service:Service': '{project}/{service}',
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
  const filled = pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = inputs[name]
    if (typeof value === 'string' && value !== '') return value
    known = false
    return ''
  })
  return known ? filled : undefined
}

/** `[namespace/]name`; a namespaced kind without one is in `default`, which ha never uses. */
function kubernetesId(inputs: Inputs): string | undefined {
  const {name, namespace} = (inputs.metadata ?? {}) as {name?: unknown; namespace?: unknown}
  if (typeof name !== 'string') return undefined
  return typeof namespace === 'string' ? `${namespace}/${name}` : name
}
