import type {CellInput} from './index.ts'

type NodePoolArgs = import('@pulumi/gcp/container/index.js').NodePoolArgs
type Text = import('@pulumi/pulumi').Output<string>

/** The one pool of a region: its floor in each zone is warm capacity for the loss of another. */
export function nodePoolArgs(input: CellInput, cluster: Text): NodePoolArgs {
  return {
    project: input.project,
    location: input.region,
    cluster,
    // A versioned name: another machine type is another pool, filled before the old one is drained.
    name: 'default-v1',
    nodeLocations: [...input.zones],
    // Per zone, and only at birth; from then on the autoscaler's.
    initialNodeCount: input.nodes.minPerZone,
    ignoreNodeCountChanges: true,
    autoscaling: {
      minNodeCount: input.nodes.minPerZone,
      maxNodeCount: input.nodes.maxPerZone,
      locationPolicy: 'BALANCED',
    },
    management: {autoRepair: true, autoUpgrade: true},
    upgradeSettings: upgrades(input),
    nodeDrainConfigs: [
      {
        respectPdbDuringNodePoolDeletion: true,
        pdbTimeoutDuration: '3600s',
        graceTerminationDuration: `${Math.max(600, input.graceSeconds)}s`,
      },
    ],
    networkConfig: {enablePrivateNodes: true},
    nodeConfig: {
      machineType: input.nodes.machineType,
      imageType: 'COS_CONTAINERD',
      ...nodeIdentity(input),
      tags: [input.prefix],
      workloadMetadataConfig: {mode: 'GKE_METADATA'},
      kubeletConfig: {insecureKubeletReadonlyPortEnabled: 'FALSE'},
      metadata: {'disable-legacy-endpoints': 'true'},
      gvnic: {enabled: true},
      gcfsConfig: {enabled: true},
    },
  }
}

/** Who a node is, and that it is what it was started as. */
export const nodeIdentity = ({nodeEmail}: Pick<CellInput, 'nodeEmail'>) => ({
  serviceAccount: nodeEmail,
  oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
  shieldedInstanceConfig: {enableSecureBoot: true, enableIntegrityMonitoring: true},
})

/** Surge counts are for SURGE alone; the other strategy keeps the old nodes until the new ones have proven themselves. */
function upgrades({terms}: CellInput): NonNullable<NodePoolArgs['upgradeSettings']> {
  if (terms.upgrades === 'SURGE') return {strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0}
  return {
    strategy: 'BLUE_GREEN',
    blueGreenSettings: {
      standardRolloutPolicy: {batchPercentage: 0.25, batchSoakDuration: '300s'},
      nodePoolSoakDuration: '3600s',
    },
  }
}
