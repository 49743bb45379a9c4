import type {networking} from '@pulumi/kubernetes/types/input.js'
import type {AppInput} from './index.ts'

export const tcp = (port: number) => ({protocol: 'TCP', port})
const udp = (port: number) => ({protocol: 'UDP', port})
const from = (...cidrs: string[]) => cidrs.map((cidr) => ({ipBlock: {cidr}}))

/** For a namespace in which every way in or out is named by another policy. */
export const NOTHING: networking.v1.NetworkPolicySpec = {podSelector: {}, policyTypes: ['Ingress', 'Egress']}

/** Nothing in or out but what the platform needs. */
export function networkPolicies({
  services,
  serviceRange,
}: Pick<AppInput, 'services' | 'serviceRange'>): {name: string; spec: networking.v1.NetworkPolicySpec}[] {
  const ports = [...new Set(services.flatMap(({config}) => (config.port === undefined ? [] : [config.port])))]
  return [
    {name: 'deny-all', spec: NOTHING},
    // Without ports a rule would open them all.
    ...(ports.length > 0 ? [{name: 'allow-front-ends', spec: frontEnds(ports)}] : []),
    {name: 'allow-platform', spec: platform(serviceRange)},
  ]
}

/** What every pod of ours may reach: Google's APIs and other HTTPS, and the databases in `serviceRange`. */
export const platform = (serviceRange?: string): networking.v1.NetworkPolicySpec => ({
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [
    // DNS, and NodeLocal DNSCache.
    {ports: [udp(53), tcp(53)]},
    ...(serviceRange === undefined ? [] : [{to: from(serviceRange), ports: [tcp(3307), tcp(5432)]}]),
    {to: from('0.0.0.0/0'), ports: [tcp(443)]},
    // Metadata server, for Workload Identity: https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy
    {to: from('169.254.169.254/32', '169.254.169.252/32'), ports: [tcp(80), tcp(988), tcp(987)]},
  ],
})

/**
 * Where the API server's calls come from: on GKE from its agents in kube-system. They are told by their namespace, since their
 * labels are Google's to change. https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/
 */
export const fromApiServer = (port: number): networking.v1.NetworkPolicySpec => ({
  podSelector: {},
  policyTypes: ['Ingress'],
  ingress: [
    {
      from: [{namespaceSelector: {matchLabels: {'kubernetes.io/metadata.name': 'kube-system'}}}],
      ports: [tcp(port)],
    },
  ],
})

/** Google's front ends and health checkers. Source: https://cloud.google.com/load-balancing/docs/https#firewall-rules */
const frontEnds = (ports: readonly number[]): networking.v1.NetworkPolicySpec => ({
  podSelector: {},
  policyTypes: ['Ingress'],
  ingress: [{from: from('130.211.0.0/22', '35.191.0.0/16'), ports: ports.map(tcp)}],
})
