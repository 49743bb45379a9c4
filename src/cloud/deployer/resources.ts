/**
 * What a deployer must be allowed for each type of resource in stacks/: to make, look at, change and remove it, and to use what it
 * names. Sources: https://docs.cloud.google.com/iam/docs/roles-permissions (a page per service) and, where a method needs more than its
 * own permission, the page named beside it. A role with one name that Google does not know is refused as a whole: in August 2026 each stood in
 * one of its predefined roles, but for two that a page of Google's names, gkehub.rolloutsequences.* (beside it) and
 * serviceusage.services.generateServiceIdentity (https://docs.cloud.google.com/binary-authorization/docs/reference/custom-roles).
 */
const crud = (resource: string, ...more: readonly string[]): string[] =>
  ['create', 'delete', 'get', 'update', ...more].map((verb) => `${resource}.${verb}`)

const GLOBAL = 'compute.globalOperations.get'
const REGIONAL = 'compute.regionOperations.get'

/** By the type's token. */
export const RESOURCE_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'gcp:artifactregistry/repository:Repository': crud('artifactregistry.repositories'),
  // https://docs.cloud.google.com/certificate-manager/docs/permissions
  'gcp:certificatemanager/certificate:Certificate': [
    ...crud('certificatemanager.certs', 'use'),
    'certificatemanager.operations.get',
  ],
  'gcp:certificatemanager/certificateMap:CertificateMap': crud('certificatemanager.certmaps', 'use'),
  'gcp:certificatemanager/certificateMapEntry:CertificateMapEntry': crud('certificatemanager.certmapentries'),
  'gcp:certificatemanager/dnsAuthorization:DnsAuthorization': crud('certificatemanager.dnsauthorizations', 'use'),
  'gcp:compute/backendService:BackendService': [
    ...crud('compute.backendServices', 'setSecurityPolicy', 'use'),
    'compute.networkEndpointGroups.use',
    GLOBAL,
  ],
  'gcp:compute/firewall:Firewall': [...crud('compute.firewalls'), 'compute.networks.updatePolicy', GLOBAL],
  'gcp:compute/globalAddress:GlobalAddress': [
    ...['create', 'createInternal', 'delete', 'deleteInternal', 'get', 'setLabels', 'use'].map(
      (verb) => `compute.globalAddresses.${verb}`,
    ),
    'compute.networks.use',
    GLOBAL,
  ],
  'gcp:compute/globalForwardingRule:GlobalForwardingRule': [
    ...crud('compute.globalForwardingRules', 'setLabels', 'setTarget'),
    GLOBAL,
  ],
  'gcp:compute/healthCheck:HealthCheck': [...crud('compute.healthChecks', 'use', 'useReadOnly'), GLOBAL],
  'gcp:compute/network:Network': [...crud('compute.networks', 'use'), GLOBAL],
  'gcp:compute/router:Router': [...crud('compute.routers'), REGIONAL],
  'gcp:compute/routerNat:RouterNat': ['compute.routers.get', 'compute.routers.update', REGIONAL],
  'gcp:compute/sSLPolicy:SSLPolicy': [...crud('compute.sslPolicies', 'use'), GLOBAL],
  'gcp:compute/securityPolicy:SecurityPolicy': [...crud('compute.securityPolicies', 'use'), GLOBAL],
  'gcp:compute/subnetwork:Subnetwork': [
    ...crud('compute.subnetworks', 'expandIpCidrRange', 'setPrivateIpGoogleAccess', 'use'),
    REGIONAL,
  ],
  'gcp:compute/targetHttpProxy:TargetHttpProxy': [...crud('compute.targetHttpProxies', 'setUrlMap', 'use'), GLOBAL],
  'gcp:compute/targetHttpsProxy:TargetHttpsProxy': [
    ...crud('compute.targetHttpsProxies', 'setCertificateMap', 'setSslPolicy', 'setUrlMap', 'use'),
    GLOBAL,
  ],
  'gcp:compute/uRLMap:URLMap': [...crud('compute.urlMaps', 'use'), GLOBAL],
  // https://docs.cloud.google.com/kubernetes-engine/docs/reference/api-permissions
  'gcp:container/cluster:Cluster': [
    ...crud('container.clusters', 'getCredentials'),
    'container.operations.get',
    'iam.serviceAccounts.actAs',
    // A member of the fleet: https://docs.cloud.google.com/kubernetes-engine/fleet-management/docs/before-you-begin
    ...crud('gkehub.memberships'),
  ],
  'gcp:container/nodePool:NodePool': [
    'container.clusters.get',
    'container.clusters.update',
    'compute.instanceGroupManagers.get',
  ],
  'gcp:dns/managedZone:ManagedZone': [...crud('dns.managedZones'), 'dns.networks.bindPrivateDNSZone'],
  'gcp:dns/recordSet:RecordSet': [
    ...crud('dns.resourceRecordSets', 'list'),
    ...['create', 'get'].map((verb) => `dns.changes.${verb}`),
  ],
  'gcp:gkebackup/backupPlan:BackupPlan': [...crud('gkebackup.backupPlans'), 'gkebackup.operations.get'],
  // https://docs.cloud.google.com/kubernetes-engine/docs/how-to/rollout-sequencing-custom-stages/manage-upgrades-with-rollout-sequencing
  'gcp:gkehub/rolloutSequence:RolloutSequence': [
    ...crud('gkehub.rolloutsequences', 'list'),
    'gkehub.fleet.update',
    'gkehub.operations.get',
  ],
  'gcp:monitoring/alertPolicy:AlertPolicy': crud('monitoring.alertPolicies'),
  'gcp:monitoring/customService:CustomService': crud('monitoring.services'),
  'gcp:monitoring/dashboard:Dashboard': crud('monitoring.dashboards'),
  'gcp:monitoring/notificationChannel:NotificationChannel': crud('monitoring.notificationChannels'),
  'gcp:monitoring/slo:Slo': crud('monitoring.slos'),
  'gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig': crud('monitoring.uptimeCheckConfigs'),
  'gcp:networkservices/serviceLbPolicies:ServiceLbPolicies': [
    // There is no permission to use one: whoever may change the backend service names it.
    ...crud('networkservices.serviceLbPolicies'),
    'networkservices.operations.get',
  ],
  'gcp:projects/iAMMember:IAMMember': [
    'resourcemanager.projects.getIamPolicy',
    'resourcemanager.projects.setIamPolicy',
  ],
  // Enabled, never disabled.
  'gcp:projects/service:Service': [
    ...['enable', 'get', 'list', 'use'].map((verb) => `serviceusage.services.${verb}`),
    'serviceusage.operations.get',
  ],
  'gcp:projects/serviceIdentity:ServiceIdentity': ['serviceusage.services.generateServiceIdentity'],
  // https://docs.cloud.google.com/pubsub/docs/access-control
  'gcp:pubsub/subscription:Subscription': [...crud('pubsub.subscriptions'), 'pubsub.topics.attachSubscription'],
  'gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember': [
    'pubsub.subscriptions.getIamPolicy',
    'pubsub.subscriptions.setIamPolicy',
  ],
  'gcp:pubsub/topic:Topic': crud('pubsub.topics'),
  'gcp:pubsub/topicIAMMember:TopicIAMMember': ['pubsub.topics.getIamPolicy', 'pubsub.topics.setIamPolicy'],
  'gcp:secretmanager/secret:Secret': crud('secretmanager.secrets'),
  'gcp:secretmanager/secretIamMember:SecretIamMember': [
    'secretmanager.secrets.getIamPolicy',
    'secretmanager.secrets.setIamPolicy',
  ],
  'gcp:serviceaccount/account:Account': crud('iam.serviceAccounts'),
  'gcp:serviceaccount/iAMMember:IAMMember': ['iam.serviceAccounts.getIamPolicy', 'iam.serviceAccounts.setIamPolicy'],
  // https://docs.cloud.google.com/vpc/docs/configure-private-services-access
  'gcp:servicenetworking/connection:Connection': [
    'servicenetworking.services.addPeering',
    'servicenetworking.services.get',
    'servicenetworking.operations.get',
    'compute.networks.get',
  ],
  'gcp:sql/databaseInstance:DatabaseInstance': crud('cloudsql.instances', 'list', 'restart'),
  'gcp:storage/bucket:Bucket': [...crud('storage.buckets'), 'storage.objects.delete', 'storage.objects.list'],
  'gcp:storage/bucketIAMMember:BucketIAMMember': ['storage.buckets.getIamPolicy', 'storage.buckets.setIamPolicy'],
  'kubernetes:apiregistration.k8s.io/v1:APIService': crud('container.apiServices'),
  'kubernetes:apps/v1:Deployment': crud('container.deployments'),
  'kubernetes:autoscaling/v2:HorizontalPodAutoscaler': crud('container.horizontalPodAutoscalers'),
  'kubernetes:core/v1:Namespace': crud('container.namespaces'),
  'kubernetes:core/v1:Service': crud('container.services'),
  'kubernetes:core/v1:ServiceAccount': crud('container.serviceAccounts'),
  'kubernetes:networking.k8s.io/v1:NetworkPolicy': crud('container.networkPolicies'),
  'kubernetes:policy/v1:PodDisruptionBudget': crud('container.podDisruptionBudgets'),
  // Nobody grants in Kubernetes what they do not have themselves, unless they may `bind` and `escalate`.
  'kubernetes:rbac.authorization.k8s.io/v1:ClusterRole': crud('container.clusterRoles', 'escalate'),
  'kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding': [
    ...crud('container.clusterRoleBindings'),
    'container.clusterRoles.bind',
  ],
  'kubernetes:rbac.authorization.k8s.io/v1:RoleBinding': [...crud('container.roleBindings'), 'container.roles.bind'],
  'kubernetes:secret-sync.gke.io/v1:SecretSync': crud('container.thirdPartyObjects'),
  'kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass': crud('container.thirdPartyObjects'),
}
