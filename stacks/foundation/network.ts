import {prevent} from '../protection.ts'
import {gcp} from '../pulumi.ts'
import type {FoundationInput} from './index.ts'
import type {Options} from './options.ts'

/** Google's front ends and health checkers. Source: https://cloud.google.com/load-balancing/docs/https#firewall-rules */
const FRONT_ENDS = ['130.211.0.0/22', '35.191.0.0/16']

/** The one network of every region, with its way to Google's own services and its private names. */
export function networkOf(input: FoundationInput, opts: Options) {
  const {project, protect} = input
  const {Network, GlobalAddress, Firewall} = gcp('compute')
  const kept = {...opts, protect}
  const network = new Network(
    'network',
    {
      project,
      name: input.network,
      autoCreateSubnetworks: false,
      routingMode: 'GLOBAL',
      mtu: 1460,
      ...prevent(protect),
    },
    kept,
  )
  const range = new GlobalAddress(
    'service-range',
    {
      project,
      name: `${input.prefix}-services`,
      purpose: 'VPC_PEERING',
      addressType: 'INTERNAL',
      address: input.serviceRange.address,
      prefixLength: input.serviceRange.prefixLength,
      network: network.id,
      ...prevent(protect),
    },
    kept,
  )
  ;new (gcp('servicenetworking').Connection)(
    'service-peering',
    {
      network: network.id,
      service: 'servicenetworking.googleapis.com',
      reservedPeeringRanges: [range.name],
      // Deleting the peering right after the last SQL instance fails for hours; the network's own deletion takes it along.
      deletionPolicy: 'ABANDON',
    },
    kept,
  )
  // Standalone NEGs get no automatic firewall rule.
  if (input.ports.length > 0) {
    new Firewall(
      'front-ends',
      {
        project,
        name: `${input.prefix}-allow-front-ends`,
        network: network.id,
        direction: 'INGRESS',
        sourceRanges: FRONT_ENDS,
        targetTags: [input.prefix],
        allows: [{protocol: 'tcp', ports: input.ports.map(String)}],
      },
      opts,
    )
  }
  ;new (gcp('dns').ManagedZone)(
    'internal',
    {
      project,
      name: input.dnsZone.name,
      dnsName: input.dnsZone.domain,
      visibility: 'private',
      privateVisibilityConfig: {networks: [{networkUrl: network.id}]},
      ...prevent(protect),
    },
    kept,
  )
  return network
}
