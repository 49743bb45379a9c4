import {boundsOf, each, of, type Rule, shown} from '../rule.ts'

export const network: readonly Rule[] = [
  {
    says: 'No two address ranges overlap: nodes, pods, services, Google’s own',
    violations: ({resources}) => {
      const ranges = [
        ...of(resources, 'Subnetwork').flatMap(({inputs}) => [
          inputs.ipCidrRange as string,
          ...(inputs.secondaryIpRanges as {ipCidrRange: string}[]).map(({ipCidrRange}) => ipCidrRange),
        ]),
        ...of(resources, 'GlobalAddress').flatMap(({inputs}) =>
          inputs.purpose === 'VPC_PEERING' ? [`${inputs.address}/${inputs.prefixLength}`] : [],
        ),
      ].sort((a, b) => boundsOf(a)[0] - boundsOf(b)[0])
      return ranges.flatMap((range, i) =>
        i > 0 && boundsOf(range)[0] <= boundsOf(ranges[i - 1]!)[1] ? [`${ranges[i - 1]} and ${range}`] : [],
      )
    },
    plant: (copy) => {
      const [one, other] = of(copy, 'Subnetwork')
      other!.inputs.ipCidrRange = one!.inputs.ipCidrRange
      return true
    },
  },
  each(
    'Every backend takes a rate and a capacity of 0 or 0.1 to 1, as the load balancer demands',
    ['BackendService'],
    ({backends}) =>
      (backends as {capacityScaler: number; balancingMode: string; maxRatePerEndpoint?: number}[]).some(
        ({capacityScaler: c, balancingMode, maxRatePerEndpoint}) =>
          !(c === 0 || (c >= 0.1 && c <= 1)) || balancingMode !== 'RATE' || !maxRatePerEndpoint,
      ) && 'a backend is refused',
    ({backends}) => {
      backends[0].capacityScaler = 0.05
    },
  ),
  each(
    'Traffic of every exposed service can go to every zone of every region',
    ['BackendService'],
    ({backends}, _, {topology}) => {
      const wanted = topology.regions.reduce((sum, {zones}) => sum + zones.length, 0)
      return backends.length !== wanted && `${backends.length} of ${wanted} zones`
    },
    ({backends}) => {
      backends.pop()
    },
  ),
  each(
    'A load balancer of the current scheme, with health check, outlier detection, log and a policy for ill regions',
    ['BackendService'],
    (inputs) =>
      ['healthChecks', 'outlierDetection', 'logConfig', 'serviceLbPolicy'].find((field) => !inputs[field]) ??
      (inputs.loadBalancingScheme !== 'EXTERNAL_MANAGED' && inputs.loadBalancingScheme),
    (inputs) => {
      delete inputs.outlierDetection
    },
  ),
  each(
    'A health check asks more often than it gives up',
    ['HealthCheck'],
    ({timeoutSec, checkIntervalSec}) => timeoutSec > checkIntervalSec && 'timeout beyond interval',
    (inputs) => {
      inputs.timeoutSec = 60
    },
  ),
  each(
    'Whoever comes without encryption is sent to https',
    ['TargetHttpProxy'],
    ({urlMap}, {name}) => !/redirect/.test(urlMap) && `${name} serves plain http`,
    (inputs) => {
      inputs.urlMap = 'URLMap/rental-production'
    },
  ),
  each(
    'TLS is modern',
    ['SSLPolicy'],
    ({profile, minTlsVersion}) => !(profile === 'MODERN' && minTlsVersion === 'TLS_1_2') && 'weak',
    (inputs) => {
      inputs.minTlsVersion = 'TLS_1_0'
    },
  ),
  {
    says: 'The front door has a rule for IPv4 and for IPv6 on each port',
    violations: ({resources}) => {
      const rules = of(resources, 'GlobalForwardingRule')
      return rules
        .filter(({inputs}) => {
          const twins = rules.filter((other) => other.inputs.portRange === inputs.portRange)
          return new Set(twins.map((twin) => twin.inputs.ipAddress)).size !== 2
        })
        .map(shown)
    },
    plant: (copy) => {
      const at = copy.findIndex(({type, name}) => /GlobalForwardingRule$/.test(type) && name.endsWith('ipv6'))
      copy.splice(at, 1)
      return at >= 0
    },
  },
  each(
    'Every Cloud Armor policy ends in a default rule, and a limit says what happens below and above it',
    ['SecurityPolicy'],
    ({rules}) => {
      const all = rules as {priority: number; action: string; rateLimitOptions?: Record<string, unknown>}[]
      if (!all.some(({priority}) => priority === 2147483647)) return 'no default rule'
      const limits = all.filter(({action}) => action === 'throttle' || action === 'rate_based_ban')
      return (
        limits.some(({rateLimitOptions: o}) => !o?.conformAction || !o.exceedAction || !o.rateLimitThreshold) &&
        'a limit'
      )
    },
    (inputs) => {
      inputs.rules.pop()
    },
  ),
  each(
    'Health checkers and front ends reach the pods, and nobody else from outside',
    ['Firewall'],
    ({sourceRanges, direction}) =>
      !(direction === 'INGRESS' && sourceRanges.join() === '130.211.0.0/22,35.191.0.0/16') && String(sourceRanges),
    (inputs) => {
      inputs.sourceRanges = ['0.0.0.0/0']
    },
  ),
  each(
    'Nodes leave through NAT with ports given as needed',
    ['RouterNat'],
    ({enableDynamicPortAllocation, enableEndpointIndependentMapping}) =>
      !(enableDynamicPortAllocation && enableEndpointIndependentMapping === false) && 'conflicting port settings',
    (inputs) => {
      inputs.enableEndpointIndependentMapping = true
    },
  ),
]
