import type {CellInput} from './index.ts'
import {nodeIdentity} from './node-pool.ts'

type ClusterArgs = import('@pulumi/gcp/container/index.js').ClusterArgs
type Text = import('@pulumi/pulumi').Output<string>

/** Stated in full: components that Google adds later would otherwise look like drift. */
const METRICS = [
  'SYSTEM_COMPONENTS',
  'APISERVER',
  'SCHEDULER',
  'CONTROLLER_MANAGER',
  'STORAGE',
  'HPA',
  'POD',
  'DAEMONSET',
  'DEPLOYMENT',
  'STATEFULSET',
  'KUBELET',
  'CADVISOR',
]

/**
 * No `description`: it cannot be changed in place. No `masterIpv4CidrBlock`: setting or removing it replaces the cluster.
 * No global access to the master's address: that address is off, the DNS name is reachable from every region.
 */
export function clusterArgs(input: CellInput, subnetwork: Text): ClusterArgs {
  const {project} = input
  return {
    project,
    name: input.cluster,
    location: input.region,
    // Three named zones: three known NEGs, and warm capacity in each when one is lost.
    nodeLocations: [...input.zones],
    network: input.network,
    subnetwork,
    networkingMode: 'VPC_NATIVE',
    ipAllocationPolicy: {clusterSecondaryRangeName: 'pods', servicesSecondaryRangeName: 'services'},
    datapathProvider: 'ADVANCED_DATAPATH',
    releaseChannel: {channel: input.terms.channel},
    maintenancePolicy: maintenance(input),
    ...access(project),
    removeDefaultNodePool: true,
    initialNodeCount: 1,
    // Of the pool that goes at once. Without it these nodes run as the project's default account, which may be off, or nobody's to use.
    nodeConfig: nodeIdentity(input),
    enableShieldedNodes: true,
    addonsConfig: {
      gkeBackupAgentConfig: {enabled: true},
      dnsCacheConfig: {enabled: true},
      gcePersistentDiskCsiDriverConfig: {enabled: true},
      horizontalPodAutoscaling: {disabled: false},
      httpLoadBalancing: {disabled: false},
    },
    dnsConfig: {clusterDns: 'CLOUD_DNS', clusterDnsScope: 'CLUSTER_SCOPE'},
    loggingConfig: {enableComponents: ['SYSTEM_COMPONENTS', 'WORKLOADS']},
    monitoringConfig: {enableComponents: METRICS, managedPrometheus: {enabled: true}},
    secretManagerConfig: {enabled: true, rotationConfig: {enabled: true, rotationInterval: '300s'}},
    secretSyncConfig: {enabled: true, rotationConfig: {enabled: true, rotationInterval: '300s'}},
    // Upgrades are rolled out through the fleet, by the label below.
    fleet: {project, membershipType: 'LIGHTWEIGHT'},
    resourceLabels: {'ha-stage': input.stage},
    gatewayApiConfig: {channel: 'CHANNEL_STANDARD'},
    securityPostureConfig: {mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_DISABLED'},
    costManagementConfig: {enabled: true},
    verticalPodAutoscaling: {enabled: true},
    deletionProtection: input.protect,
  }
}

/** Who may talk to the control plane: whom IAM lets, by the cluster's DNS name, and nobody anonymously. */
const access = (project: string): Partial<ClusterArgs> => ({
  privateClusterConfig: {enablePrivateNodes: true, enablePrivateEndpoint: true},
  controlPlaneEndpointsConfig: {
    dnsEndpointConfig: {allowExternalTraffic: true},
    ipEndpointsConfig: {enabled: false},
  },
  workloadIdentityConfig: {workloadPool: `${project}.svc.id.goog`},
  masterAuth: {clientCertificateConfig: {issueClientCertificate: false}},
  anonymousAuthenticationConfig: {mode: 'LIMITED'},
  rbacBindingConfig: {
    enableInsecureBindingSystemAuthenticated: false,
    enableInsecureBindingSystemUnauthenticated: false,
  },
})

/**
 * Twelve hours a week, another day in each region; Google wants at least 48 h in any 32 days. Exclusions are not listed:
 * ha adds one to the other regions by API while a region is out, and a list here would take it away again.
 */
function maintenance({maintenanceDay, terms}: CellInput): NonNullable<ClusterArgs['maintenancePolicy']> {
  const {minorIntervalSeconds, patchIntervalSeconds} = terms
  return {
    recurringWindow: {
      startTime: '2026-01-01T00:00:00Z',
      endTime: '2026-01-01T12:00:00Z',
      recurrence: `FREQ=WEEKLY;BYDAY=${maintenanceDay}`,
    },
    ...(minorIntervalSeconds > 0 && {
      disruptionBudget: {
        minorVersionDisruptionInterval: `${minorIntervalSeconds}s`,
        patchVersionDisruptionInterval: `${patchIntervalSeconds}s`,
      },
    }),
  }
}
