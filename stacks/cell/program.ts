import {gcp, googleProvider} from '../pulumi.ts'
import {clusterArgs} from './cluster.ts'
import type {CellInput} from './index.ts'
import {nodePoolArgs} from './node-pool.ts'

type Provider = ReturnType<typeof googleProvider>
type Text = import('@pulumi/pulumi').Output<string>

export function program(input: CellInput) {
  const provider = googleProvider(input.project, input.labels)
  const {Cluster, NodePool} = gcp('container')
  const subnet = network(input, provider)
  const cluster = new Cluster('cluster', clusterArgs(input, subnet), {
    provider,
    protect: input.protect,
    // GKE upgrades itself, and while a region is out ha holds upgrades off elsewhere; these would look like drift.
    ignoreChanges: [
      'nodeConfig',
      'initialNodeCount',
      'nodeVersion',
      'minMasterVersion',
      'maintenancePolicy.maintenanceExclusions',
    ],
    customTimeouts: {create: '60m', update: '120m', delete: '60m'},
  })
  new NodePool('nodes', nodePoolArgs(input, cluster.name), {
    provider,
    ignoreChanges: ['initialNodeCount', 'nodeCount', 'version'],
    customTimeouts: {create: '60m', update: '120m', delete: '60m'},
  })
  backups(input, cluster.id, provider)
  return {
    clusterId: cluster.id,
    endpoint: cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint,
    zones: input.zones,
  }
}

/** The region's subnet and its way out to the internet; returns the subnet's name. */
function network(input: CellInput, provider: Provider): Text {
  const {project, region, cluster: name, flowSampling} = input
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
      ...(flowSampling > 0 && {
        logConfig: {aggregationInterval: 'INTERVAL_10_MIN', flowSampling, metadata: 'INCLUDE_ALL_METADATA'},
      }),
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
  return subnet.name
}

/**
 * The app's objects, kept in another region, for looking into what happened; nothing a failover needs. They outlive the cluster: Google
 * deletes no plan that has backups, and no backup before its lock is over, so a destroy that insisted would stop there.
 */
function backups(
  {project, cluster: name, backupRegion, namespace, terms}: CellInput,
  cluster: Text,
  provider: Provider,
) {
  if (backupRegion === undefined) return
  ;new (gcp('gkebackup').BackupPlan)(
    'backups',
    {
      project,
      name,
      location: backupRegion,
      cluster,
      backupConfig: {
        includeVolumeData: true,
        // Secret Manager is their source.
        includeSecrets: false,
        selectedNamespaces: {namespaces: [namespace]},
      },
      retentionPolicy: {backupRetainDays: terms.backupDays, backupDeleteLockDays: terms.backupLockDays},
      backupSchedule: {cronSchedule: '17 2 * * *'},
    },
    {provider, retainOnDelete: true},
  )
}
