import {each, of, type Rule} from '../rule.ts'

const CLUSTER = ['Cluster']

/** Hours of maintenance that a weekly window leaves in any 32 days. */
function maintenanceHours({startTime, endTime, recurrence}: {startTime: string; endTime: string; recurrence: string}) {
  const hours = (Date.parse(endTime) - Date.parse(startTime)) / 3_600_000
  const days = /BYDAY=([A-Z,]+)/.exec(recurrence)?.[1]?.split(',').length ?? 7
  return hours < 4 ? 0 : hours * days * 4
}

export const clusters: readonly Rule[] = [
  each(
    'Maintenance has the 48 hours in 32 days that GKE demands',
    CLUSTER,
    ({maintenancePolicy: {recurringWindow}}) => maintenanceHours(recurringWindow) < 48 && 'window too small',
    ({maintenancePolicy}) => {
      maintenancePolicy.recurringWindow.endTime = '2026-01-01T04:00:00Z'
    },
  ),
  {
    says: 'No two regions are maintained on the same day',
    violations: ({resources}) => {
      const days = of(resources, ...CLUSTER).map(({inputs}) => inputs.maintenancePolicy.recurringWindow.recurrence)
      return new Set(days).size === days.length ? [] : days
    },
    plant: (copy) => {
      const [one, other] = of(copy, ...CLUSTER)
      other!.inputs.maintenancePolicy = one!.inputs.maintenancePolicy
      return true
    },
  },
  each(
    'A cluster spans three named zones of its region, in a release channel',
    CLUSTER,
    ({location, nodeLocations, releaseChannel}) =>
      !(
        nodeLocations.length === 3 &&
        nodeLocations.every((zone: string) => zone.startsWith(`${location}-`)) &&
        releaseChannel
      ) && 'not spread',
    ({nodeLocations}) => {
      nodeLocations.pop()
    },
  ),
  each(
    'A cluster is private, reached by IAM alone, and knows nobody anonymous',
    CLUSTER,
    (c) =>
      !(
        c.privateClusterConfig.enablePrivateNodes &&
        c.controlPlaneEndpointsConfig.ipEndpointsConfig.enabled === false &&
        c.anonymousAuthenticationConfig.mode === 'LIMITED' &&
        c.rbacBindingConfig.enableInsecureBindingSystemAuthenticated === false &&
        c.masterAuth.clientCertificateConfig.issueClientCertificate === false
      ) && 'open',
    (inputs) => {
      inputs.anonymousAuthenticationConfig.mode = 'ENABLED'
    },
  ),
  each(
    'Dataplane V2 enforces policies by itself: not switched on twice, and nothing that replaces a cluster is set',
    CLUSTER,
    ({datapathProvider, networkPolicy, privateClusterConfig}) =>
      (datapathProvider !== 'ADVANCED_DATAPATH' || networkPolicy || privateClusterConfig.masterIpv4CidrBlock) &&
      'conflict',
    (inputs) => {
      inputs.networkPolicy = {enabled: true}
    },
  ),
  each(
    'Nodes are shielded, without the kubelet’s read-only port, and act as an account of their own',
    ['NodePool'],
    ({nodeConfig: n}) =>
      !(
        n.shieldedInstanceConfig.enableSecureBoot &&
        n.kubeletConfig.insecureKubeletReadonlyPortEnabled === 'FALSE' &&
        n.workloadMetadataConfig.mode === 'GKE_METADATA' &&
        n.serviceAccount
      ) && 'weak',
    ({nodeConfig}) => {
      delete nodeConfig.serviceAccount
    },
  ),
  each(
    'Not even the nodes that go at once run as the project’s default account, which may be off or nobody’s to use',
    CLUSTER,
    ({nodeConfig, initialNodeCount}) => initialNodeCount > 0 && !nodeConfig?.serviceAccount && 'default account',
    (inputs) => {
      delete inputs.nodeConfig
    },
  ),
  each(
    'Node upgrades never take a node before another stands, in words of one strategy alone',
    ['NodePool'],
    ({upgradeSettings: u}) =>
      (u.strategy === 'SURGE'
        ? u.maxUnavailable !== 0 || u.maxSurge < 1 || u.blueGreenSettings
        : u.maxSurge !== undefined) && u.strategy,
    ({upgradeSettings}) => {
      upgradeSettings.strategy = upgradeSettings.strategy === 'SURGE' ? 'BLUE_GREEN' : 'SURGE'
    },
  ),
  each(
    'Draining a node respects disruption budgets and gives pods their whole grace',
    ['NodePool'],
    ({nodeDrainConfigs}, _, {topology}) => {
      const [drain] = nodeDrainConfigs ?? []
      const longest = Math.max(...topology.services.map((service) => service.drain.terminationSeconds))
      return (
        !(drain?.respectPdbDuringNodePoolDeletion && Number.parseInt(drain.graceTerminationDuration, 10) >= longest) &&
        'cut short'
      )
    },
    ({nodeDrainConfigs}) => {
      nodeDrainConfigs[0].graceTerminationDuration = '1s'
    },
  ),
  each(
    'A warm node stands in every zone, and there is room to grow',
    ['NodePool'],
    ({autoscaling: {minNodeCount, maxNodeCount}}) => !(minNodeCount >= 1 && maxNodeCount > minNodeCount) && 'no room',
    ({autoscaling}) => {
      autoscaling.minNodeCount = 0
    },
  ),
  each(
    'Backups of a cluster lie in another region',
    ['BackupPlan'],
    ({location}, {region}) => location === region && String(location),
    (inputs, {region}) => {
      inputs.location = region
    },
  ),
  each(
    'Backups outlive their cluster: Google deletes no plan that has any, and a destroy would stop there',
    ['BackupPlan'],
    (_, {retained}) => !retained && 'would be deleted',
    (_, resource) => {
      resource.retained = false
    },
  ),
]
