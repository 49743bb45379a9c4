import {gcp, googleProvider} from '../pulumi.ts'
import type {CellInput} from './index.ts'

export function program(input: CellInput) {
  const {project, region, cluster: name} = input
  const provider = googleProvider(project, input.labels)
  const {Subnetwork, Router, RouterNat} = gcp('compute')

  const subnet = new Subnetwork(
    'subnet',
    {
      project,
      region,
      name,
      network: input.network,
      ipCidrRange: input.ranges.nodes,
      secondaryIpRanges: [
        {rangeName: 'pods', ipCidrRange: input.ranges.pods},
        {rangeName: 'services', ipCidrRange: input.ranges.services},
      ],
      privateIpGoogleAccess: true,
      stackType: 'IPV4_ONLY',
      logConfig: {aggregationInterval: 'INTERVAL_10_MIN', flowSampling: 0.1, metadata: 'INCLUDE_ALL_METADATA'},
    },
    {provider},
  )
  const router = new Router('router', {project, region, name, network: input.network}, {provider})
  new RouterNat(
    'nat',
    {
      project,
      region,
      name,
      router: router.name,
      natIpAllocateOption: 'AUTO_ONLY',
      sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
      subnetworks: [{name: subnet.selfLink, sourceIpRangesToNats: ['ALL_IP_RANGES']}],
      enableDynamicPortAllocation: true,
      minPortsPerVm: 64,
      maxPortsPerVm: 4096,
      // Must be off with dynamic ports.
      enableEndpointIndependentMapping: false,
      logConfig: {enable: true, filter: 'ERRORS_ONLY'},
    },
    {provider},
  )

  const cluster = new (gcp('container').Cluster)('cluster', clusterArgs(input, subnet.name), {
    provider,
    protect: input.protect,
    // GKE upgrades itself; these would look like drift.
    ignoreChanges: ['nodeConfig', 'initialNodeCount', 'nodeVersion', 'minMasterVersion'],
    customTimeouts: {create: '60m', update: '120m', delete: '60m'},
  })
  nodePool(input, cluster.name, provider)
  return {
    clusterId: cluster.id,
    endpoint: cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint,
    zones: input.zones,
  }
}

type Provider = ReturnType<typeof googleProvider>
type ClusterArgs = import('@pulumi/gcp/container/index.js').ClusterArgs
type Text = import('@pulumi/pulumi').Output<string>

function clusterArgs(input: CellInput, subnetwork: Text): ClusterArgs {
  return {
    project: input.project,
    name: input.cluster,
    location: input.region,
    // Three named zones: three known NEGs, and warm capacity in each when one is lost.
    nodeLocations: [...input.zones],
    network: input.network,
    subnetwork,
    networkingMode: 'VPC_NATIVE',
    ipAllocationPolicy: {clusterSecondaryRangeName: 'pods', servicesSecondaryRangeName: 'services'},
    datapathProvider: 'ADVANCED_DATAPATH',
    releaseChannel: {channel: input.channel},
    maintenancePolicy: {
      // Twelve hours a week, another day in each region; Google wants at least 48 h in any 32 days.
      recurringWindow: {
        startTime: '2026-01-01T00:00:00Z',
        endTime: '2026-01-01T12:00:00Z',
        recurrence: `FREQ=WEEKLY;BYDAY=${input.maintenanceDay}`,
      },
    },
    privateClusterConfig: {enablePrivateNodes: true, enablePrivateEndpoint: true},
    controlPlaneEndpointsConfig: {
      dnsEndpointConfig: {allowExternalTraffic: true},
      ipEndpointsConfig: {enabled: false},
    },
    workloadIdentityConfig: {workloadPool: `${input.project}.svc.id.goog`},
    removeDefaultNodePool: true,
    initialNodeCount: 1,
    enableShieldedNodes: true,
    addonsConfig: {
      gkeBackupAgentConfig: {enabled: true},
      dnsCacheConfig: {enabled: true},
      gcePersistentDiskCsiDriverConfig: {enabled: true},
    },
    dnsConfig: {clusterDns: 'CLOUD_DNS', clusterDnsScope: 'CLUSTER_SCOPE'},
    secretManagerConfig: {enabled: true},
    secretSyncConfig: {enabled: true},
    gatewayApiConfig: {channel: 'CHANNEL_STANDARD'},
    securityPostureConfig: {mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_BASIC'},
    costManagementConfig: {enabled: true},
    verticalPodAutoscaling: {enabled: true},
    deletionProtection: input.protect,
  }
}

function nodePool(input: CellInput, cluster: Text, provider: Provider) {
  ;new (gcp('container').NodePool)(
    'nodes',
    {
      project: input.project,
      location: input.region,
      cluster,
      // A versioned name: another machine type is another pool, filled before the old one is drained.
      name: 'default-v1',
      nodeLocations: [...input.zones],
      initialNodeCount: input.nodes.minPerZone,
      autoscaling: {
        minNodeCount: input.nodes.minPerZone,
        maxNodeCount: input.nodes.maxPerZone,
        locationPolicy: 'BALANCED',
      },
      management: {autoRepair: true, autoUpgrade: true},
      upgradeSettings: {strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0},
      networkConfig: {enablePrivateNodes: true},
      nodeConfig: {
        machineType: input.nodes.machineType,
        serviceAccount: input.nodeEmail,
        oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
        tags: [input.prefix],
        shieldedInstanceConfig: {enableSecureBoot: true, enableIntegrityMonitoring: true},
        workloadMetadataConfig: {mode: 'GKE_METADATA'},
        gvnic: {enabled: true},
        gcfsConfig: {enabled: true},
      },
    },
    {provider, ignoreChanges: ['initialNodeCount', 'nodeCount', 'version']},
  )
}
