/** Pulumi's type tokens in people's words, and which of them lose data or capacity when they go. */
import type {Part} from '../events/events.ts'

/** token's last part → words; the package is told apart where both have one of that name. */
const WORDS: Readonly<Record<string, string>> = {
  'gcp:compute/network:Network': 'network',
  'gcp:compute/subnetwork:Subnetwork': 'subnetwork',
  'gcp:compute/globalAddress:GlobalAddress': 'address',
  'gcp:compute/firewall:Firewall': 'firewall rule',
  'gcp:compute/router:Router': 'router',
  'gcp:compute/routerNat:RouterNat': 'NAT gateway',
  'gcp:compute/healthCheck:HealthCheck': 'health check',
  'gcp:compute/backendService:BackendService': 'backend service',
  'gcp:compute/uRLMap:URLMap': 'URL map',
  'gcp:compute/targetHttpProxy:TargetHttpProxy': 'HTTP proxy',
  'gcp:compute/targetHttpsProxy:TargetHttpsProxy': 'HTTPS proxy',
  'gcp:compute/globalForwardingRule:GlobalForwardingRule': 'forwarding rule',
  'gcp:compute/securityPolicy:SecurityPolicy': 'security policy',
  'gcp:compute/sSLPolicy:SSLPolicy': 'TLS policy',
  'gcp:compute/managedSslCertificate:ManagedSslCertificate': 'certificate',
  'gcp:sql/databaseInstance:DatabaseInstance': 'Cloud SQL instance',
  'gcp:sql/database:Database': 'database',
  'gcp:sql/user:User': 'database user',
  'gcp:container/cluster:Cluster': 'GKE cluster',
  'gcp:container/nodePool:NodePool': 'node pool',
  'gcp:pubsub/topic:Topic': 'topic',
  'gcp:pubsub/subscription:Subscription': 'subscription',
  'gcp:secretmanager/secret:Secret': 'secret',
  'gcp:secretmanager/secretVersion:SecretVersion': 'secret version',
  'gcp:dns/managedZone:ManagedZone': 'DNS zone',
  'gcp:dns/recordSet:RecordSet': 'DNS record',
  'gcp:serviceaccount/account:Account': 'service account',
  'gcp:servicenetworking/connection:Connection': 'private service connection',
  'gcp:projects/service:Service': 'API',
  'gcp:kms/keyRing:KeyRing': 'key ring',
  'gcp:kms/cryptoKey:CryptoKey': 'encryption key',
}

const STATEFUL = new Set([
  'gcp:sql/databaseInstance:DatabaseInstance',
  'gcp:sql/database:Database',
  'gcp:container/cluster:Cluster',
  'gcp:pubsub/topic:Topic',
  'gcp:pubsub/subscription:Subscription',
  'gcp:secretmanager/secret:Secret',
  'gcp:kms/cryptoKey:CryptoKey',
  'gcp:storage/bucket:Bucket',
  'gcp:compute/network:Network',
  'gcp:compute/globalAddress:GlobalAddress',
  'kubernetes:core/v1:PersistentVolumeClaim',
  'kubernetes:apps/v1:StatefulSet',
])

type Inputs = Readonly<Record<string, unknown>>

/** A resource as a part of its stack: what people call it, the cloud's name for it, where it is. */
export function partOf(urn: string, inputs: Inputs, stack: {readonly name: string; readonly region?: string}): Part {
  const {type, name} = parseUrn(urn)
  const region = stack.region ?? regionIn(inputs)
  return {
    stack: stack.name,
    ...(region === undefined ? {} : {region}),
    what: wordsFor(type),
    name: nameIn(inputs) ?? name,
    stateful: STATEFUL.has(type),
  }
}

/** The table's word, Kubernetes' own kind, or for IAM grants and the rest the type's name taken apart. */
export function wordsFor(type: string): string {
  const listed = WORDS[type]
  if (listed) return listed
  const kind = type.slice(type.lastIndexOf(':') + 1)
  if (type.startsWith('kubernetes:')) return kind
  if (/IAM(Member|Binding|Policy)$/i.test(kind)) return 'permission'
  return kind.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
}

/** `urn:pulumi:STACK::PROJECT::[PARENT$]TYPE::NAME` (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns). */
export function parseUrn(urn: string): {readonly type: string; readonly name: string} {
  const [, , types = '', ...name] = urn.split('::')
  return {type: types.slice(types.lastIndexOf('$') + 1), name: name.join('::')}
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

function nameIn(inputs: Inputs): string | undefined {
  const metadata = inputs.metadata as Inputs | undefined
  const found = text(inputs.name) ?? text(metadata?.name) ?? text(inputs.accountId) ?? text(inputs.secretId)
  const role = text(inputs.role)
  const member = text(inputs.member)
  return found ?? (role && member ? `${role} for ${member.replace(/^serviceAccount:/, '')}` : undefined)
}

function regionIn(inputs: Inputs): string | undefined {
  const place = text(inputs.region) ?? text(inputs.location)
  return place && /^[a-z]+-[a-z]+\d+(-[a-f])?$/.test(place) ? place.replace(/-[a-f]$/, '') : undefined
}
